"""Rows that stay decoded in memory: whatever is done, readers and jobs are given what the store holds."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sidecar.model.errors import StoreUnavailableError
from sidecar.native.kept import Kept
from sidecar.store import RAW, Reader, Store, Table, WriteTransaction, struct_codec
from sidecar.store import rows as row_memory
from sidecar.store.tables import META


class Count(msgspec.Struct, array_like=True):
    """A record that jobs change in place."""

    number: int
    names: list[str] = []


ROWS = Table("sessions", struct_codec(Count), cached=True)
PLAIN = Table("sessions", RAW)
ANY: Table[Any] = ROWS
OTHERS = Table("events", RAW)
KEYS = st.integers(0, 9).map(lambda number: b"k%d" % number)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "put", "delete", "raw", "get", "get_raw", "scan", "count", "plain"]),
        KEYS,
        st.integers(0, 99),
    ),
    max_size=25,
)  # fmt: skip


def encoded(model: dict[bytes, int]) -> dict[bytes, bytes]:
    return {key: ROWS.encode(Count(number, [str(number)])) for key, number in model.items()}


def apply(txn: WriteTransaction, model: dict[bytes, int], step: str, key: bytes, number: int) -> None:
    """One step of a job, on the transaction and on the model; what the transaction shows must be the model's."""
    if step == "add":
        row = txn.get(ROWS, key)
        assert (row.number if row is not None else None) == model.get(key)
        row = row or Count(0)
        row.number += number
        row.names[:] = [str(row.number)]
        txn.put(ROWS, key, row)
        model[key] = row.number
    elif step == "put":
        txn.put(ROWS, key, Count(number, [str(number)]))
        model[key] = number
    elif step == "delete":
        found = txn.delete(PLAIN, key) if number % 2 else txn.delete(ROWS, key)
        assert found is (model.pop(key, None) is not None)
    elif step == "raw":
        txn.put_raw(PLAIN, key, ROWS.encode(Count(number, [str(number)])))
        model[key] = number
    elif step == "get":
        row = txn.get(ROWS, key)
        assert (row.number if row is not None else None) == model.get(key)
    elif step in ("get_raw", "plain"):
        raw = txn.get_raw(ROWS, key) if step == "get_raw" else txn.get(PLAIN, key)
        assert raw == encoded(model).get(key)
    elif step == "scan":
        assert dict(txn.scan(PLAIN)) == encoded(model)
    else:
        assert txn.count(ROWS) == len(model)


class RowsMachine(RuleBasedStateMachine):
    @initialize(limit=st.sampled_from([3, 1000]))
    def make(self, limit: int) -> None:
        self.limit, row_memory.LIMIT = row_memory.LIMIT, limit  # type: ignore[misc]
        self.root = Path(tempfile.mkdtemp(prefix="forewarn-rows-"))
        self.store = Store(self.root / "data", initial_bytes=1 << 20)
        self.model: dict[bytes, int] = {}
        self.readers: list[tuple[Reader, dict[bytes, int]]] = []

    @rule(steps=STEPS, fail=st.booleans())
    def job(self, steps: list[tuple[str, bytes, int]], fail: bool) -> None:
        after = dict(self.model)

        def run(txn: WriteTransaction) -> None:
            after.clear()
            after.update(self.model)
            for step in steps:
                apply(txn, after, *step)
            if fail:
                raise ZeroDivisionError

        error = self.store.submit(run).exception(10)
        assert isinstance(error, ZeroDivisionError) if fail else error is None, error
        if not fail:
            self.model = after

    @rule(steps=STEPS)
    def jobs_of_one_commit(self, steps: list[tuple[str, bytes, int]]) -> None:
        done = []
        for step in steps:

            def run(txn: WriteTransaction, step: tuple[str, bytes, int] = step) -> None:
                before = dict(self.model)
                apply(txn, before, *step)
                self.model = before

            done.append(self.store.submit(run))
        for future in done:
            future.result(10)

    @rule(key=KEYS)
    def read(self, key: bytes) -> None:
        with self.store.read() as reader:
            row = reader.get(ROWS, key)
            assert (row.number if row is not None else None) == self.model.get(key)

    @rule(key=KEYS)
    def newest(self, key: bytes) -> None:
        row = self.store.newest(ROWS, key)
        assert (row.number if row is not None else None) == self.model.get(key)

    @rule(keys=st.lists(KEYS, max_size=4))
    def read_on_an_old_view(self, keys: list[bytes]) -> None:
        """A reader that stays open sees the store as of its opening, whatever others have decoded since."""
        if len(self.readers) < 3:
            self.readers.append((self.store.read().__enter__(), dict(self.model)))
        for reader, model in self.readers:
            for key in keys:
                row = reader.get(ROWS, key)
                assert (row.number if row is not None else None) == model.get(key)

    @rule()
    def close_readers(self) -> None:
        while self.readers:
            self.readers.pop()[0].__exit__(None, None, None)

    @rule()
    def compact(self) -> None:
        self.close_readers()
        self.store.compact().result(10)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.close_readers()
            with self.store.read() as reader:
                assert dict(reader.scan(PLAIN)) == encoded(self.model)
            self.store.close()
            shutil.rmtree(self.root)
            row_memory.LIMIT = self.limit  # type: ignore[misc]


TestRowsMachine = RowsMachine.TestCase
TestRowsMachine.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("limit", [4, 8_192])
def test_threads_see_one_commit_each(
    open_store: Callable[..., Store], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows are set to the same number in each commit: a reader that sees two numbers has mixed two commits."""
    monkeypatch.setattr(row_memory, "LIMIT", limit)
    store = open_store()
    keys = [b"%d" % number for number in range(12)]
    wrong: list[object] = []
    over = threading.Event()

    def write(number: int) -> Callable[[WriteTransaction], None]:
        def job(txn: WriteTransaction) -> None:
            for key in keys:
                row = txn.get(ROWS, key) or Count(0)
                row.number = number
                txn.put(ROWS, key, row)

        return job

    def read() -> None:
        last = 0
        while not over.is_set():
            with store.read() as reader:
                found = {row.number if (row := reader.get(ROWS, key)) is not None else 0 for key in keys}
                stored = ROWS.decode(keys[0], reader.get_raw(ROWS, keys[0]) or ROWS.encode(Count(0))).number
            newest = row.number if (row := store.newest(ROWS, keys[0])) is not None else 0
            if len(found) != 1 or stored not in found or stored < last or newest < stored:
                wrong.append((found, stored, last, newest))
            last = newest  # no view opened from now on may be older

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 400):
        store.submit(write(number)).result(10)
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_settings_are_those_of_the_view(open_store: Callable[..., Store]) -> None:
    """Rows of ``meta`` are remembered by snapshot: an old view keeps the old value, a new one has the new."""
    store = open_store()
    store.submit(lambda txn: txn.put(META, b"mode", b"\x02")).result(10)
    with store.read() as old:
        assert [old.get_raw(META, b"mode"), old.get_raw(META, b"none")] == [b"\x02", None]
        store.submit(lambda txn: txn.put(META, b"mode", b"\x04")).result(10)
        with store.read() as new:
            for _ in range(2):
                assert new.get_raw(META, b"mode") == b"\x04"
                assert old.get_raw(META, b"mode") == b"\x02"
    store.compact().result(10)
    with store.read() as reader:
        assert reader.get_raw(META, b"mode") == b"\x04"


def test_the_newest_row_is_that_of_the_last_commit(open_store: Callable[..., Store]) -> None:
    store = open_store()
    assert store.newest(ROWS, b"a") is None
    for count in (Count(1), Count(2)):
        store.submit(partial(WriteTransaction.put, table=ROWS, key=b"a", value=count)).result(10)
        assert [store.newest(ROWS, b"a") for _ in range(2)] == [Count(count.number)] * 2
    store.submit(lambda txn: txn.delete(ROWS, b"a")).result(10)
    assert store.newest(ROWS, b"a") is None
    store.submit(lambda txn: txn.put(ROWS, b"a", Count(3))).result(10)
    store.compact().result(10)
    assert store.newest(ROWS, b"a") == Count(3)
    store.close()
    with pytest.raises(StoreUnavailableError):
        store.newest(ROWS, b"a")


def test_what_cannot_be_encoded_fails_its_own_job_only(open_store: Callable[..., Store]) -> None:
    store = open_store()
    started, go = threading.Event(), threading.Event()

    def hold(_: WriteTransaction) -> None:
        started.set()
        go.wait(10)

    store.submit(hold)
    started.wait(10)

    def bad(txn: WriteTransaction) -> None:
        txn.put(ROWS, b"bad", Count(1 << 70))

    jobs = [
        store.submit(lambda txn: txn.put(ROWS, b"a", Count(1))),
        store.submit(bad),
        store.submit(lambda txn: txn.put(ROWS, b"b", Count(2))),
    ]
    go.set()
    assert jobs[0].result(10) is None
    assert isinstance(jobs[1].exception(10), OverflowError)
    assert jobs[2].result(10) is None
    with store.read() as reader:
        assert [reader.get(ROWS, key) for key in (b"a", b"bad", b"b")] == [Count(1), None, Count(2)]
    assert store.writer.store_error == ""


def test_what_a_failed_job_changed_is_forgotten(open_store: Callable[..., Store]) -> None:
    store = open_store()
    store.submit(lambda txn: txn.put(ROWS, b"a", Count(1))).result(10)

    def spoil(txn: WriteTransaction) -> None:
        row = txn.get(ROWS, b"a")
        assert row is not None
        row.number = 99
        raise ZeroDivisionError

    assert isinstance(store.submit(spoil).exception(10), ZeroDivisionError)
    assert store.submit(lambda txn: txn.get(ROWS, b"a")).result(10) == Count(1)


def test_a_million_rows_do_not_stay(open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_memory, "LIMIT", 50)
    store = open_store()

    def fill(txn: WriteTransaction) -> int:
        for number in range(500):
            txn.put(OTHERS, b"%d" % number, b"x")
            txn.put(ROWS, b"%d" % number, Count(number))
        return txn.count(ROWS)

    assert store.submit(fill).result(10) == 500
    with store.read() as reader:
        assert [reader.get(ROWS, b"%d" % number) for number in range(500)] == [Count(number) for number in range(500)]
    shared = store.environment.current.shared_rows
    assert 0 < len(shared.tables[ROWS.name]) <= 50
    assert 0 < len(store.environment._working_rows.tables[ROWS.name]) <= 50
    assert 0 < len(shared.snapshots) <= 64


def test_a_row_read_before_a_commit_is_not_kept_after_it() -> None:
    """Whichever line of ``keep`` the commit is noted at, no reader of the new snapshot is given the old row."""

    class Interrupted(dict[bytes, Kept]):
        """A table's rows; the writer notes its commit right after a row was put in."""

        def __setitem__(self, key: bytes, kept: Kept) -> None:
            super().__setitem__(key, kept)
            shared.note([("sessions", b"k")], 8, 80)

    shared = row_memory.SharedRows(["sessions"], latest=7)
    shared.tables["sessions"] = Interrupted()
    shared.keep("sessions", b"k", 7, "old")
    assert shared.tables["sessions"].get(b"k") is None
    shared.keep("sessions", b"k", 7, "old")  # a reader of the old snapshot is late
    assert shared.tables["sessions"].get(b"k") is None
    shared.tables["sessions"] = {}
    shared.keep("sessions", b"k", 8, "new")
    kept = shared.tables["sessions"][b"k"]
    assert kept.since == 8
    assert kept.decoded(ANY, b"k") == "new"
    assert kept.until > 1_000_000
    shared.note([("sessions", b"other")], 9, 90)
    assert shared.tables["sessions"][b"k"] is kept
    shared.note([("sessions", b"k")], 10, 100)
    assert b"k" not in shared.tables["sessions"]
    assert kept.until == 10
    assert shared.snapshots == {8: 80, 9: 90, 10: 100}


def test_rows_that_readers_asked_for_are_handed_over(open_store: Callable[..., Store]) -> None:
    """Nobody reads the file for what was just encoded; whoever holds an older view keeps what it saw."""
    store = open_store()
    for key in (b"a", b"b", b"c"):
        store.submit(partial(WriteTransaction.put, table=ROWS, key=key, value=Count(1))).result(10)
    store.submit(lambda txn: txn.delete(ROWS, b"c")).result(10)
    rows = store.environment.current.shared_rows.tables[ROWS.name]
    with store.read() as old:
        assert [old.get(ROWS, key) for key in (b"a", b"c")] == [Count(1), None]

        def change(txn: WriteTransaction) -> None:
            for key in (b"a", b"b", b"c"):
                txn.put(ROWS, key, Count(2))
            assert txn.count(ROWS) == 3
            txn.scan(ROWS).__next__()  # encodes all; what is changed again is encoded again
            txn.put(ROWS, b"a", Count(3))

        store.submit(change).result(10)
        assert set(rows) == {b"a", b"c"}, "nobody asked for b"
        with store.read() as new:
            new._get = None  # the file is not looked at
            assert [new.get(ROWS, key) for key in (b"a", b"c")] == [Count(3), Count(2)]
        assert old.get(ROWS, b"a") == Count(1)
    store.submit(lambda txn: txn.delete(ROWS, b"a")).result(10)
    assert set(rows) == {b"c"}
    assert store.newest(ROWS, b"a") is None


def test_a_commit_that_fails_hands_nothing_over(open_store: Callable[..., Store]) -> None:
    store = open_store()
    store.submit(partial(WriteTransaction.put, table=ROWS, key=b"a", value=Count(1))).result(10)
    assert store.newest(ROWS, b"a") == Count(1)
    shared = store.environment.current.shared_rows
    noted: list[int] = []
    note = shared.note

    class Failing(type(shared)):  # type: ignore[misc]
        __slots__ = ()

        def note(self, places: object, snapshot: int, commit: int) -> list[row_memory.Place]:
            noted.append(snapshot)
            note(places, snapshot, commit)  # type: ignore[arg-type]
            raise OSError("the disk refuses")

    shared.__class__ = Failing
    failed = store.submit(partial(WriteTransaction.put, table=ROWS, key=b"a", value=Count(2)))
    assert failed.exception(10) is not None
    shared.__class__ = Failing.__base__
    assert noted
    assert shared.tables[ROWS.name] == {}
    assert store.newest(ROWS, b"a") == Count(1)
    store.submit(partial(WriteTransaction.put, table=ROWS, key=b"a", value=Count(3))).result(10)
    assert store.newest(ROWS, b"a") == Count(3)

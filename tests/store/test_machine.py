"""The store against a dictionary: whatever is done in whatever order, they agree."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sidecar.store import RAW, Store, Table, WriteTransaction

ROWS = Table("sessions", RAW)
KEYS = st.binary(min_size=1, max_size=3) | st.integers(0, 400).map(lambda number: b"k%03d" % number)
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=40)), max_size=30)


class StoreMachine(RuleBasedStateMachine):
    @initialize()
    def make(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="forewarn-machine-"))
        self.folder = self.root / "data"
        self.copies = 0
        self.model: dict[bytes, bytes] = {}
        self.open()

    def open(self) -> None:
        self.store = Store(self.folder, initial_bytes=1 << 17)

    def apply(self, changes: list[tuple[bytes, bytes | None]], *, fail: bool) -> dict[bytes, bytes]:
        after = dict(self.model)

        def job(transaction: WriteTransaction) -> None:
            for key, value in changes:
                if value is None:
                    transaction.delete(ROWS, key)
                else:
                    transaction.put(ROWS, key, value)
            if fail:
                raise ZeroDivisionError

        for key, value in changes:
            after.pop(key, None)
            if value is not None:
                after[key] = value
        error = self.store.submit(job).exception(10)
        assert isinstance(error, ZeroDivisionError) is fail, error
        return after

    @rule(changes=CHANGES)
    def commit(self, changes: list[tuple[bytes, bytes | None]]) -> None:
        self.model = self.apply(changes, fail=False)

    @rule(changes=CHANGES)
    def abort(self, changes: list[tuple[bytes, bytes | None]]) -> None:
        self.apply(changes, fail=True)

    @rule(start=st.integers(0, 300), number=st.integers(50, 300))
    def many(self, start: int, number: int) -> None:
        self.model = self.apply([(b"k%03d" % key, b"m" * 300) for key in range(start, start + number)], fail=False)

    @rule()
    def grow(self) -> None:
        self.model = self.apply([(b"big", bytes(self.store.environment.map_bytes // 3))], fail=False)
        self.model = self.apply([(b"big", None)], fail=False)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.open()

    @rule()
    def compact(self) -> None:
        self.store.compact().result(10)

    @precondition(lambda self: self.copies < 3)
    @rule()
    def backup(self) -> None:
        self.copies += 1
        target = self.root / f"copy{self.copies}"
        self.store.backup(target)
        with Store(target) as copy, copy.read() as reader:
            assert dict(reader.scan(ROWS)) == self.model

    @rule(start=KEYS, stop=st.none() | KEYS, reverse=st.booleans(), limit=st.none() | st.integers(0, 300))
    def scan(self, start: bytes, stop: bytes | None, reverse: bool, limit: int | None) -> None:
        expected = sorted(
            ((k, v) for k, v in self.model.items() if k >= start and (stop is None or k < stop)), reverse=reverse
        )
        with self.store.read() as reader:
            assert list(reader.scan(ROWS, start, stop, reverse=reverse, limit=limit)) == expected[:limit]

    @rule(key=KEYS)
    def get(self, key: bytes) -> None:
        with self.store.read() as reader:
            assert reader.get(ROWS, key) == self.model.get(key)

    @invariant()
    def same(self) -> None:
        if hasattr(self, "store"):
            with self.store.read() as reader:
                assert reader.count(ROWS) == len(self.model)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert [problem for problem in self.store.verify().problems if "session_ages" not in problem] == []
            self.store.close()
            shutil.rmtree(self.root)


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)

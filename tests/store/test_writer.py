from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import wait

import lmdb
import pytest

from sidecar.model.errors import QueueFullError, StoreUnavailableError
from sidecar.store import Store, WriteTransaction
from sidecar.store.tables import META

from .jobs import hold, put

Open = Callable[..., Store]


def get(store: Store, key: bytes) -> bytes | None:
    with store.read() as reader:
        return reader.get(META, key)


def test_what_waits_shares_a_commit(open_store: Open) -> None:
    seen: list[list[object]] = []
    store = open_store(on_commit=seen.append)
    before = store.writer.state.commits
    release = hold(store)
    futures = [store.submit(put(b"%d" % number)) for number in range(512)]
    release.set()
    assert [future.result(5) for future in futures] == [b"%d" % number for number in range(512)]
    assert store.writer.state.commits == before + 1
    assert len(seen[-1]) == 512
    with store.read() as reader:
        assert reader.commit_sequence == store.commit_sequence


def test_a_bad_job_changes_nothing_and_loses_nobody(open_store: Open) -> None:
    store = open_store()
    release = hold(store)

    def bad(transaction: WriteTransaction) -> None:
        transaction.put(META, b"bad", b"1")
        transaction.next_sequence()
        raise ZeroDivisionError

    def too_long(transaction: WriteTransaction) -> None:
        transaction.put(META, b"k" * 600, b"1")

    jobs = [put(b"a"), bad, put(b"b"), too_long, bad, lambda t: t.next_sequence(), put(b"c")]
    futures = [store.submit(job) for job in jobs]
    release.set()
    wait(futures, 5)
    assert [type(future.exception()) for future in futures] == [
        type(None), ZeroDivisionError, type(None), lmdb.BadValsizeError, ZeroDivisionError, type(None), type(None),
    ]  # fmt: skip
    assert futures[5].result() == 1
    assert [get(store, key) for key in (b"a", b"b", b"c", b"bad")] == [b"v", b"v", b"v", None]
    assert store.writer.state.failed == 3


def test_sequences_never_repeat(open_store: Open) -> None:
    store = open_store()
    numbers = [store.submit(lambda t: t.next_sequence()).result(5) for _ in range(3)]
    store.close()
    store = open_store()
    numbers.append(store.submit(lambda t: t.next_sequence()).result(5))
    assert numbers == [1, 2, 3, 4]


def test_a_job_that_changes_nothing_costs_no_commit(open_store: Open) -> None:
    store = open_store()
    before = store.commit_sequence
    assert store.submit(lambda t: t.get(META, b"nothing")).result(5) is None
    assert store.commit_sequence == before


def test_full_queue_keeps_a_reserve(open_store: Open) -> None:
    store = open_store(queue_limit=20, reserve=5)
    release = hold(store)
    taken = [store.post(put(b"d%d" % number), droppable=True) for number in range(18)]
    assert taken == [True] * 15 + [False] * 3
    assert store.writer.dropped == 3
    futures = [store.submit(put(b"s%d" % number)) for number in range(3)]
    assert store.post(put(b"kept"), droppable=False)
    futures.append(store.submit(put(b"last")))
    with pytest.raises(QueueFullError):
        store.submit(put(b"x"))
    with pytest.raises(QueueFullError):
        store.post(put(b"x"), droppable=False)
    release.set()
    wait(futures, 5)
    assert all(get(store, key) for key in (b"d0", b"d14", b"s2", b"kept", b"last"))


def test_cancelled_jobs_do_not_run(open_store: Open) -> None:
    store = open_store()
    release = hold(store)
    future = store.submit(put(b"cancelled"))
    assert future.cancel()
    after = store.submit(put(b"after"))
    release.set()
    after.result(5)
    assert get(store, b"cancelled") is None


@pytest.mark.parametrize("drain", [True, False])
def test_close(open_store: Open, drain: bool) -> None:
    store = open_store()
    release = hold(store)
    future = store.submit(put(b"waiting"))
    closer = threading.Thread(target=store.close, kwargs={"drain": drain})
    closer.start()
    while not store.writer._queue.closed:
        pass
    with pytest.raises(StoreUnavailableError):
        store.submit(put(b"late"))
    if not drain:
        wait([future], 5)
    release.set()
    closer.join(5)
    assert isinstance(future.exception(5), StoreUnavailableError) is not drain
    with pytest.raises(StoreUnavailableError):
        get(store, b"waiting")
    assert get(open_store(), b"waiting") == (b"v" if drain else None)


def test_failing_hooks_and_housekeeping_harm_nobody(open_store: Open) -> None:
    def fail(_: object) -> bool:
        raise RuntimeError

    store = open_store(on_commit=fail, retention=fail)
    store.submit(put(b"a")).result(5)
    assert get(store, b"a") == b"v"
    assert store.store_error == ""


def test_scans_see_what_is_written_meanwhile(open_store: Open) -> None:
    store = open_store()

    def job(transaction: WriteTransaction) -> int:
        for number in range(1000):
            transaction.put(META, b"n%04d" % number, b"")
        for key, _ in transaction.scan(META, b"n", b"o"):
            transaction.delete(META, key)
        return len(list(transaction.scan(META, b"n", b"o", reverse=True)))

    assert store.submit(job).result(5) == 0

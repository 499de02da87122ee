"""Jobs whose outcome is told to a callback: the same outcomes as a future has, each told once."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.model.errors import QueueFullError, StoreUnavailableError
from sidecar.store import Store, WriteTransaction
from sidecar.store.receipts import Receipt
from sidecar.store.tables import META

from .jobs import hold, put

Open = Callable[..., Store]


def test_what_is_told_is_on_the_disk(open_store: Open) -> None:
    store = open_store()
    told: queue.Queue[tuple[bytes, bytes | None]] = queue.Queue()

    def tell(receipt: Receipt[bytes]) -> None:
        assert receipt.done()
        key = receipt.result()
        with store.read() as reader:
            told.put((key, reader.get(META, key)))

    release = hold(store)
    for number in range(20):
        store.submit_and_tell(put(b"%d" % number), tell)
    assert told.empty()
    release.set()
    assert [told.get(timeout=5) for _ in range(20)] == [(b"%d" % number, b"v") for number in range(20)]


def test_a_bad_job_is_told_its_error_and_loses_nobody(open_store: Open) -> None:
    store = open_store()
    told: queue.Queue[Receipt[Any]] = queue.Queue()

    def bad(transaction: WriteTransaction) -> None:
        transaction.put(META, b"bad", b"1")
        raise ZeroDivisionError

    release = hold(store)
    for job in (put(b"a"), bad, put(b"b")):
        store.submit_and_tell(job, told.put)
    release.set()
    found = [told.get(timeout=5) for _ in range(3)]
    assert sorted(str(type(one.exception()).__name__) for one in found) == ["NoneType", "NoneType", "ZeroDivisionError"]
    with pytest.raises(ZeroDivisionError):
        next(one for one in found if one.exception()).result()
    with store.read() as reader:
        assert [reader.get(META, key) for key in (b"a", b"bad", b"b")] == [b"v", None, b"v"]


def test_who_fails_to_be_told_harms_nobody(open_store: Open, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store()

    def broken(_: Receipt[bytes]) -> None:
        raise RuntimeError("told in vain")

    release = hold(store)
    store.submit_and_tell(put(b"a"), broken)
    after = store.submit(put(b"b"))
    with caplog.at_level(logging.ERROR):
        release.set()
        assert after.result(5) == b"b"
    assert "told in vain" in caplog.text
    with store.read() as reader:
        assert reader.get(META, b"a") == b"v"
    assert store.writer.alive


@pytest.mark.parametrize("drain", [True, False])
def test_closing_tells_all(open_store: Open, drain: bool) -> None:
    store = open_store()
    told: queue.Queue[Receipt[bytes]] = queue.Queue()
    release = hold(store)
    store.submit_and_tell(put(b"waiting"), told.put)
    closer = threading.Thread(target=store.close, kwargs={"drain": drain})
    closer.start()
    while not store.writer._queue.closed:
        pass
    with pytest.raises(StoreUnavailableError):
        store.submit_and_tell(put(b"late"), told.put)
    release.set()
    closer.join(5)
    assert isinstance(told.get(timeout=5).exception(), StoreUnavailableError) is not drain
    assert told.empty()


def test_too_many_are_refused_and_not_told(open_store: Open) -> None:
    store = open_store(queue_limit=8, reserve=1)
    told: queue.Queue[Receipt[bytes]] = queue.Queue()
    release = hold(store)
    for number in range(8):
        store.submit_and_tell(put(b"%d" % number), told.put)
    with pytest.raises(QueueFullError):
        store.submit_and_tell(put(b"x"), told.put)
    release.set()
    assert [told.get(timeout=5).result() for _ in range(8)] == [b"%d" % number for number in range(8)]
    store.submit(put(b"last")).result(5)
    assert told.empty()


def test_a_job_has_one_outcome() -> None:
    told: list[Receipt[int]] = []
    receipt = Receipt(told.append)
    assert not receipt.done()
    receipt.set_result(1)
    with pytest.raises(RuntimeError):
        receipt.set_exception(ZeroDivisionError())
    assert told == [receipt]

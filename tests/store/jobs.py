"""Jobs that tests of the writer give it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sidecar.store import Store, WriteTransaction
from sidecar.store.tables import META


def put(key: bytes, value: bytes = b"v") -> Callable[[WriteTransaction], bytes]:
    def job(transaction: WriteTransaction) -> bytes:
        transaction.put(META, key, value)
        return key

    return job


def hold(store: Store) -> threading.Event:
    """Keeps the writer busy until the event is set, so that what follows is one batch."""
    release, running = threading.Event(), threading.Event()

    def action() -> None:
        running.set()
        release.wait(10)

    store.writer.between_commits(action)
    assert running.wait(5)
    return release

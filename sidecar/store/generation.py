"""One open LMDB file, with the gate that lets the writer move its map without a reader inside.

LMDB may move its map (``set_mapsize``) or close only while no transaction is open in this process. Readers must not
pay for that with a lock, so each thread counts its open readers in a slot of its own, and the writer closes the gate,
then waits until all slots are zero. Reader: ``active += 1``, then look at ``closed``; writer: ``closed = True``, then
look at ``active``. Whichever comes second sees the other, because attribute accesses are sequentially consistent: under
the GIL by its lock, on free-threaded builds on x86 by the locked instruction of a contended attribute write; on weaker
memory without a GIL this would need an atomic, which Python does not have yet. The writer sleeps between closing the
gate and its first look only when a slot is busy.
"""

from __future__ import annotations

import threading
import time
import weakref
from pathlib import Path

import lmdb

from .rows import SharedRows


class Slot:
    """Readers that one thread has open on one generation. Only that thread writes it."""

    __slots__ = ("__weakref__", "active")

    def __init__(self) -> None:
        self.active = 0


class Generation:
    """An environment, its table handles by name, and its gate. ``env`` is None only where the store is gone."""

    def __init__(
        self, number: int, path: Path, env: lmdb.Environment | None, handles: dict[str, lmdb._Database]
    ) -> None:
        self.number = number
        self.path = path
        self.env = env
        self.handles = handles
        #: Decoded rows that its readers share.
        self.shared_rows = SharedRows(handles, env.info()["last_txnid"] if env is not None else 0)
        self.closed = env is None
        self.local = threading.local()
        self._opened = threading.Event()
        if env is not None:
            self._opened.set()
        self._slots: list[weakref.ref[Slot]] = []
        self._lock = threading.Lock()

    def new_slot(self) -> Slot:
        """A slot for this thread, at its first read. Slots of threads that ended are forgotten here."""
        slot = Slot()
        with self._lock:
            self._slots = [known for known in self._slots if known() is not None]
            self._slots.append(weakref.ref(slot))
        self.local.slot = slot
        return slot

    def active(self) -> int:
        """Readers that are open in this process."""
        with self._lock:
            known = [reference() for reference in self._slots]
        return sum(slot.active for slot in known if slot is not None)

    def close_gate(self, patience: float) -> bool:
        """Keep new readers out and wait up to ``patience`` seconds for those inside. False: gate open again.

        A reader opened inside another one of its thread passes, or the two would wait for each other.
        """
        self._opened.clear()
        self.closed = True
        end = time.monotonic() + patience
        while self.active():
            if time.monotonic() >= end:
                self.open_gate()
                return False
            time.sleep(0.0001)
        return True

    def open_gate(self) -> None:
        """Let readers in again."""
        self.closed = False
        self._opened.set()

    def retire(self) -> None:
        """Send new readers elsewhere, for good. Those inside stay until they are done."""
        self.closed = True
        self._opened.set()

    def wait_open(self, seconds: float) -> bool:
        """Wait for the gate, at most ``seconds``."""
        return self._opened.wait(seconds)

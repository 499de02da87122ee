"""Half-open probes: of a ground that prevents, one call at a time may be let through to see whether it still fails.

A lease names one decision and a deadline. The outcome of that decision's call settles the ground (learning does
that); a lease that is never reported runs out, and the next call may probe. A ground without a pattern keeps its own
pause here: it doubles with each probe in vain, and one call that works sets it back.

Leases are granted in memory, because a decision does not wait for a commit, and written by the job that logs the
decision, so that a restart neither grants a second probe while the first one's call is still running, nor begins
anew to wait for the first. With several daemon processes on one store each would see the others' leases a few
milliseconds late: at most one probe per process at a time is granted in excess.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from ..learning.eviction import evict_one
from ..model.lease import DUE, NEVER, Lease
from ..store.tables import LEASES
from ..store.transaction import WriteTransaction

#: Leases remembered in memory, and kept in the store; the oldest are dropped first: at worst a first probe comes later.
LIMIT: Final = 10_000
_NOBODY: Final = Lease(b"", 0.0)


class Leases:
    """The leases of this process. Thread-safe. ``stored`` is what the store has of a ground, None for nothing."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Lease] = OrderedDict()
        self._unwritten: OrderedDict[bytes, Lease] = OrderedDict()

    def grant(
        self, ground: bytes, decision_id: bytes, now: float, stored: Lease | None, pause: float = 0.0,
        longest: float = 0.0,
    ) -> Lease | None:  # fmt: skip
        """Lease a probe of a ground to a decision, or None while another one holds it.

        ``pause`` is how many seconds must have passed since it was first asked for, and since the last was granted. It
        doubles with each probe in vain, up to ``longest`` seconds; with less than ``pause`` it does not grow.
        """
        with self._lock:
            known = self._known.get(ground, stored) or _NOBODY
            # A deadline further away than a lease lasts was made by a clock that ran ahead: it does not hold.
            if now < known.deadline <= now + self.seconds:
                return None
            granted = known.granted
            if pause:
                if granted == NEVER:
                    self._keep(ground, replace(known, granted=now))
                    return None
                wait = max(pause, min(pause * 2.0**known.vain, longest))
                if granted != DUE and granted <= now < granted + wait:
                    return None
                granted = now
            lease = Lease(decision_id, now + self.seconds, granted, known.vain)
            self._keep(ground, lease)
        return lease

    def ask(self, ground: bytes, now: float, stored: Lease | None) -> None:
        """Note that a call was kept out: the ``pause`` until a probe counts from the first time."""
        with self._lock:
            known = self._known.get(ground, stored) or _NOBODY
            if known.granted == NEVER:
                self._keep(ground, replace(known, granted=now))

    def release(self, ground: bytes, decision_id: bytes, worked: bool) -> None:
        """What became of a call that was to be prevented is in the store: the next probe may be granted when due."""
        with self._lock:
            known = self._known.get(ground)
            if known is not None:
                self._keep(ground, known.told(decision_id, worked=worked))

    def bring_forward(self, ground: bytes) -> None:
        """Somebody says that a ground is wrong, and the store has noted that: its next probe is due at once."""
        with self._lock:
            known = self._known.get(ground)
            if known is not None:
                self._keep(ground, known.brought_forward())

    def take_unwritten(self) -> Mapping[bytes, Lease]:
        """What changed since this was last called; whoever calls it has to ``write`` it."""
        with self._lock:
            taken, self._unwritten = self._unwritten, OrderedDict()
        return taken

    def _keep(self, ground: bytes, lease: Lease) -> None:
        for kept in (self._known, self._unwritten):
            kept[ground] = lease
            kept.move_to_end(ground)
            if len(kept) > LIMIT:
                kept.popitem(last=False)


def write(txn: WriteTransaction, leases: Mapping[bytes, Lease]) -> None:
    """Keep leases in the store; of too many, those that were granted long ago go."""
    for ground, lease in leases.items():
        txn.put(LEASES, ground, lease)
    if leases and txn.count(LEASES) > LIMIT:
        spare = frozenset(leases)
        for _ in range(min(len(leases), txn.count(LEASES) - LIMIT)):
            if evict_one(txn, LEASES, b"", lambda lease: lease.granted, spare) is None:
                break

"""Half-open probes: of a pattern that prevents, one call at a time may be let through to see whether it still fails.

A lease names one decision and a deadline. The outcome of that decision's call settles the pattern (learning does
that); a lease that is never reported runs out, and the next call may probe. Leases are granted in memory, because a
decision does not wait for a commit, and posted to the store behind it, so that a restart does not grant a second
probe while the first one's call is still running. With several daemon processes on one store each would see the
others' leases a few milliseconds late: at most one probe per process at a time is granted in excess.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

import msgspec

#: Leases remembered in memory; the oldest are dropped first, which at worst allows one more probe.
_LIMIT: Final = 10_000


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """Who may probe a pattern, and until when (event time, seconds)."""

    decision_id: bytes
    deadline: float


class Leases:
    """The leases of this process. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, Lease] = OrderedDict()
        self._granted: OrderedDict[bytes, float] = OrderedDict()

    def grant(
        self, pattern_id: bytes, decision_id: bytes, now: float, stored: Lease | None, pause: float = 0.0
    ) -> Lease | None:
        """Lease a probe of a pattern to a decision, or None while another one holds it.

        ``pause`` is how many seconds must have passed since it was first asked for, and since the last was granted.
        """
        lease = Lease(decision_id, now + self.seconds)
        with self._lock:
            held = self._held.get(pattern_id, stored)
            # A deadline further away than a lease lasts was made by a clock that ran ahead: it does not hold.
            if held is not None and now < held.deadline <= now + self.seconds:
                return None
            if pause:
                before = self._granted.setdefault(pattern_id, now)
                if before <= now < before + pause:
                    return None
                self._granted[pattern_id] = now
                while len(self._granted) > _LIMIT:
                    self._granted.popitem(last=False)
            self._held[pattern_id] = lease
            self._held.move_to_end(pattern_id)
            while len(self._held) > _LIMIT:
                self._held.popitem(last=False)
        return lease

    def ask(self, pattern_id: bytes, now: float) -> None:
        """Note that a call was kept out: the ``pause`` until a probe counts from the first time."""
        with self._lock:
            self._granted.setdefault(pattern_id, now)
            while len(self._granted) > _LIMIT:
                self._granted.popitem(last=False)

    def release(self, pattern_id: bytes, decision_id: bytes) -> None:
        """The probe was reported: the next one may be granted as soon as it is due."""
        with self._lock:
            held = self._held.get(pattern_id)
            if held is not None and held.decision_id == decision_id:
                del self._held[pattern_id]

"""The blast cap: however sure learning is, it prevents no more than a set share of a tool's recent calls.

What was decided and prevented is counted per tool, in the store, by the job that logs decisions, so that all processes
over one store share one count; it fades by event time. Outages are left out on both sides: shedding all calls of what
is down is what a circuit breaker is for, its probes end it within one interval, and calls shed meanwhile must not use
up what other preventions may have.
"""

from __future__ import annotations

from typing import Final

from ..learning.events import add_event
from ..model.tool import Recent, Tool
from ..store.transaction import WriteTransaction

#: Seconds of event time in which what was counted loses half its weight.
HALF_LIFE: Final = 3_600.0
#: A tool with fewer recent calls than this is treated as if it had so many: a few repeats are no disaster.
LEAST_CALLS: Final = 40.0
#: Seconds between two events that tell of one tool's cap.
EVENT_PAUSE: Final = 3_600.0


def over_cap(recent: Recent, now: float, cap: float) -> bool:
    """Whether one more prevention at ``now`` would pass the share ``cap`` of the recent calls."""
    keep = _kept(recent, now)
    return recent.prevented * keep + 1.0 > cap * max(LEAST_CALLS, recent.decided * keep + 1.0)


def count_decided(recent: Recent, now: float, latest: float, *, prevented: bool) -> None:
    """Count a decision made at ``now`` (event time). A late one counts as what is left of it.

    What was counted at a time after ``latest`` came of a wrong clock, and is taken to be of then.
    """
    recent.time = min(recent.time, latest)
    keep = _kept(recent, now)
    weight = 1.0
    if now >= recent.time:
        recent.decided *= keep
        recent.prevented *= keep
        recent.time = now
    else:
        weight = 0.5 ** ((recent.time - now) / HALF_LIFE)
    recent.decided += weight
    recent.prevented += weight * prevented


def tell_of_cap(txn: WriteTransaction, tool: Tool) -> None:
    """Write an event that a cap let a call through, unless one was written lately. The caller writes ``tool``."""
    recent = tool.recent
    if recent.told and 0.0 <= txn.commit_time - recent.told < EVENT_PAUSE:
        return
    recent.told = txn.commit_time
    share = recent.prevented / recent.decided if recent.decided else 0.0
    add_event(
        txn,
        "blast_cap",
        f"learning prevented {100.0 * share:.0f} % of its recent calls, which is as much as it may: "
        "more are let through",
        tool=tool.descriptor.tool,
    )


def _kept(recent: Recent, now: float) -> float:
    age = now - recent.time
    return float(0.5 ** (age / HALF_LIFE)) if age > 0.0 and recent.time else 1.0

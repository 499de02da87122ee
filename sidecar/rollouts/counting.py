"""What one event adds to a rollout.

``count`` is the only thing that changes what a rollout adds up to. It depends on the event and on what was counted
before, on nothing else, so every rollout can be computed anew from its journal (``recounted``) and cannot drift.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..store.transaction import WriteTransaction
from .records import EVENTS, LEAVINGS, OF_UNITS, ROLLOUTS, EventKind, Rollout, RolloutEvent, RolloutState, event_key

_BETTER: Final = {1: RolloutState.TREATMENT_BETTER, -1: RolloutState.CONTROL_BETTER}


def count(rollout: Rollout, event: RolloutEvent) -> None:
    """Add one event. Units that come after the decision change nothing: it stands."""
    rollout.events += 1
    if event.kind is EventKind.STARTED:
        rollout.started_time, rollout.started_by, rollout.reason = event.time, event.actor, event.reason
    elif event.kind is EventKind.STOPPED:
        rollout.state, rollout.ending = RolloutState.STOPPED, event.ending
        rollout.stopped_time, rollout.stopped_by, rollout.stop_reason = event.time, event.actor, event.reason
    elif rollout.state is RolloutState.RUNNING:
        _count_unit(rollout, event)


def _count_unit(rollout: Rollout, event: RolloutEvent) -> None:
    rollout.comparison.add(rollout.share, event.outcome, treated=event.treated)
    side = rollout.treatment if event.treated else rollout.control
    side.calls += event.calls
    side.failed += event.failed
    side.used += event.used
    better = rollout.comparison.better(rollout.share)
    if better:
        rollout.state, rollout.decided_time = _BETTER[better], event.time
    elif rollout.comparison.units >= rollout.max_units:
        rollout.state, rollout.decided_time = RolloutState.NO_DECISION, event.time


def recounted(rollout: Rollout, events: Iterable[RolloutEvent]) -> Rollout:
    """The rollout as its events tell it."""
    fresh = Rollout(
        rollout.rollout_id, rollout.kind, rollout.subject, rollout.share, rollout.max_units, rollout.window,
        rollout.policy_revision,
    )  # fmt: skip
    for event in events:
        count(fresh, event)
    return fresh


def append(txn: WriteTransaction, rollout: Rollout, event: RolloutEvent) -> None:
    """Write an event and count it, in one transaction. Once nothing is counted any more, units are left to removal."""
    running = rollout.state is RolloutState.RUNNING
    txn.put(EVENTS, event_key(rollout.rollout_id, txn.next_sequence()), event)
    count(rollout, event)
    txn.put(ROLLOUTS, rollout.rollout_id, rollout)
    if running and rollout.state is not RolloutState.RUNNING:
        txn.put(LEAVINGS, OF_UNITS + rollout.rollout_id, b"")

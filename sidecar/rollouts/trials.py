"""Where rollouts meet what goes on: who is on which side, and what became of each session. Never waits.

A pattern that is being rolled out is offered to the share and kept from the rest; a unit is a session (or a workflow
that names none) in which it would have been offered, its outcome whether the first such workflow succeeded. A policy is
enforced for the share and in shadow for the rest by its own percentage; a unit is a session in which it spoke, its
outcome the share of the calls that were made within a window from then on and did not fail (none made: none failed).

Sides are by lot alone: which sessions are units, and when they are counted, does not depend on them, as long as what is
rolled out does nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

from ..guard.policy.records import HEADS
from ..knowledge.trials import Assigned
from ..model.decision import DecisionRecord
from ..model.knowledge import EntityKind, Trial, Workflow, WorkflowOutcome
from ..policies.verdict import PolicyVerdict, Reach
from ..store.tables import Table, after_prefix
from ..store.transaction import WriteTransaction
from .counting import append
from .records import (
    DUE,
    EVENTS,
    LEAVINGS,
    OF_EVENTS,
    ROLLOUTS,
    UNITS,
    EventKind,
    Rollout,
    RolloutEvent,
    RolloutState,
    Unit,
    due_key,
    unit_key,
)

_ID_BYTES: Final = 16
#: Rows that a commit's housekeeping counts, and removes.
STEP: Final = 32
#: Sessions that are kept, over all rollouts; beyond them no further ones take part in rollouts of policies.
MOST_UNITS: Final = 200_000


def is_treated(rollout_id: bytes, share: float, lot: str) -> bool:
    """The side of a lot: the same each time, and treated with probability ``share``. Keyed by the rollout."""
    digest = blake2b(lot.encode("utf-8", "replace"), digest_size=8, key=rollout_id).digest()
    return int.from_bytes(digest) / 2**64 < share


class RunningTrials:
    """See the module. ``adopt`` with what is in the store, and after each start and stop. Also housekeeping."""

    def __init__(self) -> None:
        self._change = threading.Lock()
        # Replaced as a whole: readers need no lock.
        self._patterns: tuple[Rollout, ...] = ()
        self._policies: dict[str, Rollout] = {}

    def adopt(self, rollouts: Iterable[Rollout]) -> None:
        """All rollouts as they are kept now: those that are not stopped hold, no others."""
        with self._change:
            live = [one for one in rollouts if one.state is not RolloutState.STOPPED]
            self._patterns = tuple(one for one in live if one.kind is EntityKind.PATTERN)
            self._policies = {one.subject: one for one in live if one.kind is EntityKind.POLICY}

    # Patterns.

    def assigned(self, lot: str) -> tuple[Assigned, ...]:
        """See ``knowledge.trials.Trials``."""
        return tuple(
            Assigned(one.subject, Trial(one.rollout_id, is_treated(one.rollout_id, one.share, lot)))
            for one in self._patterns
        )

    def completed(self, txn: WriteTransaction, workflow: Workflow) -> None:
        """See ``knowledge.trials.Trials``."""
        for trial in workflow.trials:
            rollout = txn.get(ROLLOUTS, trial.rollout_id)
            if rollout is None or rollout.state is not RolloutState.RUNNING:
                continue
            if workflow.session_id:
                key = unit_key(rollout.rollout_id, workflow.session_id)
                if txn.get(UNITS, key) is not None:
                    continue  # a session counts once: its workflows are not independent
                txn.put(UNITS, key, Unit(trial.treated))
            event = RolloutEvent(
                workflow.completed_time,
                EventKind.COUNTED,
                trial.treated,
                float(workflow.outcome is WorkflowOutcome.SUCCESS),
                used=any(one.id == rollout.subject for one in workflow.used),
            )
            append(txn, rollout, event)

    # Policies.

    def said(self, txn: WriteTransaction, records: Sequence[DecisionRecord]) -> None:
        """Decisions are being logged: sessions in which a policy speaks take part from then on."""
        policies = self._policies
        if not policies:
            return
        for record in records:
            lot = record.session_id or record.call_id
            said = record.decision.policy
            if said is None or not lot:
                continue
            for one in said.rules:
                rollout = policies.get(one.rule.split("/", 1)[0])
                if rollout is not None and one.verdict != PolicyVerdict.NONE and not one.lifted:
                    self._take_in(txn, rollout.rollout_id, lot, treated=one.reach == Reach.ENFORCE)

    def _take_in(self, txn: WriteTransaction, rollout_id: bytes, lot: str, *, treated: bool) -> None:
        rollout = txn.get(ROLLOUTS, rollout_id)
        if rollout is None or rollout.state is not RolloutState.RUNNING or self._disturbed(txn, rollout):
            return
        key = unit_key(rollout_id, lot)
        if txn.get(UNITS, key) is not None or txn.count(UNITS) >= MOST_UNITS:
            return
        due = int((txn.commit_time + rollout.window) * 1e6)
        txn.put(UNITS, key, Unit(treated, due))
        txn.put(DUE, due_key(due, key), b"")

    def recorded(self, txn: WriteTransaction, session_id: str, call_id: str, failed: bool) -> None:
        """A call was made and failed, or worked, in the transaction that records it."""
        lot = session_id or call_id
        if not lot:
            return
        for rollout in self._policies.values():
            key = unit_key(rollout.rollout_id, lot)
            unit = txn.get(UNITS, key)
            if unit is not None and unit.due:
                unit.calls += 1
                unit.failed += failed
                txn.put(UNITS, key, unit)

    # Housekeeping.

    def __call__(self, txn: WriteTransaction) -> bool:
        """Count the sessions that are due, remove what was left. Whether more is to be done."""
        left = self._count_due(txn)
        for mark, _ in list(txn.scan(LEAVINGS, limit=1)):
            left = self._remove(txn, mark) or left
        return left

    def _count_due(self, txn: WriteTransaction) -> bool:
        rows = list(txn.scan(DUE, b"", due_key(int(txn.commit_time * 1e6) + 1, b""), limit=STEP))
        for row, _ in rows:
            txn.delete(DUE, row)
            key = row[8:]
            rollout, unit = txn.get(ROLLOUTS, key[:_ID_BYTES]), txn.get(UNITS, key)
            if rollout is None or unit is None or rollout.state is not RolloutState.RUNNING:
                continue
            if self._disturbed(txn, rollout):
                continue
            unit.due = 0
            txn.put(UNITS, key, unit)
            outcome = 1.0 - unit.failed / unit.calls if unit.calls else 1.0
            event = RolloutEvent(
                txn.commit_time, EventKind.COUNTED, unit.treated, outcome, calls=unit.calls, failed=unit.failed
            )
            append(txn, rollout, event)
        return len(rows) == STEP

    @staticmethod
    def _disturbed(txn: WriteTransaction, rollout: Rollout) -> bool:
        """Whether somebody changed the policy meanwhile: then sides are not what they were, and it ends."""
        if txn.get(HEADS, rollout.subject.encode()) == rollout.policy_revision:
            return False
        reason = "the policy was changed by hand; sessions are no longer on the sides that they were on"
        append(txn, rollout, RolloutEvent(txn.commit_time, EventKind.STOPPED, reason=reason, ending="changed"))
        return True

    @staticmethod
    def _remove(txn: WriteTransaction, mark: bytes) -> bool:
        what, rollout_id = mark[:1], mark[1:]
        table: Table[Any] = EVENTS if what == OF_EVENTS else UNITS
        keys = [key for key, _ in txn.scan(table, rollout_id, after_prefix(rollout_id), limit=STEP)]
        for key in keys:
            txn.delete(table, key)
        if len(keys) < STEP:
            txn.delete(LEAVINGS, mark)
        return True

"""Every decision is kept, and no decision waits for it.

Decisions gather in memory and are written together by one job of the writer, so that logging costs a decision a few
microseconds. What gathers is bounded: beyond the limit decisions that let a call through are dropped and counted;
decisions that prevent have a room of their own and are never dropped: when even that is full, asking fails with
RESOURCE_EXHAUSTED.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from ..clock import AHEAD
from ..learning import totals
from ..learning.combiner import SCORE_LIMIT
from ..learning.evidence import logit
from ..learning.grounds import count_preventions
from ..learning.tables import MODELS, OVERALL, SESSIONS
from ..learning.tool_model import Model
from ..model.decision import Decision, DecisionRecord
from ..model.errors import QueueFullError
from ..model.lease import Lease
from ..model.pattern import is_ground, subject_key
from ..model.tool import Tool, ToolDescriptor
from ..model.trial import Standing
from ..model.vocabulary import Mode, Verdict
from ..store.store import Store
from ..store.tables import DECISION_CALLS, DECISIONS, PATTERNS, TOOLS, hash16, tool_key
from ..store.transaction import WriteTransaction
from .blast_cap import count_decided, tell_of_cap
from .booked import book, successes_before
from .leases import Leases, write
from .letting_through import OUTAGE
from .policy.hits import count_said

#: What a decision that must be kept says or would say.
_NEVER_DROPPED: Final = frozenset({Verdict.PREVENT, Verdict.REQUIRE_APPROVAL})


class _Room:
    """Decisions that wait to be written, those that are being written, and the job that will write them."""

    def __init__(self) -> None:
        self.waiting: list[DecisionRecord] = []
        self.writing: list[DecisionRecord] = []
        self.posted = False


class DecisionLog:
    """Thread-safe. ``limit`` decisions may wait in each of the two rooms; ``max_tools`` bounds tools seen by name."""

    def __init__(
        self,
        store: Store,
        limit: int,
        max_tools: int,
        said: Callable[[WriteTransaction, Sequence[DecisionRecord]], None] = lambda _txn, _records: None,
        leases: Leases | None = None,
    ) -> None:
        """``said`` is told of decisions in the transaction that writes them; what changed of ``leases`` is, too."""
        self.leases = leases
        self.said = said
        self._store = store
        self._limit = limit
        self._max_tools = max_tools
        self._lock = threading.Lock()
        self._allowed = _Room()
        self._prevented = _Room()
        self._dropped = 0

    def add(self, record: DecisionRecord) -> None:
        """Keep a decision. Raises QueueFullError for one that prevents, when no more fit."""
        prevents = record.decision.would_be in _NEVER_DROPPED
        room = self._prevented if prevents else self._allowed
        with self._lock:
            full = len(room.waiting) >= self._limit
            if not full:
                room.waiting.append(record)
                if room.posted and len(room.waiting) * 2 == self._limit:
                    self._store.writer.hurry()
            elif not prevents:
                self._dropped += 1
        self.flush()
        if full and prevents:
            raise QueueFullError(
                f"{self._limit} preventions wait to be logged; the store does not keep up", limit=str(self._limit)
            )

    def flush(self) -> None:
        """Post a job for each room that has something waiting and none: also for what found no place in the queue."""
        for room in (self._prevented, self._allowed):
            if room.waiting and not room.posted:
                self._post(room)

    def _post(self, room: _Room) -> None:
        prevents = room is self._prevented
        with self._lock:
            if room.posted or not room.waiting:
                return
            room.posted = True
        job = _Write(self, room)
        try:
            kept = self._store.post(job, droppable=not prevents, on_drop=job.dropped)
        except QueueFullError:
            kept = False
        if kept:
            return
        with self._lock:
            room.posted = False
            if not prevents:  # preventions stay for the next attempt
                self._dropped += len(room.waiting)
                room.waiting = []

    def take(self, room: _Room) -> Sequence[DecisionRecord]:
        """What waits in a room; the next decision posts a new job."""
        with self._lock:
            # What was written before is committed by now: a room's jobs run one after the other.
            taken, room.waiting, room.posted = room.waiting, [], False
            room.writing = taken
        return taken

    def lost(self, room: _Room, taken: Sequence[DecisionRecord] | None) -> None:
        """The disk refused a job: count what it had taken, or what it would have."""
        with self._lock:
            if taken is None:
                taken, room.waiting, room.posted = room.waiting, [], False
            self._dropped += len(taken)
            room.writing = []

    def find(self, decision_id: bytes) -> DecisionRecord | None:
        """A decision that was not written yet."""
        with self._lock:
            for room in (self._prevented, self._allowed):
                for record in (*room.waiting, *room.writing):
                    if record.decision.decision_id == decision_id:
                        return record
        return None

    @property
    def dropped(self) -> int:
        """Decisions that were made but not logged since the start. Never preventions."""
        return self._dropped

    @property
    def max_tools(self) -> int:
        """How many tools may be known."""
        return self._max_tools


class _Write:
    """The job: takes what waits when it first runs, and writes the same should it run again."""

    def __init__(self, log: DecisionLog, room: _Room) -> None:
        self._log = log
        self._room = room
        self._batch: Sequence[DecisionRecord] | None = None
        self._leases: Mapping[bytes, Lease] = {}

    def dropped(self) -> None:
        """The writer gave it up, perhaps before it ran."""
        self._log.lost(self._room, self._batch)

    def __call__(self, txn: WriteTransaction) -> None:
        if self._batch is None:
            self._batch = self._log.take(self._room)
            if self._log.leases is not None:
                self._leases = self._log.leases.take_unwritten()
        write(txn, self._leases)
        by_tool: dict[str, list[DecisionRecord]] = {}
        prevented: list[DecisionRecord] = []
        for record in self._batch:
            decision = record.decision
            txn.put(DECISIONS, decision.decision_id, record)
            if record.call_id:
                txn.put(DECISION_CALLS, hash16(record.call_id), decision.decision_id)
            by_tool.setdefault(record.tool, []).append(record)
            if decision.learned_would_be is Verdict.PREVENT:
                prevented.append(record)
        again = _count_prevented(txn, prevented)
        count_said(txn, self._batch)
        self._log.said(txn, self._batch)
        for name in by_tool:
            _make_known(txn, name, self._log.max_tools)
        totals.add_decisions(txn, by_tool, partial(_count_recent, again=again, latest=txn.commit_time + AHEAD))
        _count_unseen(txn, self._batch)


def _count_prevented(txn: WriteTransaction, records: Sequence[DecisionRecord]) -> set[bytes]:
    """Count preventions for their patterns, and book what they are expected to cost where the call is really not made.

    Gives the decisions that only repeat what is booked already. Each row is read and written once however
    many speak of it: while something is failing, most speak of the same.
    """
    leads: dict[bytes, list[DecisionRecord]] = {}
    for record in records:
        reasons = record.decision.learned_reasons
        if reasons:
            leads.setdefault(reasons[0].pattern_id, []).append(record)
    for lead, led in leads.items():
        if is_ground(lead):
            count_preventions(txn, lead, led)
            continue
        pattern = txn.get(PATTERNS, lead) if lead else None
        if pattern is not None:
            pattern.prevented += len(led)
            txn.put(PATTERNS, lead, pattern)
    return _book(txn, [record for record in records if record.decision.learned_verdict is Verdict.PREVENT])


def _book(txn: WriteTransaction, records: Sequence[DecisionRecord]) -> set[bytes]:
    models: dict[bytes, Model | None] = {}
    repeated: set[bytes] = set()
    for record in records:
        own = subject_key(record.tool)
        for key in (OVERALL, own):
            if key not in models:
                models[key] = txn.get(MODELS, key)
        model = models[own]
        if model is None:
            continue
        session = txn.get(SESSIONS, hash16(record.session_id)) if record.session_id else None
        successes = successes_before(session, txn.get(TOOLS, tool_key(record.tool)))
        weight, again = book(model, record.session_id, record.fingerprint, successes)
        if not weight:
            repeated.add(record.decision.decision_id)
            if not again:
                continue
        score = max(-SCORE_LIMIT, min(SCORE_LIMIT, logit(record.decision.p_fail)))
        for books in (models[OVERALL], model):
            if books is not None and again:
                books.budget.repeat(score)
            elif books is not None:
                books.budget.guess(score, weight)
    for key, model in models.items():
        if model is not None:
            txn.put(MODELS, key, model)
    return repeated


def _count_recent(
    txn: WriteTransaction, tool: Tool, records: Sequence[DecisionRecord], again: set[bytes], latest: float
) -> None:
    """What the blast cap goes by, and preventions of which no outcome will come. The caller writes ``tool``.

    A loop on one call, told by ``again``, must not use up what other preventions of the tool may have.
    """
    capped = False
    for record in records:
        decision = record.decision
        _unseen(tool.standing, decision)
        reasons = decision.learned_reasons
        if decision.mode is not Mode.ENFORCE or decision.overruled or (reasons and reasons[0].code == OUTAGE):
            continue
        if decision.decision_id in again:
            continue
        count_decided(tool.recent, decision.time, latest, prevented=decision.learned_verdict is Verdict.PREVENT)
        capped = capped or decision.capped
    if capped:
        tell_of_cap(txn, tool)


def _count_unseen(txn: WriteTransaction, records: Sequence[DecisionRecord]) -> None:
    if any(record.decision.learned_verdict is Verdict.PREVENT for record in records):
        standing = totals.read_standing(txn)
        for record in records:
            _unseen(standing, record.decision)
        txn.put(totals.STANDING, totals.STANDING_KEY, standing)


def _unseen(standing: Standing, decision: Decision) -> None:
    if decision.learned_verdict is Verdict.PREVENT:
        standing.prevented += decision.propensity < 1.0
        standing.blind += decision.propensity >= 1.0  # no lot: of destructive tools, and on what somebody said of one


def _make_known(txn: WriteTransaction, name: str, limit: int) -> None:
    """A tool that is asked about is counted and listed before anything is recorded of it."""
    key = tool_key(name)
    if txn.get_raw(TOOLS, key) is None and totals.room_for_asked(txn, limit):
        txn.put(TOOLS, key, Tool(ToolDescriptor(name), first_time=txn.commit_time))

"""Taking in one record: capture outside of the writer, then one job that journals, counts and learns.

The job is a pure function of its transaction, as the writer asks: it may run again.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ..capture.classifier import seen_retry
from ..capture.extractor import Captured, Extractor
from ..clock import BEHIND, Clock, TimeOrderedIds, as_it_counts
from ..model.call import Call, Classification, Observation, Result
from ..model.decision import Decision, DecisionRecord, RetryAdvice
from ..model.errors import TooManyToolsError
from ..model.lease import ground_of_reason
from ..model.tool import Tool, ToolDescriptor
from ..model.vocabulary import FAILED, WORKED, Mode, Outcome, Verdict
from ..store.receipts import Receipt
from ..store.store import Store
from ..store.tables import (
    CALL_IDS,
    CALLS,
    LEASES,
    PATTERNS,
    SESSION_AGES,
    TOOLS,
    age_key,
    hash16,
    tool_key,
    u64,
)
from ..store.transaction import WriteTransaction
from . import totals
from .budget import DEFAULT_BUDGET
from .describe import quoted
from .events import add_event
from .eviction import MAX_EVICTED, MAX_KINDS, evict_one, evict_rates, pattern_value
from .false_prevention import wrong_allowed
from .foresight import Foresight, volatile_of
from .known_names import learn_names
from .learner import Change, Recorded, UsagePatternLearner
from .repeats import advise
from .settlement import decision_before, settle
from .successions import learn_succession
from .suspension import start_anew
from .tables import SESSIONS
from .tool_history import learn_duration
from .versions import changed
from .view import LONGEST_PAUSE, View
from .view import Outcome as Learned

#: A session's age is written anew when the last one is older than this, so that most records need not.
_AGE_STEP: Final = 60.0


@dataclass(frozen=True)
class Caps:
    """How much is kept: usage patterns of one tool and in all, and tools."""

    patterns_per_tool: int
    patterns: int
    tools: int


class Recorder:
    """Records calls. Thread-safe: the work that needs the store happens on the writer's thread."""

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        foresight: Foresight,
        learner: UsagePatternLearner,
        clock: Clock,
        caps: Caps,
        probe_reported: Callable[[bytes, bytes, bool], None],
        budget: float = DEFAULT_BUDGET,
        policies_settled: Callable[[WriteTransaction, DecisionRecord], None] = lambda _txn, _record: None,
        recorded: Callable[[WriteTransaction, str, str, bool], None] = lambda _txn, _session, _call, _failed: None,
    ) -> None:
        """``policies_settled`` is told, in the record's transaction, what became of a call that policies spoke of.

        ``recorded`` is told of each call that worked or failed: session, call id, whether it failed.
        """
        self._recorded = recorded
        self._policies_settled = policies_settled
        self._wrong_allowed = wrong_allowed(budget)
        self._probe_reported = probe_reported
        self._store = store
        self._extractor = extractor
        self._foresight = foresight
        self._learner = learner
        self._clock = clock
        self._caps = caps
        self._ids = TimeOrderedIds(clock)

    def record(self, call: Call, result: Result, decision_id: str = "") -> Future[Recorded]:
        """Queue a record; the future completes when it is durable.

        Raises QueueFullError; the future may raise StoreFullError, StoreUnavailableError, TooManyToolsError.
        """
        future = self._store.submit(self._job(call, result, decision_id))
        if decision_id or call.call_id:
            future.add_done_callback(self._release)
        return future

    def record_and_tell(
        self, call: Call, result: Result, decision_id: str, told: Callable[[Receipt[Recorded]], None]
    ) -> None:
        """As ``record``, for one who does not wait: ``told`` is called with what the future would have."""
        if decision_id or call.call_id:

            def release_and_tell(receipt: Receipt[Recorded]) -> None:
                self._release(receipt)
                told(receipt)

            self._store.submit_and_tell(self._job(call, result, decision_id), release_and_tell)
        else:
            self._store.submit_and_tell(self._job(call, result, decision_id), told)

    def _job(self, call: Call, result: Result, decision_id: str) -> Callable[[WriteTransaction], Recorded]:
        """Capture; after it nothing raw is left in what is queued."""
        now, made = self._clock(), call.time
        counts = as_it_counts(made, now)
        if counts != made:
            # A clock that runs ahead would make all evidence from now on look old.
            call = replace(call, time=counts)
        volatile = volatile_of(self._store.newest(TOOLS, tool_key(call.tool)))
        captured = self._extractor.extract_pattern(call, result, volatile=volatile)
        label = self._extractor.label
        entry = _Entry(
            call=replace(call, arguments_json="", context={}),
            call_id=label(call.call_id) if call.call_id else self._ids().hex(),
            named=bool(call.call_id),
            session_id=label(call.session_id),
            caller=label(call.caller),
            captured=captured,
            result=replace(result, error="", result_excerpt=""),
            silent=not result.result_excerpt,
            decision_id=decision_id,
            made=made,
            now=now,
        )
        return lambda txn: self._apply(txn, entry)

    def _release(self, future: Future[Recorded] | Receipt[Recorded]) -> None:
        """Let the next probe of a pattern be granted once the last one is reported."""
        if not future.cancelled() and future.exception() is None:
            recorded = future.result()
            if recorded.probe is not None:
                self._probe_reported(*recorded.probe)

    def _apply(self, txn: WriteTransaction, entry: _Entry) -> Recorded:
        call_key = hash16(entry.call_id)
        if entry.named:
            found = _duplicate(txn, entry.call_id, call_key)
            if found is not None:
                return found
        call, captured = entry.call, entry.captured
        features = captured.features
        key_of_tool = tool_key(call.tool)
        view = self._foresight.view(txn, call, features, txn.get(TOOLS, key_of_tool))
        tool = self._tool(txn, view)
        classification = captured.classification
        if classification.category is Outcome.SUCCESS and view.session is not None and view.seen >= 0:
            attempts = view.session.failures_in_row(features.fingerprint[:8])
            if attempts:
                classification = seen_retry(classification)
        category = classification.category
        worked, failed = category in WORKED, category in FAILED
        decision = None
        if entry.named or entry.decision_id:  # nobody else knows an id that was made here
            decision = decision_before(txn, entry.decision_id, entry.call_id, call.tool)
        changes: list[Change] = []
        retry: RetryAdvice | None = None
        if failed or worked:
            learned = Learned(
                failed=failed,
                classification=classification,
                error=captured.error,
                silent=entry.silent,
                call_id=entry.call_id,
                now=call.time,
                retry_after=_pause(entry.result.retry_after),
                cost=entry.result.cost,
                late=call.time < tool.last_time - BEHIND,
            )
            probed = decision is not None and decision.decision.probe is not None
            learn_succession(txn, view, tool, learned)
            would_prevent = decision.decision.learned_would_be is Verdict.PREVENT if decision is not None else None
            _, changes = self._learner.learn(
                view,
                learned,
                probed=probed,
                would_prevent=would_prevent,
                # Of a ranking it is the lot of what was put first, which says nothing about this.
                propensity=decision.propensity if decision is not None and would_prevent else 1.0,
            )
            learn_duration(tool, entry.result, failed=failed)
            self._recorded(txn, entry.session_id, entry.call_id, failed)
            if failed:
                retry = _retry(view, learned)
            else:
                learn_names(txn, view, tool, captured.excerpt)
            self._save_learned(txn, view, tool)
        sequence = self._journal(txn, entry, call_key, view, tool, classification)
        _remember_session(txn, view)
        probe: tuple[bytes, bytes, bool] | None = None
        if decision is not None:
            first = decision.classification is None
            settle(txn, tool, decision, classification, self._wrong_allowed)
            if decision.decision.policy is not None and first:
                self._policies_settled(txn, decision)
            if failed or worked:
                probe = _tell_of_ground(txn, tool, decision.decision, worked=worked)
        totals.add_call(txn, tool, category)
        tool.last_time = max(tool.last_time, call.time)
        txn.put(TOOLS, key_of_tool, tool)
        for change in changes:
            pattern = txn.get(PATTERNS, change.pattern_id)
            what = quoted(pattern.description) if pattern is not None else ""
            add_event(
                txn,
                "pattern_state",
                f"{change.before.name.lower()} → {change.after.name.lower()}: {what}",
                tool=call.tool,
                pattern_id=change.pattern_id,
            )
        return Recorded(
            entry.call_id, classification, sequence, duplicate=False, changes=tuple(changes), probe=probe, retry=retry
        )

    def _tool(self, txn: WriteTransaction, view: View) -> Tool:
        """The call's tool, made when it is new; starts a new epoch when its version changed."""
        call = view.call
        tool = view.tool
        if tool is None:
            if txn.count(TOOLS) >= self._caps.tools:
                raise TooManyToolsError(
                    f"{self._caps.tools} tools are known, which is the limit", limit=str(self._caps.tools)
                )
            tool = Tool(ToolDescriptor(call.tool), mode=Mode.INHERIT, first_time=call.time)
            totals.count_asked(txn, {call.tool: tool})
        version = call.tool_version
        before = tool.seen_version
        if changed(tool, version, call.time):
            tool.epoch += 1
            start_anew(txn, tool)
            view.epoch = tool.epoch
            view.forget()
            add_event(
                txn, "tool_reset", f"version {before} became {version}: its arguments are learned anew", tool=call.tool
            )
        view.tool = tool
        return tool

    def _save_learned(self, txn: WriteTransaction, view: View, tool: Tool) -> None:
        self._learner.save(txn, view)
        tool.kinds += len(view.created_rates)
        excess = tool.kinds - MAX_KINDS
        if excess > 0:
            spare = frozenset(key for key, _ in view.changed_rates())
            tool.kinds -= evict_rates(txn, view.subject, spare, min(excess, MAX_EVICTED))
        if not view.created:
            return
        spare = frozenset(key for key, _ in view.changed())
        value = pattern_value(view.now, tool.epoch)
        for key in view.created:
            if not key.startswith(view.subject):
                continue
            tool.patterns += 1
            full = tool.patterns > self._caps.patterns_per_tool
            if full and evict_one(txn, PATTERNS, view.subject, value, spare) is not None:
                tool.patterns -= 1
        if txn.count(PATTERNS) > self._caps.patterns:
            # The evicted pattern's tool keeps counting it; it will evict one of its own a little early.
            evict_one(txn, PATTERNS, b"", pattern_value(view.now, 0), spare)

    def _journal(
        self,
        txn: WriteTransaction,
        entry: _Entry,
        call_key: bytes,
        view: View,
        tool: Tool,
        classification: Classification,
    ) -> int:
        call, captured, result = entry.call, entry.captured, entry.result
        features = captured.features
        sequence = txn.next_sequence()
        observation = Observation(
            sequence=sequence,
            call_id=entry.call_id,
            tool=call.tool,
            server=view.server,
            session_id=entry.session_id,
            caller=entry.caller,
            fingerprint=features.fingerprint,
            shape=features.shape,
            kind=features.kind,
            preview=features.preview,
            context=features.context,
            classification=classification,
            error=captured.error,
            duration=result.duration if result.duration is not None else -1.0,
            cost=result.cost,
            time=entry.made,
            recorded_time=entry.now,
            decision_id=entry.decision_id,
            attempt=call.attempt,
            had_result=not entry.silent,
            retry_after=result.retry_after if result.retry_after is not None else -1.0,
            tool_version=tool.seen_version,
            caller_roles=tuple(map(self._extractor.label, call.caller_roles)) if call.caller_roles else (),
        )
        txn.put(CALLS, u64(sequence), observation)
        txn.put(CALL_IDS, call_key, sequence)
        return sequence


class _Entry(Struct, frozen=True):
    """A record after capture: nothing raw is left in it."""

    call: Call
    call_id: str
    #: Whether the call id is the caller's; else it was made here, and is no other call's.
    named: bool
    session_id: str
    caller: str
    captured: Captured
    result: Result
    silent: bool
    decision_id: str
    made: float
    now: float


def _retry(view: View, learned: Learned) -> RetryAdvice:
    """Whether to make a call again that has just failed."""
    session = view.session
    tries = session.failures_in_row(view.features.fingerprint[:8]) if session is not None else 1
    return advise(view, learned.classification.template_id, transient=learned.transient, tries=tries)


def _tell_of_ground(
    txn: WriteTransaction, tool: Tool, decision: Decision, *, worked: bool
) -> tuple[bytes, bytes, bool] | None:
    """Note for the ground of a prevention what its call came to; gives ground, decision and ``worked`` if that counts.

    What a probe comes to counts, and whatever else worked though it was to be prevented.
    """
    reasons = decision.learned_reasons
    counts = decision.probe is not None or (worked and decision.learned_would_be is Verdict.PREVENT)
    if not counts or not reasons:
        return None
    ground = ground_of_reason(tool.descriptor.tool, tool.epoch, reasons[0])
    lease = txn.get(LEASES, ground)
    if lease is not None:
        txn.put(LEASES, ground, lease.told(decision.decision_id, worked=worked))
    return ground, decision.decision_id, worked


def _duplicate(txn: WriteTransaction, call_id: str, call_key: bytes) -> Recorded | None:
    sequence = txn.get(CALL_IDS, call_key)
    if sequence is None:
        return None
    observation = txn.get(CALLS, u64(sequence))
    if observation is None:
        return None
    return Recorded(call_id, observation.classification, sequence, duplicate=True)


def _remember_session(txn: WriteTransaction, view: View) -> None:
    session = view.session
    if session is None or not view.session_key:
        return
    before = session.age_key
    if not before or txn.commit_time - int.from_bytes(before[:8], "big") / 1e6 > _AGE_STEP:
        if before:
            txn.delete(SESSION_AGES, before)
        session.age_key = age_key(int(txn.commit_time * 1e6), view.session_key)
        txn.put(SESSION_AGES, session.age_key, b"")
    txn.put(SESSIONS, view.session_key, session)


def _pause(asked: float | None) -> float:
    """Seconds that a tool is believed to want to be left alone, -1 for none."""
    return asked if asked is not None and asked <= LONGEST_PAUSE else -1.0

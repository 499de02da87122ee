"""Should this call be prevented? The seed's UsagePreventionTracker.

A decision reads one snapshot of the store and the policies in force; it waits for no disk, no lock of the writer, no
network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ..capture.extractor import Extractor
from ..clock import Clock, TimeOrderedIds, as_it_counts
from ..learning.budget import within
from ..learning.describe import quoted
from ..learning.detector import Finding
from ..learning.evidence import sigmoid
from ..learning.foresight import EVIDENCE_MODEL, Foresight, Judgement, volatile_of
from ..learning.learner import Recorded
from ..learning.pauses import wait_of
from ..learning.recorder import Recorder
from ..learning.repeats import passes, wait_before_repeat
from ..learning.sequential import OF_CALL
from ..learning.view import View
from ..learning.waiting import is_waiting
from ..model.call import Call, Features, Result
from ..model.decision import Alternative, Decision, DecisionRecord, Interval, Reason, Snapshot
from ..model.errors import InvalidArgumentError, NotFoundError
from ..model.journal import Appeal
from ..model.lease import Lease, ground_of_reason
from ..model.pattern import UsagePattern, covered_ground, is_ground
from ..model.vocabulary import TRANSIENT, Cause, Level, Mode, Outcome, State, Verdict
from ..native.weights import rounded
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import DECISIONS, LEASES, PATTERNS, TOOLS, hash16, tool_key
from ..store.transaction import WriteTransaction
from .booked import is_booked, successes_before
from .decision_log import DecisionLog
from .fixes import Fixes
from .letting_through import CAP_REASON, OUTAGE, LettingThrough, Passage
from .modes import mode_of
from .objections import errors_of
from .policy.desk import Answer, PolicyDesk
from .tables import APPEALS

#: From this probability on, a call that is let through is warned of.
WARN_AT: Final = 0.5
_REASONS: Final = 5
#: What a fact must add to the log-odds of failure to be the ground of a prevention.
LEAST_GROUND: Final = 0.25
_SET_ASIDE: Final = frozenset((State.REFUTED, State.SUSPENDED))
#: Of a call that is not to be prevented.
UNHINDERED: Final = Passage(Verdict.ALLOW)
_UNKNOWN: Final = Interval(0.0, 1.0, 0.9)


@dataclass(frozen=True)
class AppealOutcome:
    """The patterns that an appeal counts against, and whether it had been made before."""

    pattern_ids: tuple[bytes, ...]
    duplicate: bool
    #: What the prevention rested on, where that is a pattern at level ground; see ``model/lease.py``.
    ground: bytes = b""


@dataclass(frozen=True)
class PreventionRule:
    """A standing reason to prevent calls."""

    pattern_id: bytes
    pattern: UsagePattern
    summary: str
    mode: Mode


class UsagePreventionTracker:
    """Decides calls. Thread-safe."""

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        foresight: Foresight,
        recorder: Recorder,
        log: DecisionLog,
        letting_through: LettingThrough,
        clock: Clock,
        budget: float,
        policies: PolicyDesk,
    ) -> None:
        self._policies = policies
        self._store = store
        self._extractor = extractor
        self._foresight = foresight
        self._recorder = recorder
        self._log = log
        self._letting_through = letting_through
        self._budget = budget
        self._clock = clock
        self._ids = TimeOrderedIds(clock)
        self._fixes = Fixes(extractor, foresight)

    def should_prevent(self, call: Call, question: str = "should_prevent") -> Decision:
        """Decide one call, log the decision, give it.

        Raises QueueFullError when a prevention cannot be logged, InvalidArgumentError for a time before 1970 or NaN.
        """
        counts = as_it_counts(call.time, self._clock())
        if counts != call.time:
            call = replace(call, time=counts)
        with self._store.read() as reader:
            tool = reader.get(TOOLS, tool_key(call.tool))
            mode = mode_of(reader, tool)
            groups = self._policies.groups(call.tool)
            if mode is Mode.OFF and not groups:
                return self._off(call)
            features = self._extractor.features_of_call(call, volatile_of(tool))
            view = self._foresight.view(reader, call, features, tool)
            if mode is Mode.OFF and groups:
                decision = self._off(call)
                answer: Answer | None
                answer = self._policies.ask(view, None, decision.decision_id, would_prevent=False)
                if not answer.speaks:
                    return decision
            else:
                decision, answer = self._decide(reader, view, mode, groups)
        kept = decision
        if answer is not None:
            decision, kept = self._policies.join(decision, answer, view)
        self._log.add(self._record(call, features, kept, question))
        return decision

    def track_failure(self, call: Call, error: str) -> Future[Recorded]:
        """Record that a call failed, as a failure that later calls are judged by; durable when the future completes."""
        return self._recorder.record(call, Result(Outcome.FAILURE, error=error))

    def find_decision(self, decision_id: str) -> DecisionRecord:
        """What is known of a decision and of what became of its call. Raises NotFoundError."""
        key = decision_key(decision_id)
        # In memory it may have been committed since, and tell less; a second look is for a commit in between.
        record = self._stored(key) or self._log.find(key) or self._stored(key)
        if record is None:
            raise NotFoundError(f"no decision {decision_id}", decision_id=decision_id)
        return record

    def _stored(self, key: bytes) -> DecisionRecord | None:
        with self._store.read() as reader:
            return reader.get(DECISIONS, key)

    def get_prevention_rules(self, reader: Reader, start: bytes = b"", stop: bytes | None = None) -> Iterator[
        tuple[bytes, PreventionRule | None]
    ]:  # fmt: skip
        """Usage patterns under the keys, each with the rule that it makes, or None where it makes none."""
        for key, pattern in reader.scan(PATTERNS, start, stop):
            yield key, self._rule(reader, key, pattern)

    def _rule(self, reader: Reader, key: bytes, pattern: UsagePattern) -> PreventionRule | None:
        used = pattern.state is State.CANDIDATE and pattern.prevented > 0
        if pattern.level in (Level.ERROR, Level.GROUND):  # no test of their own confirms them
            stands = used
        else:
            stands = pattern.state is State.CONFIRMED or (used and pattern.last_failed)
        if not stands:
            return None
        tool = reader.get(TOOLS, tool_key(pattern.tool)) if pattern.tool else None
        if tool is not None and pattern.epoch < tool.epoch:
            return None
        cause = pattern.cause.name.lower().replace("_", " ")
        what = {
            Level.CALL: f"{pattern.tool} with these arguments fails ({cause})",
            Level.TOOL: f"{pattern.tool} is failing ({cause})",
            Level.SERVER: f"everything on {pattern.server} is failing ({cause})",
            Level.ERROR: f"in a session {pattern.tool} failed with {quoted(pattern.template)}: calls like that fail",
            Level.GROUND: pattern.description,
        }[pattern.level]
        return PreventionRule(key, pattern, what, mode_of(reader, tool))

    def appeal(self, decision_id: str, reason: str, caller: str, now: float) -> Future[AppealOutcome]:
        """Count an appeal against the patterns behind a decision, and let the next such call probe them."""
        key = decision_key(decision_id)
        reason, caller = self._extractor.observation_text(reason, 4096), self._extractor.label(caller)
        future = self._store.submit(lambda txn: _appeal(txn, key, reason, caller, now))
        future.add_done_callback(self._appealed)
        return future

    def _appealed(self, future: Future[AppealOutcome]) -> None:
        if not future.cancelled() and future.exception() is None:
            outcome = future.result()
            if outcome.ground and not outcome.duplicate:
                self._letting_through.bring_forward(outcome.ground)

    def _decide(
        self, reader: Reader, view: View, mode: Mode, groups: frozenset[str] | None
    ) -> tuple[Decision, Answer | None]:
        """What was learned decides, and what policies say of it; joining the two is the desk's."""
        judgement = self._foresight.judge(view)
        decision_id = self._ids()
        findings, lead = self._findings(view, judgement)
        would_be = Verdict.ALLOW
        if lead is not None:
            would_be = Verdict.PREVENT
        elif judgement.known and judgement.p >= WARN_AT:
            would_be = Verdict.WARN
        answer = None
        if groups:
            answer = self._policies.ask(view, judgement, decision_id, would_prevent=lead is not None)
        verdict, passage = would_be, UNHINDERED
        if mode is Mode.SHADOW or (answer is not None and answer.overrules):
            verdict = Verdict.ALLOW
        elif lead is not None:
            if mode is Mode.WARN:
                verdict = Verdict.WARN
            else:
                code = next(code for code, _, fact in findings if fact is lead)
                passage = self._letting_through.passage(reader, view, code, lead, decision_id)
                verdict = passage.verdict
        reasons: tuple[Reason, ...] = ()
        alternatives: tuple[Alternative, ...] = ()
        remedy, retry_after = "", -1.0
        if findings:
            if lead is not None:  # the ground of a prevention is named first
                findings.sort(key=lambda item: item[2] is not lead)
            reasons = tuple(
                [
                    Reason(
                        code, one.summary, rounded(part, 3), one.pattern_id, one.cause, one.evidence, "", one.prevents
                    )
                    for code, part, one in findings[:_REASONS]
                ]
            )
            if passage.capped:
                reasons = (*reasons[:1], CAP_REASON, *reasons[1:])[:_REASONS]
            retry_after = _retry_after(view, lead)
            if would_be is not Verdict.ALLOW:
                errors = errors_of(view)
                alternatives = self._fixes.alternatives(reader, view, errors)
                remedy = self._remedy(view, findings, alternatives, errors)
        elif judgement.known:
            reasons = tuple(
                [
                    Reason(code, about, rounded(part, 3), b"", Cause.NONE, None)
                    for code, about, part in self._foresight.parts(judgement, _REASONS)
                ]
            )
            retry_after = _retry_after(view, None)
        decision = Decision(
            decision_id=decision_id,
            verdict=verdict,
            would_be=would_be,
            mode=mode,
            p_fail=rounded(judgement.p, 6),
            interval=self._foresight.interval(view, judgement),
            known=judgement.known,
            reasons=reasons,
            remedy=remedy,
            retry_after=retry_after,
            alternatives=alternatives,
            probe=passage.probe,
            snapshot=Snapshot(
                reader.commit_sequence, answer.said.revision if answer is not None else "", EVIDENCE_MODEL
            ),
            time=view.now,
            holdout=passage.holdout,
            capped=passage.capped,
            propensity=passage.propensity,
        )
        return decision, answer

    def _remedy(
        self,
        view: View,
        findings: list[tuple[str, float, Finding]],
        alternatives: tuple[Alternative, ...],
        errors: Sequence[UsagePattern],
    ) -> str:
        parts = [fact.remedy for _, _, fact in findings if fact.remedy][:1]
        if alternatives and alternatives[0].arguments_json:
            parts.append(alternatives[0].rationale)
        else:
            parts.append(self._fixes.history(view, errors, calls=_only_reads(view)))
        return " ".join(filter(None, parts))

    def foresee(self, view: View) -> tuple[Judgement, bool]:
        """What is known of a call, and whether it is ground enough to prevent it."""
        judgement = self._foresight.judge(view)
        return judgement, self._findings(view, judgement)[1] is not None

    def _findings(self, view: View, judgement: Judgement) -> tuple[list[tuple[str, float, Finding]], Finding | None]:
        """The facts behind a judgement, and the one on which the call may be prevented."""
        if not judgement.known:
            return [], None
        sure = self._sure(view, judgement)
        # Facts cost more than the judgement: what is let through without a warning is only told who said what.
        if not sure and judgement.p < WARN_AT:
            return [], None
        findings = self._foresight.findings(view, judgement)
        if not sure:
            return findings, None
        place = self._ground(view, judgement, findings)
        if place < 0:
            return findings, None
        code, part, lead = findings[place]
        if not lead.pattern_id:
            lead = replace(lead, pattern_id=view.id_of(Level.GROUND, covered_ground(code, lead.mark)))
            findings[place] = code, part, lead
        return findings, lead

    def _sure(self, view: View, judgement: Judgement, less: float = 0.0) -> bool:
        """Whether preventing what is as sure to fail as this keeps to the budget, or has been paid for.

        ``less`` of the log-odds does not count.
        """
        own, score = view.model, judgement.score - less
        if within(score, self._budget, view.overall.budget, own.budget if own is not None else None):
            return True
        if own is None or not own.booked or sigmoid(score) < WARN_AT:
            return False
        successes = successes_before(view.session, view.tool)
        return is_booked(own, self._extractor.label(view.call.session_id), view.features.fingerprint, successes)

    def _ground(self, view: View, judgement: Judgement, findings: list[tuple[str, float, Finding]]) -> int:
        """The place of the strongest fact on which the call may be prevented; -1 when it is not to be."""
        call, tool = view.known_call(), view.tool_pattern
        if (call is not None and call.state is State.SUSPENDED) or (
            tool is not None and tool.state in _SET_ASIDE and not tool.automatic
        ):
            return -1  # calls like this work, or an administrator wants them to be made, whoever speaks against it
        suspended: list[int] = []
        for place, (code, _, fact) in enumerate(findings):
            if not fact.pattern_id and _is_suspended(view, covered_ground(code, fact.mark)):
                suspended.append(place)
        if suspended:
            # What is set aside shifts the odds that are told, but it neither prevents nor helps others to.
            less = sum([max(0.0, findings[place][1]) for place in suspended])
            if less and not self._sure(view, judgement, less):
                return -1
        works = call is not None and call.state is State.REFUTED
        waiting = is_waiting(view)
        for place, (code, part, fact) in enumerate(findings):  # strongest first
            if part < LEAST_GROUND or not fact.prevents or (works and not fact.of_state) or place in suspended:
                continue
            if waiting and fact.learned and code != OUTAGE:
                continue  # it is meant to be repeated until it works
            if (fact.cause in TRANSIENT or view.repeats_transient) and passes(view):
                continue  # where a repeat usually works, it is advised instead
            pattern = view.by_id(fact.pattern_id) if fact.pattern_id else None
            if pattern is None or pattern.state not in _SET_ASIDE:
                return place
        return -1

    def _off(self, call: Call) -> Decision:
        return Decision(
            decision_id=self._ids(), verdict=Verdict.ALLOW, would_be=Verdict.ALLOW, mode=Mode.OFF, p_fail=0.0,
            interval=_UNKNOWN, known=False, reasons=(), remedy="", retry_after=-1.0, alternatives=(), probe=None,
            snapshot=Snapshot(self._store.commit_sequence, "", EVIDENCE_MODEL), time=call.time,
        )  # fmt: skip

    def _record(self, call: Call, features: Features, decision: Decision, question: str) -> DecisionRecord:
        label = self._extractor.label
        return DecisionRecord(
            decision=decision,
            question=question,
            tool=call.tool,
            preview=features.preview,
            session_id=label(call.session_id),
            caller=label(call.caller),
            call_id=label(call.call_id),
            context=features.context,
            fingerprint=features.fingerprint,
            propensity=decision.propensity,
            caller_roles=tuple([label(role) for role in call.caller_roles]) if call.caller_roles else (),
            server=label(call.server),
        )


def decision_key(decision_id: str) -> bytes:
    """The key of a decision. Raises InvalidArgumentError for what cannot be one."""
    try:
        key = bytes.fromhex(decision_id)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise InvalidArgumentError("decision_id", "must be 32 hexadecimal digits")
    return key


def _retry_after(view: View, lead: Finding | None) -> float:
    """Seconds after which a retry is advised; -1 where waiting does not help."""
    wait = wait_of(view)
    pattern = view.by_id(lead.pattern_id) if lead is not None else None
    if pattern is not None and pattern.transient:
        wait = max(wait, pattern.probe_due - view.now)  # until then it is prevented, whatever was asked for
    if wait > 0.0:
        return wait
    return wait_before_repeat(view)


def _is_suspended(view: View, covered: bytes) -> bool:
    ground = view.pattern(Level.GROUND, covered)
    return ground is not None and ground.suspended


def _only_reads(view: View) -> bool:
    return view.tool is not None and view.tool.descriptor.read_only


def _appeal(txn: WriteTransaction, key: bytes, reason: str, caller: str, now: float) -> AppealOutcome:
    record = txn.get(DECISIONS, key)
    if record is None:
        raise NotFoundError(f"no decision {key.hex()}", decision_id=key.hex())
    decision = record.decision
    # What only shifts the odds prevented nothing: how often the tool fails is not what an appeal speaks of.
    speaks_of = [reason for reason in decision.reasons if reason.prevents]
    patterns = tuple(dict.fromkeys(reason.pattern_id for reason in speaks_of if reason.pattern_id))
    at = key + hash16(caller)
    if txn.get(APPEALS, at) is not None:
        return AppealOutcome(patterns, duplicate=True)
    txn.put(APPEALS, at, Appeal(key, record.tool, reason, caller, now, patterns))
    for pattern_id in patterns:
        pattern = txn.get(PATTERNS, pattern_id)
        if pattern is None:
            continue
        pattern.appeals += 1
        if is_ground(pattern_id):
            txn.put(PATTERNS, pattern_id, pattern)
            continue
        # Half a success: an appeal alone does not overturn evidence, but the next such call is let through to see.
        pattern.ratio += OF_CALL.success_step / 2.0
        pattern.probe_due = min(pattern.probe_due, now)
        txn.put(PATTERNS, pattern_id, pattern)
    leads = decision.learned_reasons
    if decision.learned_would_be is not Verdict.PREVENT or not leads:
        return AppealOutcome(patterns, duplicate=False)
    tool = txn.get(TOOLS, tool_key(record.tool))
    ground = ground_of_reason(record.tool, tool.epoch if tool is not None else 0, leads[0])
    if not is_ground(ground):
        return AppealOutcome(patterns, duplicate=False)
    txn.put(LEASES, ground, (txn.get(LEASES, ground) or Lease(b"", 0.0)).brought_forward())
    return AppealOutcome(patterns, duplicate=False, ground=ground)

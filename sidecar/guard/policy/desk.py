"""Where decisions ask policies: facts in, the engine's answer, approvals, and one decision of both out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

import msgspec
import structlog
from msgspec import structs

from ...capture.extractor import Extractor
from ...learning.foresight import Foresight, Judgement
from ...learning.view import View
from ...model.call import JSON, Call
from ...model.decision import (
    POLICY,
    Alternative,
    Decision,
    DerivedSaid,
    Interval,
    PolicySaid,
    Reason,
    RuleSaid,
)
from ...model.vocabulary import Cause, Verdict
from ...policies.applying import is_about_tool
from ...policies.document import Policy, action_of
from ...policies.evaluator import Engine
from ...policies.facts import Facts, PatternFacts
from ...policies.usage import ALL_GROUPS
from ...policies.verdict import Outcome, PolicyDecision, PolicyVerdict, Reach, RuleRef, RuleTrace
from .approvals import Approvals
from .combining import combined, overrules
from .facts import codes_of, facts_of, pattern_facts
from .live import LivePolicies
from .records import ApprovalRecord, ApprovalState
from .rewriting import rewritten

#: Rules and derived facts that a decision keeps.
MAX_RULES: Final = 32
MAX_DERIVED: Final = 64
_MESSAGE_BYTES: Final = 1_024
_REASONS: Final = 5
_NOT_KNOWN: Final = Interval(0.0, 0.0, 0.0)
_STOPS: Final = frozenset({"prevent", "require_approval", "rewrite_argument"})
_log = structlog.get_logger("forewarn.policies")


class Answer(msgspec.Struct, frozen=True):
    """What policies say of a call, and the approval that it waits for or that was decided on."""

    said: PolicyDecision
    verdict: PolicyVerdict
    approval: ApprovalRecord | None = None

    @property
    def would_be(self) -> PolicyVerdict:
        """What they would say if all were enforced; what a person said of the call counts there, too."""
        said = self.said.would_be
        return self.verdict if self.approval is not None and said is PolicyVerdict.REQUIRE_APPROVAL else said

    @property
    def overrules(self) -> bool:
        """Whether what was learned is not asked for its verdict."""
        return overrules(self.verdict)

    @property
    def speaks(self) -> bool:
        """Whether any rule fired or failed."""
        return bool(self.said.traces)


class PolicyDesk:
    """Thread-safe."""

    def __init__(self, live: LivePolicies, approvals: Approvals, extractor: Extractor, foresight: Foresight) -> None:
        self.live = live
        self.approvals = approvals
        self._extractor = extractor
        self._foresight = foresight
        self._redacted = lru_cache(maxsize=2_048)(lambda text: extractor.observation_text(text, _MESSAGE_BYTES))
        #: Questions that the engine could not answer, rules that could not be evaluated, and groups of facts that
        #: could not be filled in, since the start.
        self.engine_errors = 0
        self.rule_errors = 0
        self.fact_errors = 0

    def groups(self, tool: str) -> frozenset[str] | None:
        """What rules for a tool read; empty or None where there is nothing to ask."""
        while True:
            serving = self.live.serving
            if serving is None:
                return None
            try:
                groups = serving.groups(tool)
            except Exception:  # noqa: BLE001 - asking fails then too, where it is counted and logged
                return ALL_GROUPS
            if groups is not None:  # else it was replaced and closed in between
                return groups

    def facts(self, groups: AbstractSet[str], view: View, judgement: Judgement | None, *, would_prevent: bool) -> Facts:
        """The facts of a call. ``judgement`` is made where it is wanted and not there."""

        def pattern() -> PatternFacts:
            judged = judgement or self._foresight.judge(view)
            codes = codes_of(self._foresight.parts(judged)) if judged.known else ()
            return pattern_facts(view, judged, codes, would_prevent=would_prevent)

        def failed(group: str) -> None:
            self.fact_errors += 1
            _log.exception("policy_facts_failed", tool=view.call.tool, group=group)

        return facts_of(groups, view, pattern, failed)

    def ask(
        self,
        view: View,
        judgement: Judgement | None,
        decision_id: bytes,
        *,
        would_prevent: bool,
    ) -> Answer:
        """What policies say. A call that needs a person is parked here, or let through or stopped as that person said.

        Raises QueueFullError where an approval cannot be kept.
        """
        said = self._evaluate(view, judgement, would_prevent=would_prevent)
        for trace in said.traces:
            if trace.outcome is Outcome.FAILED:
                self.rule_errors += 1
        if said.verdict is not PolicyVerdict.REQUIRE_APPROVAL or said.approval is None:
            return Answer(said, said.verdict)
        message = self._shown(said.message, _hidden(self._extractor, view))
        approval = self.approvals.ask(
            view.call, view.server, said.approval, str(said.rule or ""), message, decision_id
        )  # fmt: skip
        if approval.state is ApprovalState.APPROVED:
            return Answer(said, PolicyVerdict.ALLOW, approval)
        if approval.state is ApprovalState.DENIED:
            return Answer(said, PolicyVerdict.PREVENT, approval)
        return Answer(said, PolicyVerdict.REQUIRE_APPROVAL, approval)

    def join(self, decision: Decision, answer: Answer, view: View) -> tuple[Decision, Decision]:
        """The decision of both: to be answered, and as it may be kept. ``decision`` is what was learned."""
        said = answer.said
        if decision.snapshot.policy_revision != said.revision:
            snapshot = structs.replace(decision.snapshot, policy_revision=said.revision)
            decision = structs.replace(decision, snapshot=snapshot)
        if not answer.speaks:
            return decision, decision
        hidden = _hidden(self._extractor, view)
        decides = answer.verdict is not PolicyVerdict.NONE
        verdict = combined(answer.verdict, decision.verdict)
        would_be = combined(answer.would_be, decision.would_be)
        reasons = self._reasons(answer, hidden)
        shown, kept, changed = self._alternatives(said, view.call)
        policy = PolicySaid(
            verdict=int(answer.verdict),
            would_be=int(answer.would_be),
            rule=str(said.rule or ""),
            would_be_rule=str(said.would_be_rule or ""),
            rules=tuple([self._told(trace, hidden) for trace in said.traces[:MAX_RULES]]),
            derived=tuple(
                [
                    DerivedSaid(str(one.rule), one.name, self._shown(_as_json(one.value), hidden), one.level)
                    for one in said.derived[:MAX_DERIVED]
                ]
            ),
            learned_verdict=decision.verdict,
            learned_would_be=decision.would_be,
            overruled=answer.overrules,
        )
        answered = structs.replace(
            decision,
            verdict=verdict,
            would_be=would_be,
            reasons=(*reasons, *decision.reasons)[: max(_REASONS, len(reasons))],
            remedy=self._remedy(answer, hidden) or ("" if answer.overrules else decision.remedy),
            alternatives=(*shown, *decision.alternatives),
            policy=policy,
            approval_id=answer.approval.approval_id if answer.approval is not None else b"",
            rewritten=_as_json(changed) if changed is not None and decides else "",
        )  # fmt: skip
        if not shown:
            return answered, answered
        return answered, structs.replace(
            answered,
            alternatives=(*kept, *decision.alternatives),
            rewritten=self._preview(view.call.tool, changed) if answered.rewritten and changed is not None else "",
        )

    def _evaluate(self, view: View, judgement: Judgement | None, *, would_prevent: bool) -> PolicyDecision:
        serving = self.live.entered()
        if serving is None:  # the last policy was removed in between
            return PolicyDecision(PolicyVerdict.NONE, PolicyVerdict.NONE, "")
        try:
            # What its rules read, not what those read that were in force a moment ago.
            groups = serving.groups(view.call.tool) or ALL_GROUPS
            facts = self.facts(groups, view, judgement, would_prevent=would_prevent)
            return serving.engine.decide(facts, view.now)
        except Exception as error:  # noqa: BLE001 - counted and logged; the policies say what holds then
            self.engine_errors += 1
            _log.exception("policy_engine_failed", tool=view.call.tool)
            return as_failure_modes_say(serving.engine, view.call.tool, type(error).__name__)
        finally:
            serving.leave()

    def _reasons(self, answer: Answer, hidden: Mapping[str, str]) -> tuple[Reason, ...]:
        said, approval = answer.said, answer.approval
        texts: dict[str, str] = {}
        if approval is not None and approval.state is not ApprovalState.PENDING:
            what = "agreed" if approval.state is ApprovalState.APPROVED else "refused"
            why = f": {approval.reason}" if approval.reason else ""
            texts[approval.rule] = f"{approval.decided_by} {what}{why}"
        first = (said.rule, said.would_be_rule)  # those that decide are told first, also in shadow
        others = [trace for trace in said.traces if trace.rule not in first and _counts(trace)]
        for trace in (*(one for ref in first for one in said.traces if one.rule == ref), *others):
            name = str(trace.rule)
            if name not in texts:
                texts[name] = self._shown(trace.message, hidden) or f"{name} allows it"
        return tuple(
            Reason(POLICY, text, 0.0, b"", Cause.NONE, None, rule) for rule, text in list(texts.items())[:_REASONS]
        )

    def _remedy(self, answer: Answer, hidden: Mapping[str, str]) -> str:
        approval = answer.approval
        if approval is not None and answer.verdict is PolicyVerdict.REQUIRE_APPROVAL:
            command = f"forewarn approvals approve {approval.approval_id.hex()}"
            if not approval.approvers:
                return f"Ask an administrator to agree: {command}"
            roles = " or ".join(approval.approvers)
            return f"Ask somebody who is {roles} to agree: {command} --role {approval.approvers[0]}"
        return self._shown(answer.said.remedy, hidden)

    def _alternatives(
        self, said: PolicyDecision, call: Call
    ) -> tuple[tuple[Alternative, ...], tuple[Alternative, ...], dict[str, JSON] | None]:
        """What to do instead, as it is answered and as it may be kept; and the rewritten arguments, if any."""
        shown, kept = [], []
        changed = rewritten(call.arguments, said.edits) if said.edits else None
        proposals: list[tuple[str, dict[str, JSON], str]] = []
        if changed is not None:
            proposals.append((call.tool, changed, said.message))
        for one in said.alternatives:
            arguments: dict[str, JSON] = {
                name: list(value) if isinstance(value, tuple) else value for name, value in one.arguments.items()
            }
            proposals.append((one.tool, arguments, one.message))
        for tool, values, message in proposals:
            text = _as_json(values) if values or tool == call.tool else ""
            whole = Alternative(tool, text, 0.0, _NOT_KNOWN, -1.0, 0.0, 1.0, self._redacted(message), None)
            shown.append(whole)
            kept.append(structs.replace(whole, arguments_json=self._preview(tool, values)) if text else whole)
        return tuple(shown), tuple(kept), changed

    def _told(self, trace: RuleTrace, hidden: Mapping[str, str]) -> RuleSaid:
        missed = trace.missed
        return RuleSaid(
            rule=str(trace.rule),
            outcome=int(trace.outcome),
            verdict=int(trace.verdict),
            reach=int(trace.reach or 0),
            priority=trace.priority,
            message=self._shown(trace.message, hidden),
            error=self._shown(trace.error, hidden),
            missed=missed.condition if missed is not None else "",
            found=tuple(self._shown(_as_json(value), hidden) for value in missed.found) if missed is not None else (),
            lifted=trace.lifted,
        )

    def told_all(self, said: PolicyDecision, call: Call, limit: int) -> PolicySaid:
        """The whole trace of an explanation, redacted, at most ``limit`` rules."""
        hidden = self._extractor.hidden_in(call.arguments)
        return PolicySaid(
            int(said.verdict), int(said.would_be), str(said.rule or ""), str(said.would_be_rule or ""),
            tuple(self._told(trace, hidden) for trace in said.traces[:limit]),
            tuple(
                DerivedSaid(str(one.rule), one.name, self._shown(_as_json(one.value), hidden), one.level)
                for one in said.derived[:MAX_DERIVED]
            ),
            Verdict.ALLOW, Verdict.ALLOW, overruled=False,
        )  # fmt: skip

    def _shown(self, text: str, hidden: Mapping[str, str]) -> str:
        """A text as it may be kept and sent. What is a secret by its argument's name is one in a message, too."""
        for raw, mask in hidden.items():
            text = text.replace(raw, mask)
        return self._redacted(text) if text else ""

    def _preview(self, tool: str, arguments: dict[str, JSON]) -> str:
        return self._extractor.features_of(tool, arguments, {}).preview


def as_failure_modes_say(engine: Engine, tool: str, error: str) -> PolicyDecision:
    """What holds when the engine cannot answer: a policy about the tool that can stop calls, and fails closed, does.

    One that fails open does not, and is told of all the same.
    """
    about = [
        policy
        for policy in engine.policies
        if policy.mode != "off"
        and is_about_tool(policy, tool)
        and any(action_of(rule) in _STOPS for rule in policy.rules)
    ]
    closed = [policy for policy in about if policy.failure_mode == "closed"]
    enforced = next((policy for policy in closed if policy.mode == "enforce"), None)
    first = _failed(closed[0], error) if closed else None
    held = _failed(enforced, error) if enforced is not None else None
    return PolicyDecision(
        verdict=PolicyVerdict.PREVENT if held is not None else PolicyVerdict.NONE,
        would_be=PolicyVerdict.PREVENT if first is not None else PolicyVerdict.NONE,
        revision=engine.revision,
        rule=held.rule if held is not None else None,
        would_be_rule=first.rule if first is not None else None,
        message=held.message if held is not None else "",
        traces=tuple(_failed(policy, error) for policy in sorted(about, key=_fails_open)[:MAX_RULES]),
    )


def _fails_open(policy: Policy) -> bool:
    return policy.failure_mode == "open"


def _counts(trace: RuleTrace) -> bool:
    """Whether what a rule says has any part in the decision."""
    return trace.verdict is not PolicyVerdict.NONE and not trace.lifted and trace.reach is not Reach.SHADOW


def _failed(policy: Policy, error: str) -> RuleTrace:
    rule = next(rule for rule in policy.rules if action_of(rule) in _STOPS)
    reach = {"enforce": Reach.ENFORCE, "warn": Reach.WARN}.get(policy.mode, Reach.SHADOW)
    text = f"policies could not be evaluated ({error}), and {policy.name} fails {policy.failure_mode}"
    verdict = PolicyVerdict.NONE if _fails_open(policy) else PolicyVerdict.PREVENT
    return RuleTrace(RuleRef(policy.name, rule.name), Outcome.FAILED, verdict, reach, policy.priority, text, error)


def _hidden(extractor: Extractor, view: View) -> Mapping[str, str]:
    return extractor.hidden_in(view.call.arguments) if view.features.redacted else {}


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

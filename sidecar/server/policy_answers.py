"""From records of policies to protobuf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forewarn.v1 import admin_pb2, model_pb2, policy_pb2, suggestion_pb2

from ..guard.policy.book import Change
from ..guard.policy.records import Revision, RuleHits, decoded
from ..guard.policy.suggested_what_if import SuggestedWhatIf
from ..guard.policy.what_if import Example, Tally, WhatIf, most_often
from ..guard.policy.writing import plain_text, text_of
from ..guard.prevention_tracker import PreventionRule
from ..model.vocabulary import Level, Verdict
from ..policies.document import Policy, Rule, action_of
from ..policies.faults import Fault
from ..policies.resolving import VERDICTS
from ..policies.suite import SuiteResult
from ..policies.verdict import PolicyVerdict
from . import answers

_MODES = {
    "off": model_pb2.MODE_OFF,
    "shadow": model_pb2.MODE_SHADOW,
    "warn": model_pb2.MODE_WARN,
    "enforce": model_pb2.MODE_ENFORCE,
}
_MAX_FAULTS = 1_000
_WHAT_IF_RULES = 100
_TEXT = 500


def mode(policy: Policy) -> model_pb2.Mode.ValueType:
    """How far a policy reaches."""
    return _MODES[policy.mode]


def origin(file: str | None, revision: Revision | None) -> str:
    """Where a policy comes from: "folder", "suggestion:ID", or "api"."""
    if file is not None:
        return "folder"
    return (revision.origin if revision is not None else "") or "api"


def policy(
    value: Policy | None, revision: Revision | None, file: str | None, hits: RuleHits, *, with_text: bool
) -> policy_pb2.Policy:
    """A policy: one in force, or a revision. ``value`` is None where it was deleted."""
    message = policy_pb2.Policy(
        policy=value.name if value is not None else revision.policy if revision is not None else "",
        origin=origin(file, revision),
        file=file or "",
        hits=hits.hits,
        last_hit_time=answers.stamp(hits.last_time) if hits.last_time else None,
    )
    if value is not None:
        message.mode = _MODES[value.mode]
        message.enforce_percent, message.priority = value.enforce_percent, value.priority
        message.tools.extend(value.tools)
        message.rules, message.description, message.owner = len(value.rules), value.description, value.owner
        if with_text:
            message.text = text_of(value, revision.text if revision is not None else "")
    if revision is not None:
        message.revision, message.kind = revision.number, revision.kind
        message.author, message.reason = revision.author, revision.reason
        message.time.CopyFrom(answers.stamp(revision.time))
    return message


def revision(value: Revision, *, with_text: bool) -> policy_pb2.Policy:
    """A revision as it was."""
    document = decoded(value.document) if value.document else None
    return policy(document, value, None, RuleHits(), with_text=with_text)


def change(value: Change) -> policy_pb2.PolicyChange:
    """What became of a policy."""
    return policy_pb2.PolicyChange(
        policy=value.policy,
        change=value.what,
        revision=value.revision,
        before=plain_text(value.before) if value.before is not None else "",
        after=plain_text(value.after) if value.after is not None else "",
    )


def faults(values: Sequence[Fault]) -> list[policy_pb2.PolicyFault]:
    """What is wrong, at most 1,000."""
    return [
        policy_pb2.PolicyFault(file=one.file, line=one.line, field=one.field, message=one.message, fix=one.fix)
        for one in values[:_MAX_FAULTS]
    ]


def tested(results: Sequence[SuiteResult]) -> policy_pb2.TestPoliciesResponse:
    """How suites went. A rule is covered where any of them made it fire."""
    message = policy_pb2.TestPoliciesResponse()
    fired: dict[str, int] = {}
    for result in results:
        for one in result.tests:
            message.cases.add(
                file=result.file, suite=result.name, name=one.name, passed=one.passed, problems=one.problems,
                line=one.line,
            )  # fmt: skip
            for ref in {trace.rule for trace in one.decision.fired}:
                fired[str(ref)] = fired.get(str(ref), 0) + 1
        for ref in (*result.covered, *result.uncovered):
            fired.setdefault(str(ref), 0)
    message.passed = sum(case.passed for case in message.cases)
    message.failed = len(message.cases) - message.passed
    for rule, count in sorted(fired.items()):
        message.coverage.add(rule=rule, fired=count)
    return message


def what_if(value: WhatIf) -> policy_pb2.WhatIfResponse:
    """What would have been."""
    return policy_pb2.WhatIfResponse(
        calls=value.calls,
        incomplete=value.incomplete,
        draft=_by_verdict(value.draft),
        current=_by_verdict(value.current),
        rules=_rules(value),
        different=value.different,
        examples=[_example(one) for one in value.examples],
    )  # fmt: skip


def suggested_what_if(value: SuggestedWhatIf) -> suggestion_pb2.WhatIfSuggestionResponse:
    """What a suggested policy would have stopped."""
    return suggestion_pb2.WhatIfSuggestionResponse(
        calls=value.found.calls,
        incomplete=value.found.incomplete,
        stopped=value.stopped.calls,
        failed=value.stopped.failed,
        worked=value.stopped.worked,
        rules=_rules(value.found),
        examples=[_example(one) for one in value.found.examples],
    )


def _rules(value: WhatIf) -> list[policy_pb2.WhatIfRule]:
    return [
        policy_pb2.WhatIfRule(
            rule=rule, verdict=answers.policy_verdict(verdict), calls=tally.calls, failed=tally.failed,
            worked=tally.worked,
        )
        for rule, verdict, tally in most_often(value, _WHAT_IF_RULES)
    ]  # fmt: skip


def _by_verdict(tallies: Mapping[PolicyVerdict, Tally]) -> list[policy_pb2.WhatIfVerdict]:
    """The strongest first; suggestions count with warnings."""
    together: dict[int, Tally] = {}
    for verdict, tally in sorted(tallies.items(), reverse=True):
        into = together.setdefault(int(answers.policy_verdict(verdict)), Tally())
        into.calls, into.failed, into.worked = (
            into.calls + tally.calls, into.failed + tally.failed, into.worked + tally.worked,
        )  # fmt: skip
    return [
        policy_pb2.WhatIfVerdict(
            verdict=model_pb2.Verdict.ValueType(verdict), calls=tally.calls, failed=tally.failed, worked=tally.worked
        )
        for verdict, tally in together.items()
    ]


def _example(value: Example) -> policy_pb2.WhatIfExample:
    call, draft, today = value.call, value.draft, value.current
    said = next((one.message for one in draft.traces if one.rule == draft.would_be_rule), "")
    return policy_pb2.WhatIfExample(
        call_id=call.call_id,
        tool=call.tool,
        arguments_json=call.preview,
        outcome=int(call.classification.category),  # type: ignore[arg-type]
        draft=answers.policy_verdict(draft.would_be),
        draft_rule=str(draft.would_be_rule or ""),
        message=said[:_TEXT],
        current=answers.policy_verdict(today.would_be) if today is not None else model_pb2.VERDICT_UNSPECIFIED,
        current_rule=str(today.would_be_rule or "") if today is not None else "",
        time=answers.stamp(call.time),
    )


def written_rule(owner: Policy, rule: Rule, hits: RuleHits, origin: str) -> admin_pb2.PreventionRule:
    """A rule of a policy, in the list of what prevents."""
    action = action_of(rule)
    said = getattr(rule.then, action)
    return admin_pb2.PreventionRule(
        rule_id=f"{owner.name}/{rule.name}",
        origin=origin,
        summary=rule.description or getattr(said, "message", "") or action.replace("_", " "),
        mode=_MODES[owner.mode],
        tools=owner.tools,
        verdict=answers.policy_verdict(VERDICTS[action]),
        hits=hits.hits,
        last_hit_time=answers.stamp(hits.last_time) if hits.last_time else None,
        right=hits.failed,
        wrong=hits.worked,
        errors=hits.errors,
        enforce_percent=owner.enforce_percent if owner.mode == "enforce" else 0.0,
    )


def learned_rule(key: bytes, rule: PreventionRule, now: float) -> admin_pb2.PreventionRule:
    """A usage pattern that prevents, in the same list."""
    pattern = rule.pattern
    return admin_pb2.PreventionRule(
        rule_id=key.hex(),
        origin="learned",
        summary=rule.summary,
        usage_pattern=answers.usage_pattern(key, pattern, now),
        mode=answers.mode(rule.mode),
        tools=[pattern.tool] if pattern.tool else [],
        verdict=model_pb2.Verdict.ValueType(int(Verdict.PREVENT)),
        hits=pattern.prevented,
        # Of a ground that is when it last prevented; of others, when they last failed.
        last_hit_time=answers.stamp(pattern.last_time) if pattern.level is Level.GROUND else None,
        right=pattern.right,
        wrong=pattern.wrong,
    )

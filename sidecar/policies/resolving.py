"""From rules that fired to one decision, the same each time.

1. A rule that failed follows its policy's failure mode: ``closed`` makes it fire if it prevents, warns, asks for
   approval or suggests; one that rewrites then prevents, since the call may not be made as it is; one that allows does
   not. ``open`` makes it miss.
2. An allowing rule lifts every other rule whose priority is lower than its own.
3. Of those left the strongest verdict decides (prevent, require approval, rewrite, suggest, warn, allow); then the
   higher priority, then the closer tool glob, then the narrower scope, then the name.

``would_be`` counts every policy as enforced. ``verdict`` counts those that are; a policy in ``warn`` warns instead of
what it says, and allows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec import UNSET

from .applying import narrowness, specificity_of
from .document import FromField, Plain, Policy, Rule, action_of
from .facts import Facts, Scalar, Values
from .faults import EvaluationError
from .fields import group_of
from .texts import filled
from .usage import paths_taken
from .verdict import (
    Alternative,
    Approval,
    Derived,
    Edit,
    Outcome,
    PolicyDecision,
    PolicyVerdict,
    Reach,
    RuleRef,
    RuleTrace,
)

_NONE, _WARN = PolicyVerdict.NONE, PolicyVerdict.WARN
_ENFORCE: Final = Reach.ENFORCE
VERDICTS: Final = {
    "derive": PolicyVerdict.NONE,
    "prevent": PolicyVerdict.PREVENT,
    "warn": PolicyVerdict.WARN,
    "allow": PolicyVerdict.ALLOW,
    "require_approval": PolicyVerdict.REQUIRE_APPROVAL,
    "suggest_alternative": PolicyVerdict.SUGGEST_ALTERNATIVE,
    "rewrite_argument": PolicyVerdict.REWRITE_ARGUMENT,
}


class Said(NamedTuple):
    """What a rule says whenever it fires: its name, the action's name and verdict, its own or its policy's priority."""

    ref: RuleRef
    action: str
    verdict: PolicyVerdict
    priority: int


def said_by(policy: Policy, rule: Rule) -> Said:
    """What a rule says."""
    action = action_of(rule)
    priority = policy.priority if rule.priority is UNSET else rule.priority
    return Said(RuleRef(policy.name, rule.name), action, VERDICTS[action], priority)


class Firing:
    """A rule that fired (``error`` empty) or failed, with how far its policy reaches for this call.

    ``values`` gives fields of the call and derived fields of the rule's policy.
    """

    __slots__ = ("error", "policy", "reach", "rule", "said", "values", "verdict")

    def __init__(
        self,
        policy: Policy,
        rule: Rule,
        reach: Reach,
        values: Callable[[str], Values],
        error: str = "",
        said: Said | None = None,
    ) -> None:
        self.policy = policy
        self.rule = rule
        self.reach = reach
        self.values = values
        self.error = error
        self.said = said or said_by(policy, rule)
        #: What it says of this call, NONE for nothing.
        self.verdict = self.said.verdict if not error else self._failing()

    @property
    def ref(self) -> RuleRef:
        """The rule's name."""
        return self.said.ref

    @property
    def priority(self) -> int:
        """The rule's own, else its policy's."""
        return self.said.priority

    def message(self) -> str:
        """The rule's message; of one that failed, that it did."""
        if self.error:
            return f"{self.said.ref} could not be evaluated: {self.error}"
        action = getattr(self.rule.then, self.said.action)
        return filled(getattr(action, "message", ""), self.values)

    def _failing(self) -> PolicyVerdict:
        verdict = self.said.verdict
        if self.policy.failure_mode == "open" or verdict is PolicyVerdict.ALLOW:
            return PolicyVerdict.NONE
        return PolicyVerdict.PREVENT if verdict is PolicyVerdict.REWRITE_ARGUMENT else verdict


def resolve(revision: str, tool: str, firings: Sequence[Firing], derived: tuple[Derived, ...]) -> PolicyDecision:
    """The decision. ``firings`` may come in any order."""
    if not firings:
        return PolicyDecision(PolicyVerdict.NONE, PolicyVerdict.NONE, revision, derived=derived)
    speaking = [(firing, firing.verdict) for firing in firings if firing.verdict is not _NONE]
    wished, lifted_wish = _order(tool, speaking)
    reaching = [
        (firing, verdict if firing.reach is _ENFORCE else _WARN)
        for firing, verdict in speaking
        if firing.reach is _ENFORCE or (firing.reach is Reach.WARN and verdict is not PolicyVerdict.ALLOW)
    ]
    held, lifted_held = _order(tool, reaching)
    if len(firings) == 1:  # the usual case
        traces: tuple[RuleTrace, ...] = (_trace(firings[0], lifted=False),)
    else:
        lifted = {firing.said.ref for firing in lifted_held} | {
            firing.said.ref for firing in lifted_wish if firing.reach is Reach.SHADOW
        }
        traces = tuple([_trace(firing, lifted=firing.said.ref in lifted) for firing in sorted(firings, key=_ref)])
    would_be = wished[0][1] if wished else PolicyVerdict.NONE
    would_be_rule = wished[0][0].ref if wished else None
    if not held:
        return PolicyDecision(
            PolicyVerdict.NONE, would_be, revision, would_be_rule=would_be_rule, traces=traces, derived=derived
        )
    first, verdict = held[0]
    ref = first.said.ref
    prevent = first.rule.then.prevent
    return PolicyDecision(
        verdict,
        would_be,
        revision,
        ref,
        would_be_rule,
        traces[0].message if len(traces) == 1 else next(trace.message for trace in traces if trace.rule == ref),
        "" if prevent is UNSET or first.error else filled(prevent.remedy, first.values),
        _alternatives(held),
        _edits(held) if verdict is PolicyVerdict.REWRITE_ARGUMENT else (),
        _approval(held) if verdict is PolicyVerdict.REQUIRE_APPROVAL else None,
        traces,
        derived,
    )


def given(value: Plain | FromField, values: Callable[[str], Values]) -> Values:
    """A value that is written, or those of the field that is named."""
    return values(value.from_) if isinstance(value, FromField) else (value,)


def refuse_unknown(rule: Rule, facts: Facts) -> None:
    """Raises EvaluationError where a rule gives what is taken from facts that could not be filled in."""
    for path in paths_taken(rule) if facts.unknown else ():
        if group_of(path) in facts.unknown:
            raise EvaluationError(f"{path} is not known: {group_of(path)} facts could not be filled in")


def normal(value: Scalar) -> Scalar:
    """The value as derived facts hold it: whole numbers are whole, however they were written."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def keyed(value: Scalar) -> tuple[str, Scalar]:
    """What tells values apart: true is not 1, and 1 is 1.0."""
    return "truth" if isinstance(value, bool) else "text" if isinstance(value, str) else "number", value


def order_of(one: Derived) -> tuple[object, ...]:
    """The order in which derived facts are told."""
    return (one.rule, one.level, one.name, keyed(one.value))


def _order(
    tool: str, speaking: list[tuple[Firing, PolicyVerdict]]
) -> tuple[list[tuple[Firing, PolicyVerdict]], Sequence[Firing]]:
    """What is said, the strongest first, and what was lifted."""
    if len(speaking) < 2:
        return speaking, ()
    allowing = [firing.said.priority for firing, verdict in speaking if verdict is PolicyVerdict.ALLOW]
    if not allowing:
        return sorted(speaking, key=lambda one: _rank(one[0], one[1], tool)), ()
    bar = max(allowing)
    left = [one for one in speaking if one[1] is PolicyVerdict.ALLOW or one[0].priority >= bar]
    lifted = [one for one, verdict in speaking if verdict is not PolicyVerdict.ALLOW and one.priority < bar]
    return sorted(left, key=lambda one: _rank(one[0], one[1], tool)), lifted


def _rank(firing: Firing, verdict: PolicyVerdict, tool: str) -> tuple[int, int, int, int, RuleRef]:
    policy = firing.policy
    return -verdict, -firing.priority, -specificity_of(policy.tools, tool), -narrowness(policy), firing.ref


def _ref(firing: Firing) -> RuleRef:
    return firing.said.ref


def _trace(firing: Firing, *, lifted: bool) -> RuleTrace:
    outcome = Outcome.FAILED if firing.error else Outcome.FIRED
    message = firing.message()
    return RuleTrace(
        firing.ref, outcome, firing.verdict, firing.reach, firing.priority, message, firing.error, lifted=lifted
    )


def _alternatives(held: list[tuple[Firing, PolicyVerdict]]) -> tuple[Alternative, ...]:
    found = []
    for firing, _ in held:
        action = firing.rule.then.suggest_alternative
        if action is not UNSET and not firing.error:
            arguments = {name: _single(given(value, firing.values)) for name, value in action.arguments.items()}
            kept = {name: value for name, value in arguments.items() if value is not None}
            found.append(Alternative(action.tool, kept, filled(action.message, firing.values), firing.ref))
    return tuple(found)


def _edits(held: list[tuple[Firing, PolicyVerdict]]) -> tuple[Edit, ...]:
    """Changes of all rules that rewrite, each path as the first rule has it."""
    edits: dict[str, Edit] = {}
    for firing, verdict in held:
        action = firing.rule.then.rewrite_argument
        if verdict is PolicyVerdict.REWRITE_ARGUMENT and action is not UNSET:
            for path, value in action.set.items():
                edits.setdefault(path, Edit(path, _single(given(value, firing.values))))
            for path in action.remove:
                edits.setdefault(path, Edit(path, None))
    return tuple(edits.values())


def _approval(held: list[tuple[Firing, PolicyVerdict]]) -> Approval:
    """What all rules that ask for approval can agree on: the roles that each accepts, the shortest time, fewest uses.

    Where no role is accepted by all, those of the first rule.
    """
    asked = [one.rule.then.require_approval for one, verdict in held if verdict is PolicyVerdict.REQUIRE_APPROVAL]
    actions = [action for action in asked if action is not UNSET]
    approvers = next((action.approvers for action in actions if action.approvers), ())
    for action in actions:
        if action.approvers:
            approvers = tuple(role for role in approvers if role in action.approvers) or approvers
    return Approval(
        approvers, min(action.expires_seconds for action in actions), min(action.uses for action in actions)
    )


def _single(values: Values) -> Scalar | tuple[Scalar, ...] | None:
    return None if not values else values[0] if len(values) == 1 else values

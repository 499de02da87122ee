"""What a test expects of a decision, and how the decision differs from it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from .document import Plain, Strict
from .facts import Scalar
from .resolving import keyed
from .verdict import PolicyDecision, RuleRef

VerdictName: TypeAlias = Literal[
    "none", "allow", "warn", "suggest_alternative", "rewrite_argument", "require_approval", "prevent"
]


class Expectation(Strict, frozen=True):
    """What a decision should be; what is not given may be anything. ``message`` is a part of it.

    ``fired`` names all rules that fire (``rule`` or ``policy/rule``), ``failed`` all that fail: none unless told.
    """

    verdict: VerdictName
    rule: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    fired: tuple[str, ...] | UnsetType = UNSET
    failed: tuple[str, ...] = ()
    derived: dict[str, Plain | tuple[Plain, ...]] = msgspec.field(default_factory=dict)
    edits: dict[str, Plain | tuple[Plain, ...] | None] | UnsetType = UNSET
    alternatives: tuple[str, ...] | UnsetType = UNSET
    approvers: tuple[str, ...] | UnsetType = UNSET
    expires_seconds: int | UnsetType = UNSET
    uses: int | UnsetType = UNSET


def problems(expected: Expectation, decision: PolicyDecision) -> Iterator[str]:
    """What is not as expected."""
    verdict = decision.verdict.name.lower()
    rule = f" by {decision.rule}" if decision.rule is not None else ""
    if verdict != expected.verdict:
        yield f"expected {expected.verdict}, got {verdict}{rule}"
        if decision.would_be is not decision.verdict:
            yield f"as enforced it would be {decision.would_be.name.lower()} by {decision.would_be_rule}"
    if expected.rule is not UNSET and not _is_named(expected.rule, decision.rule):
        yield f"expected it by {expected.rule}, got it{rule or ' by no rule'}"
    if expected.message is not UNSET and expected.message not in decision.message:
        yield f"expected “{expected.message}” in the message, got “{decision.message}”"
    if expected.fired is not UNSET:
        yield from _differences("fire", expected.fired, [trace.rule for trace in decision.fired])
    yield from _differences("fail", expected.failed, [trace.rule for trace in decision.failed])
    for name, wanted in expected.derived.items():
        got = [one.value for one in decision.derived if one.name == name]
        if not _same(wanted, got):
            yield f"expected derived.{name} to be {wanted!r}, got {got!r}"
    yield from _of_calls(expected, decision)


def _of_calls(expected: Expectation, decision: PolicyDecision) -> Iterator[str]:
    """What is not as expected in the calls that are to be made instead, and in who has to agree."""
    if expected.edits is not UNSET:
        made = {edit.path: edit.value for edit in decision.edits}
        if set(made) != set(expected.edits) or any(not _same(expected.edits[path], made[path]) for path in made):
            yield f"expected the edits {expected.edits!r}, got {made!r}"
    tools = tuple(one.tool for one in decision.alternatives)
    if expected.alternatives is not UNSET and tools != expected.alternatives:
        yield f"expected the alternatives {expected.alternatives!r}, got {tools!r}"
    approvers = None if decision.approval is None else decision.approval.approvers
    if expected.approvers is not UNSET and approvers != expected.approvers:
        yield f"expected the approvers {expected.approvers!r}, got {approvers!r}"
    seconds = None if decision.approval is None else decision.approval.expires_seconds
    if expected.expires_seconds is not UNSET and seconds != expected.expires_seconds:
        yield f"expected an approval for {expected.expires_seconds} s, got {seconds!r}"
    uses = None if decision.approval is None else decision.approval.uses
    if expected.uses is not UNSET and uses != expected.uses:
        yield f"expected an approval of {expected.uses} uses, got {uses!r}"


def _differences(what: str, wanted: Sequence[str], got: Sequence[RuleRef]) -> Iterator[str]:
    for one in wanted:
        if not any(_is_named(one, rule) for rule in got):
            yield f"expected {one} to {what}, it did not"
    for rule in got:
        if not any(_is_named(one, rule) for one in wanted):
            yield f"did not expect {rule} to {what}"


def _is_named(name: str, rule: RuleRef | None) -> bool:
    return rule is not None and name in (str(rule), rule.rule)


def _same(wanted: object, got: object) -> bool:
    """Whether two values or sets of values are the same, types and all."""
    return _as_set(wanted) == _as_set(got)


def _as_set(value: object) -> frozenset[tuple[str, Scalar]] | None:
    if value is None:
        return None
    return frozenset(keyed(one) for one in (value if isinstance(value, list | tuple) else (value,)))

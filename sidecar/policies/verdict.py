"""What policies say of a call, and why: every rule that fired, what was derived, what could not be evaluated."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from .facts import Scalar


class PolicyVerdict(IntEnum):
    """From the weakest to the strongest. ``NONE``: no rule says anything."""

    NONE = 0
    ALLOW = 1
    WARN = 2
    SUGGEST_ALTERNATIVE = 3
    REWRITE_ARGUMENT = 4
    REQUIRE_APPROVAL = 5
    PREVENT = 6


class Reach(IntEnum):
    """How far a policy's rules reach for this call: its mode, with the enforcing percentage applied."""

    SHADOW = 1
    WARN = 2
    ENFORCE = 3


class Outcome(IntEnum):
    """What became of a rule. ``SKIPPED``: its policy is not about this call (tool, role, scope, time, mode off)."""

    FIRED = 1
    MISSED = 2
    FAILED = 3
    SKIPPED = 4


class RuleRef(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A rule's name: ``policy/rule``."""

    policy: str
    rule: str

    def __str__(self) -> str:
        return f"{self.policy}/{self.rule}"


class Missed(msgspec.Struct, frozen=True, array_like=True):
    """The condition that did not hold, in words, and what stood in its field (at most three values)."""

    condition: str
    found: tuple[Scalar, ...] = ()


class Derived(msgspec.Struct, frozen=True, array_like=True):
    """A derived fact: ``derived.<name>`` of the policy has this value, because the rule says so. ``level`` from 1."""

    rule: RuleRef
    name: str
    value: Scalar
    level: int


class Edit(msgspec.Struct, frozen=True, array_like=True):
    """A change of an argument: a path below ``call.arguments``, its new value, or removed where that is None."""

    path: str
    value: Scalar | tuple[Scalar, ...] | None


class Alternative(msgspec.Struct, frozen=True, array_like=True):
    """Another call that a rule suggests."""

    tool: str
    arguments: dict[str, Scalar | tuple[Scalar, ...]]
    message: str
    rule: RuleRef


class Approval(msgspec.Struct, frozen=True, array_like=True):
    """Who may agree (roles; empty: anybody who may approve), and for how many seconds and calls that holds."""

    approvers: tuple[str, ...]
    expires_seconds: int
    uses: int = 1


class RuleTrace(msgspec.Struct, frozen=True, array_like=True):
    """What became of a rule. ``missed`` names the first condition that did not hold, ``error`` what failed.

    ``verdict`` is what the rule gives (``NONE`` for one that derives); of a failed rule, what its failure mode makes of
    it. ``lifted`` says that an allowing rule of higher priority set it aside.
    """

    rule: RuleRef
    outcome: Outcome
    verdict: PolicyVerdict
    reach: Reach | None
    priority: int = 0
    message: str = ""
    error: str = ""
    missed: Missed | None = None
    lifted: bool = False


class PolicyDecision(msgspec.Struct, frozen=True, array_like=True):
    """What the policies say of one call.

    ``verdict`` is what holds now, ``would_be`` what would if every policy were enforced. ``rule`` names the rule that
    decided ``verdict`` (``would_be_rule`` the other), None where the verdict is NONE. ``traces`` holds the rules that
    fired and failed; from ``explain`` all rules, in the order of their documents. ``edits`` are to be applied where
    the verdict is REWRITE_ARGUMENT. ``ALLOW`` is explicit: what was learned is set aside too.
    """

    verdict: PolicyVerdict
    would_be: PolicyVerdict
    revision: str
    rule: RuleRef | None = None
    would_be_rule: RuleRef | None = None
    message: str = ""
    remedy: str = ""
    alternatives: tuple[Alternative, ...] = ()
    edits: tuple[Edit, ...] = ()
    approval: Approval | None = None
    traces: tuple[RuleTrace, ...] = ()
    derived: tuple[Derived, ...] = ()

    @property
    def fired(self) -> tuple[RuleTrace, ...]:
        """The rules that fired."""
        return tuple(trace for trace in self.traces if trace.outcome is Outcome.FIRED)

    @property
    def failed(self) -> tuple[RuleTrace, ...]:
        """The rules that could not be evaluated."""
        return tuple(trace for trace in self.traces if trace.outcome is Outcome.FAILED)

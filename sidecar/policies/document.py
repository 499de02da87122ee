"""The form of a policy document: exactly what stands in YAML, as typed records. ``loading.py`` makes them of a text.

The JSON Schema that editors use (``docs/policies/policy.schema.json``) is generated from these records (``schema.py``),
so descriptions here are what a user reads while typing.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Plain: TypeAlias = bool | int | float | str
Name: TypeAlias = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]*$", max_length=64)]
Text: TypeAlias = Annotated[str, Meta(max_length=1024)]
Glob: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
Path: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256, description="A field, see docs/policies.md")]
Mode: TypeAlias = Literal["off", "shadow", "warn", "enforce"]
FailureMode: TypeAlias = Literal["open", "closed"]
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

#: Limits of one document, and of what is loaded in all.
MAX_RULES: Final = 1_000
MAX_TOTAL_RULES: Final = 20_000
MAX_CONDITIONS: Final = 128
MAX_DEPTH: Final = 8


class Strict(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields that are not known are errors: a misspelt condition must not be a condition less."""


class Window(Strict, frozen=True):
    """A range.

    Of a number: ``from`` and ``to``, both included. Of ``time``: a time of day ("09:00"), ``to`` excluded and past
    midnight where it is earlier, on ``days`` (of the day it begins), in ``zone``; or dates, both included.
    """

    from_: int | float | str | UnsetType = msgspec.field(default=UNSET, name="from")
    to: int | float | str | UnsetType = UNSET
    days: Annotated[tuple[Weekday, ...], Meta(max_length=7)] = ()
    zone: Annotated[str, Meta(max_length=64, description="An IANA time zone; UTC unless told")] = "UTC"


class Condition(Strict, frozen=True):
    """One condition: ``all``, ``any``, ``not``, ``cel``, or a ``field`` with exactly one operator."""

    all: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=MAX_CONDITIONS)] | UnsetType = UNSET
    any: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=MAX_CONDITIONS)] | UnsetType = UNSET
    not_: Condition | UnsetType = msgspec.field(default=UNSET, name="not")
    cel: Annotated[str, Meta(min_length=1, max_length=2048, description="A CEL expression")] | UnsetType = UNSET
    field: Path | UnsetType = UNSET
    equal: Plain | UnsetType = UNSET
    equal_field: Path | UnsetType = UNSET
    in_: Annotated[tuple[Plain, ...], Meta(min_length=1, max_length=1000)] | UnsetType = msgspec.field(
        default=UNSET, name="in"
    )
    less: int | float | str | UnsetType = UNSET
    at_most: int | float | str | UnsetType = UNSET
    more: int | float | str | UnsetType = UNSET
    at_least: int | float | str | UnsetType = UNSET
    glob: Glob | UnsetType = UNSET
    matches: (
        Annotated[str, Meta(min_length=1, max_length=1024, description="A regular expression of RE2")] | UnsetType
    ) = UNSET
    exists: bool | UnsetType = UNSET
    within: Window | UnsetType = UNSET


#: What a condition with a field may say of it (names as in YAML), and the attribute that holds it.
OPERATORS: Final = {
    "equal": "equal", "equal_field": "equal_field", "in": "in_", "less": "less", "at_most": "at_most", "more": "more",
    "at_least": "at_least", "glob": "glob", "matches": "matches", "exists": "exists", "within": "within",
}  # fmt: skip
COMPARISONS: Final = frozenset({"less", "at_most", "more", "at_least"})


class FromField(Strict, frozen=True):
    """The values of a field of the call."""

    from_: Path = msgspec.field(name="from")


class Prevent(Strict, frozen=True):
    """The call shall not be made."""

    message: Text
    remedy: Text = ""


class Warn(Strict, frozen=True):
    """The call may be made; this is said before."""

    message: Text


class Allow(Strict, frozen=True):
    """Lifts what rules of lower priority say, and what was learned."""

    message: Text = ""


class RequireApproval(Strict, frozen=True):
    """A person has to agree to this very call."""

    message: Text
    approvers: Annotated[tuple[str, ...], Meta(max_length=32, description="Roles that may agree; empty: any")] = ()
    expires_seconds: Annotated[int, Meta(ge=1, le=2_592_000)] = 3_600
    uses: Annotated[int, Meta(ge=1, le=1_000, description="How often the call may be made, unless who agrees says")] = 1


class SuggestAlternative(Strict, frozen=True):
    """The call may be made, another one is better."""

    message: Text
    tool: Annotated[str, Meta(min_length=1, max_length=256)]
    arguments: dict[str, Plain | FromField] = {}


class RewriteArgument(Strict, frozen=True):
    """The call shall be made with other arguments. Names are paths below ``call.arguments``."""

    message: Text
    set: Annotated[dict[str, Plain | FromField], Meta(max_length=32)] = {}
    remove: Annotated[tuple[str, ...], Meta(max_length=32)] = ()


class Then(Strict, frozen=True):
    """What a rule gives: exactly one of these."""

    derive: Annotated[dict[Name, Plain | FromField], Meta(min_length=1, max_length=16)] | UnsetType = UNSET
    prevent: Prevent | UnsetType = UNSET
    warn: Warn | UnsetType = UNSET
    allow: Allow | UnsetType = UNSET
    require_approval: RequireApproval | UnsetType = UNSET
    suggest_alternative: SuggestAlternative | UnsetType = UNSET
    rewrite_argument: RewriteArgument | UnsetType = UNSET


ACTIONS: Final = Then.__struct_fields__


class Rule(Strict, frozen=True):
    """A rule fires where its conditions hold. Without ``when`` it fires for every call that the policy is about."""

    name: Name
    then: Then
    when: Condition | UnsetType = UNSET
    description: Text = ""
    priority: Annotated[int, Meta(ge=-1000, le=1000)] | UnsetType = UNSET


class Scope(Strict, frozen=True):
    """Where a policy holds; what is not given holds everywhere. ``context`` are globs of the call's context values."""

    servers: Annotated[tuple[Glob, ...], Meta(max_length=64)] = ()
    context: Annotated[dict[str, Glob | Annotated[tuple[Glob, ...], Meta(max_length=64)]], Meta(max_length=16)] = {}


class Valid(Strict, frozen=True):
    """The period in which a policy holds: ISO 8601, UTC unless told; ``until`` excluded."""

    from_: str | UnsetType = msgspec.field(default=UNSET, name="from")
    until: str | UnsetType = UNSET


class Policy(Strict, frozen=True):
    """A policy: what it is about, how far it reaches, its rules."""

    policy: Name
    rules: Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=MAX_RULES)]
    tools: Annotated[tuple[Glob, ...], Meta(min_length=1, max_length=256, description="Globs; * and ?")] = ("*",)
    except_tools: Annotated[tuple[Glob, ...], Meta(max_length=256)] = ()
    roles: Annotated[tuple[Glob, ...], Meta(max_length=64, description="Globs of caller roles; empty: everybody")] = ()
    scope: Scope = Scope()
    mode: Mode = "shadow"
    enforce_percent: Annotated[float, Meta(ge=0, le=100, description="Share of sessions that are enforced")] = 100.0
    failure_mode: FailureMode = "closed"
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    valid: Valid = Valid()
    description: Text = ""
    rationale: Text = ""
    owner: Text = ""

    @property
    def name(self) -> str:
        """The policy's name, unique among those that are loaded."""
        return self.policy


def action_of(rule: Rule) -> str:
    """The name of what the rule gives: one of ``ACTIONS``."""
    return next(name for name in ACTIONS if getattr(rule.then, name) is not UNSET)


def operator_of(condition: Condition) -> str:
    """The name of the operator of a condition with a field."""
    return next(name for name, attribute in OPERATORS.items() if getattr(condition, attribute) is not UNSET)


def described(condition: Condition) -> str:
    """The condition in one line, for people: ``call.tool glob "db.*"``."""
    if condition.all is not UNSET:
        return "all of: " + "; ".join(described(one) for one in condition.all)
    if condition.any is not UNSET:
        return "any of: " + "; ".join(described(one) for one in condition.any)
    if condition.not_ is not UNSET:
        return f"not ({described(condition.not_)})"
    if condition.cel is not UNSET:
        return f"cel {condition.cel}"
    name = operator_of(condition)
    operand = getattr(condition, OPERATORS[name])
    return f"{condition.field} {name.replace('_', ' ')} {msgspec.json.encode(operand).decode()}"

"""What policies are asked about: one call and what is known around it, as fields with names and types.

A condition names a *field* (``call.arguments.region``) and a field has *values*: none where it is missing or null, one
for a plain value, several for a list. A condition on a field holds where it holds for any of its values. Values are
typed: text, number, truth. Numbers compare as numbers (1 equals 1.0), and nothing else is ever converted.

Arguments are flattened: ``{"a": {"b": 1}}`` and ``{"a.b": 1}`` both give ``call.arguments.a.b``, and objects in a list
give the values of all (``items: [{price: 1}, {price: 2}]`` gives ``call.arguments.items.price`` 1 and 2). A last step
``*`` is every value at any depth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias, cast

import msgspec

from ..model.call import JSON

#: One value of a field.
Scalar: TypeAlias = "bool | int | float | str"
Values: TypeAlias = "tuple[Scalar, ...]"

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ARGUMENTS: Final = "call.arguments"
CONTEXT: Final = "call.context"
_ARGUMENT: Final = ARGUMENTS + "."
DERIVED: Final = "derived"
#: The last step of a path that means every value below, at any depth.
ANYWHERE: Final = "*"
#: The most values of one field: a condition that does not hold for so many, and may hold for more, fails.
MAX_FIELD_VALUES = 10_000
_NOTHING: Final[Values] = ()
_LISTS: Final = (tuple, list, frozenset, set)


class CallFacts(msgspec.Struct, frozen=True):
    """The call. ``lot`` is what an enforcing percentage is drawn by: the session, or the call where there is none."""

    tool: str
    arguments: Mapping[str, JSON] = {}
    context: Mapping[str, str] = {}
    server: str = ""
    session: str = ""
    id: str = ""
    attempt: int = 0
    size: int = 0
    lot: str = ""


class ToolFacts(msgspec.Struct, frozen=True):
    """What is registered and counted of the tool. ``age`` is seconds since its first call, ``mean_cost`` a unit's."""

    registered: bool = False
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    version: str = ""
    calls: int = 0
    failures: int = 0
    age: float = 0.0
    mean_cost: float = 0.0


class PatternFacts(msgspec.Struct, frozen=True):
    """What was learned and matches this call. ``failure_probability`` in [0, 1]; ``codes`` of the detectors."""

    known: bool = False
    failure_probability: float = 0.0
    would_prevent: bool = False
    failures: float = 0.0
    successes: float = 0.0
    codes: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


class SessionFacts(msgspec.Struct, frozen=True):
    """What the session did before this call. Tools are names; times are seconds, None where there is none."""

    calls: int = 0
    failures: int = 0
    successes: int = 0
    failures_in_row: int = 0
    calls_last_minute: int = 0
    calls_last_hour: int = 0
    seconds_since_last: float | None = None
    cost: float = 0.0
    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    last_tool: str = ""
    last_failed: bool = False
    tool_calls: int = 0
    tool_failures: int = 0
    tool_calls_last_minute: int = 0
    same_call_failures: int = 0


class CallerFacts(msgspec.Struct, frozen=True):
    """Who calls, as far as the transport or the message says."""

    id: str = ""
    roles: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True):
    """All that is known when a call is judged. The time comes with the question, not from here.

    ``unknown`` names groups that could not be filled in: a condition on one of their fields fails.
    """

    call: CallFacts
    tool: ToolFacts = ToolFacts()
    pattern: PatternFacts = PatternFacts()
    session: SessionFacts = SessionFacts()
    caller: CallerFacts = CallerFacts()
    unknown: tuple[str, ...] = ()


#: The groups of facts whose fields are those of a record.
GROUPS: Final[dict[str, type[msgspec.Struct]]] = {
    "call": CallFacts,
    "tool": ToolFacts,
    "pattern": PatternFacts,
    "session": SessionFacts,
    "caller": CallerFacts,
}
TIME_FIELDS: Final[dict[str, str]] = {
    "time": "number", "time.hour": "number", "time.minute": "number", "time.weekday": "text", "time.date": "text",
}  # fmt: skip


def plain(value: object) -> Scalar | None:
    """The value as conditions see it: None for null and for what is no number; surrogates become U+FFFD."""
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int) else None


class FieldReader:
    """The fields of one question, each read once. ``now`` is seconds since the epoch; ``time.*`` are UTC."""

    __slots__ = ("_facts", "_read", "cut", "now")

    def __init__(self, facts: Facts, now: float) -> None:
        self._facts = facts
        self._read: dict[str, Values] = {}
        self.now = now
        #: Fields that may have more values than those that are read, and why.
        self.cut: dict[str, str] = {}

    def values(self, path: str) -> Values:
        """The values of a field; empty where it is missing. A derived field is not known here: empty."""
        found = self._read.get(path)
        if found is None:
            found = self._read[path] = self._find(path)
        return found

    def exists(self, path: str) -> bool:
        """Whether the field is there and not null; an empty object or list is there."""
        return bool(self.values(path)) or (path.startswith((ARGUMENTS, CONTEXT)) and self._occupied(path))

    def _find(self, path: str) -> Values:
        if path.startswith(_ARGUMENT):  # the usual case: an argument that is a plain value
            name = path[len(_ARGUMENT) :]
            if "." not in name and name != ANYWHERE:
                value = self._facts.call.arguments.get(name)
                if not isinstance(value, _LISTS):
                    single = plain(value)
                    return _NOTHING if single is None else (single,)
        group, _, rest = path.partition(".")
        if group == "time":
            return _time(self.now, rest)
        if path.startswith(ARGUMENTS):
            return self._inside(cast("JSON", self._facts.call.arguments), path, path[len(ARGUMENTS) + 1 :])
        if path.startswith(CONTEXT):
            return self._inside(cast("JSON", self._facts.call.context), path, path[len(CONTEXT) + 1 :])
        if group not in GROUPS:
            return _NOTHING
        if group in self._facts.unknown:
            self.cut[path] = f"{path} is not known: {group} facts could not be filled in"
            return _NOTHING
        value = getattr(getattr(self._facts, group), rest, None)
        if isinstance(value, _LISTS):
            return tuple([one for one in [plain(part) for part in value] if one is not None])
        single = plain(value)
        # An empty text means "not said".
        return _NOTHING if single is None or single == "" else (single,)

    def _inside(self, root: JSON, path: str, rest: str) -> Values:
        found = _inside(root, rest)
        if len(found) > MAX_FIELD_VALUES:
            self.cut[path] = f"{path} has too many values"
            return found[:MAX_FIELD_VALUES]
        return found

    def _occupied(self, path: str) -> bool:
        of_arguments = path.startswith(ARGUMENTS)
        root = self._facts.call.arguments if of_arguments else self._facts.call.context
        rest = path[len(ARGUMENTS if of_arguments else CONTEXT) + 1 :]
        if rest in ("", ANYWHERE):
            return bool(root)
        return any(value is not None for value in _at(cast("JSON", root), rest.removesuffix("." + ANYWHERE)))


def _time(now: float, part: str) -> Values:
    if not part:
        return (now,)
    at = moment(now)
    if at is None:
        return _NOTHING
    if part == "hour":
        return (at.hour,)
    if part == "minute":
        return (at.minute,)
    if part == "weekday":
        return (WEEKDAYS[at.weekday()],)
    return (at.strftime("%Y-%m-%d"),) if part == "date" else _NOTHING


def moment(now: float) -> datetime | None:
    """The time as a date in UTC; None where no calendar reaches."""
    try:
        return datetime.fromtimestamp(now, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _inside(root: JSON, path: str) -> Values:
    """The values at a path below a JSON value."""
    found: list[Scalar] = []
    for value in _at(root, path):
        if len(found) > MAX_FIELD_VALUES:
            break
        _leaves(value, found, deep=path == ANYWHERE or path.endswith("." + ANYWHERE))
    return tuple(found)


def _at(value: JSON, path: str) -> Iterator[JSON]:
    """What stands at a path. A key may hold dots itself: every way to read the path is tried."""
    if not path or path == ANYWHERE:
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _at(one, path)
    elif isinstance(value, Mapping):
        if path in value:
            yield value[path]
        at = path.find(".")
        while at >= 0:
            if path[:at] in value:
                yield from _at(value[path[:at]], path[at + 1 :])
            at = path.find(".", at + 1)


def _leaves(value: JSON, found: list[Scalar], *, deep: bool) -> None:
    """The plain values of a value: itself, or those of a list in it; with ``deep`` all below it."""
    level = [value]
    while level:
        inner: list[JSON] = []
        for one in level:
            if isinstance(one, list):
                inner.extend(one)
            elif isinstance(one, Mapping):
                if deep:
                    inner.extend(one.values())
            elif (single := plain(one)) is not None:
                found.append(single)
        level = inner

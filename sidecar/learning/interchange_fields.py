"""The fields of a usage pattern in ``patterns.yaml``: how each is written, and what is accepted where it is read.

docs/patterns-file.md explains them to people. Fields that hold their default are not written; ``level`` always is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeVar

from ..capture.extractor import LABEL_CHARS, Extractor
from ..capture.fingerprint import PREVIEW_BYTES
from ..capture.templates import TEMPLATE_CHARS
from ..model.counted import Counted
from ..model.pattern import EVERYWHERE, MAX_CALL_IDS, MAX_FIXES, MAX_SCOPES, PATTERN_ID_BYTES, Fix, UsagePattern
from ..model.vocabulary import Cause, Level, State
from ..store.tables import MAX_TOOL_NAME_BYTES
from . import yaml_writing as write
from .sequential import LOWER, SLACK, UPPER
from .yaml_reading import Node, Plain

E = TypeVar("E", bound=IntEnum)

ERROR_CHARS: Final = 500
REASON_BYTES: Final = 1024
#: Above every count that is meant: 2**53, up to which floats count exactly.
LARGEST: Final = 9_007_199_254_740_992
#: An epoch takes four bytes of what an id is made of, and may still rise.
LAST_EPOCH: Final = 2**31
#: Doublings of the pause between probes, see ``learner.py``.
MAX_BACKOFF: Final = 16

_NOTHING: Final = ("", "~", "null")
_INTEGER: Final = re.compile(r"\+?[0-9]{1,16}")
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]{1,20}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?")
_MOMENT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,20})?"
    r"(?:[Zz]|([-+])([0-9]{2}):?([0-9]{2}))"
)


class RefusedError(ValueError):
    """A field cannot be used. ``path`` is below the pattern, in dotted form; empty: the pattern itself."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class Imported(NamedTuple):
    """A pattern as it was read. ``id`` is empty where the file does not name it; ``epoch`` is the exporter's."""

    id: bytes
    pattern: UsagePattern


class _Field(NamedTuple):
    """``write`` gives what stands after the colon (lines below it begin with a line break), ``read`` the value back."""

    name: str
    attribute: str
    write: Callable[[Any], str]
    read: Callable[[Node, str, Extractor], Any]


def lines_of(key: bytes, pattern: UsagePattern) -> str:
    """A pattern as an item of the list."""
    lines = [f"- id: {write.octets(key)}"]
    for name, attribute, written, _ in _FIELDS:
        value = getattr(pattern, attribute)
        if value != _DEFAULTS[attribute]:
            lines.append(f"  {name}: {written(value)}" if attribute not in _BLOCKS else f"  {name}:{written(value)}")
    lines.append("")
    return "\n".join(lines)


def pattern_of(node: Node, extractor: Extractor) -> Imported:
    """An item of the list as a pattern, its texts redacted. Raises RefusedError."""
    if not isinstance(node, dict):
        raise RefusedError("", "must be a mapping of fields")
    values: dict[str, Any] = {"level": None, "tool": "", "server": "", "covers": b"", "description": ""}
    key = b""
    for name, value in node.items():
        if isinstance(value, Plain) and value in _NOTHING:
            continue
        if name == "id":
            key = _id(value, name, extractor)
            continue
        field = _BY_NAME.get(name)
        if field is None:
            raise RefusedError("", f"has no field {name[:40]!r}; there are id, {', '.join(_BY_NAME)}")
        values[field.attribute] = field.read(value, name, extractor)
    pattern = UsagePattern(**values)
    _check_subject(pattern)
    return Imported(key, pattern)


def _check_subject(pattern: UsagePattern) -> None:
    level: Level | None = pattern.level
    if level is None:
        raise RefusedError("level", f"is missing: one of {_names(Level)}")
    if level is Level.SERVER:
        if pattern.tool or not pattern.server:
            raise RefusedError("server", "a pattern of level server names its server, and no tool")
    elif not pattern.tool:
        raise RefusedError("tool", f"is missing: a pattern of level {level.name.lower()} names its tool")
    if (level in (Level.CALL, Level.ERROR)) is not bool(pattern.covers):
        raise RefusedError("covers", "stands at level call and error, and at no other")
    if level in (Level.TOOL, Level.SERVER) and pattern.epoch:
        raise RefusedError("epoch", "stands at level call and error only")


def _names(words: type[IntEnum]) -> str:
    return ", ".join(word.name.lower() for word in words)


def _word(words: type[E]) -> Callable[[Node, str, Extractor], E]:
    by_name = {word.name.lower(): word for word in words}

    def read(node: Node, path: str, _: Extractor) -> E:
        found = by_name.get(node) if isinstance(node, str) else None
        if found is None:
            raise RefusedError(path, f"must be one of {_names(words)}")
        return found

    return read


def _string(node: Node, path: str, limit: int) -> str:
    """A text of at most ``limit`` bytes."""
    if not isinstance(node, str):
        raise RefusedError(path, "must be a text")
    if not node.isascii() or len(node) > limit:
        size = len(node.encode("utf-8", "replace"))
        if size > limit:
            raise RefusedError(path, f"has {size} bytes, at most {limit} are allowed")
    return str(node)


def _text(limit: int, characters: int | None = None) -> Callable[[Node, str, Extractor], str]:
    def read(node: Node, path: str, extractor: Extractor) -> str:
        return extractor.observation_text(_string(node, path, limit), limit)[:characters]

    return read


def _label(node: Node, path: str, extractor: Extractor) -> str:
    return extractor.label(_string(node, path, 4 * LABEL_CHARS))


def _name(node: Node, path: str, _: Extractor) -> str:
    name = _string(node, path, MAX_TOOL_NAME_BYTES)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise RefusedError(path, "holds half of a surrogate pair") from None
    return name


def _flag(node: Node, path: str, _: Extractor) -> bool:
    if not isinstance(node, Plain) or node not in ("true", "false"):
        raise RefusedError(path, "must be true or false")
    return node == "true"


def _whole(most: int) -> Callable[[Node, str, Extractor], int]:
    def read(node: Node, path: str, _: Extractor) -> int:
        if not isinstance(node, Plain) or not _INTEGER.fullmatch(node) or int(node) > most:
            raise RefusedError(path, f"must be a whole number from 0 to {most}")
        return int(node)

    return read


def _number(low: float, high: float) -> Callable[[Node, str, Extractor], float]:
    def read(node: Node, path: str, _: Extractor) -> float:
        if isinstance(node, Plain) and _NUMBER.fullmatch(node) and low <= (value := float(node)) <= high:
            return value + 0.0
        raise RefusedError(path, f"must be a number from {low:g} to {high:g}")

    return read


_count: Final = _whole(LARGEST)
_amount: Final = _number(0.0, float(LARGEST))


def _moment(node: Node, path: str, extractor: Extractor) -> float:
    found = _MOMENT.fullmatch(node) if isinstance(node, str) else None
    if found is None:
        if isinstance(node, Plain) and _NUMBER.fullmatch(node):
            return _number(0.0, float(write.END_OF_TIME))(node, path, extractor)
        raise RefusedError(path, "must be a time such as 2026-05-17T08:30:00Z")
    *parts, fraction, sign, hours, minutes = found.groups()
    zone = UTC
    try:
        if sign:
            zone = timezone(timedelta(hours=int(sign + hours), minutes=int(sign + minutes)))
        seconds = int(datetime(*map(int, parts), tzinfo=zone).timestamp())  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise RefusedError(path, f"is no time: {error}") from None
    if seconds < 0:
        raise RefusedError(path, "must not be before 1970")
    return float(f"{seconds}{fraction or ''}")


def _octets(least: int, most: int = 0) -> Callable[[Node, str, Extractor], bytes]:
    most = most or least
    size = f"{2 * least}" if least == most else f"{2 * least} to {2 * most}"

    def read(node: Node, path: str, _: Extractor) -> bytes:
        try:
            value = bytes.fromhex(node) if isinstance(node, str) and " " not in node else b""
        except ValueError:
            value = b""
        if not least <= len(value) <= most:
            raise RefusedError(path, f"must be {size} hexadecimal digits")
        return value

    return read


def _mapping(node: Node, path: str, names: tuple[str, ...]) -> dict[str, Node]:
    if not isinstance(node, dict):
        raise RefusedError(path, f"must be a mapping of {', '.join(names)}")
    for name in node:
        if name not in names:
            raise RefusedError(path, f"has no field {name[:40]!r}; there are {', '.join(names)}")
    return node


def _counted(node: Node, path: str, extractor: Extractor) -> Counted:
    fields = _mapping(node, path, ("failures", "successes", "time"))
    return Counted(
        successes=_amount(fields.get("successes", _ZERO), f"{path}.successes", extractor),
        failures=_amount(fields.get("failures", _ZERO), f"{path}.failures", extractor),
        time=_moment(fields.get("time", _ZERO), f"{path}.time", extractor),
    )


def _list(node: Node, path: str, most: int) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, list) or len(node) > most:
        raise RefusedError(path, f"must be a list of at most {most}")
    return ((f"{path}[{index}]", inner) for index, inner in enumerate(node))


def _call_ids(node: Node, path: str, extractor: Extractor) -> list[str]:
    return [_label(inner, where, extractor) for where, inner in _list(node, path, MAX_CALL_IDS)]


def _scopes(node: Node, path: str, extractor: Extractor) -> dict[bytes, Counted]:
    if not isinstance(node, dict) or len(node) > MAX_SCOPES:
        raise RefusedError(path, f"must be a mapping of at most {MAX_SCOPES} hashes")
    read = _octets(8)
    found = {read(name, path, extractor): _counted(inner, path, extractor) for name, inner in node.items()}
    if len(found) < len(node):
        raise RefusedError(path, "a hash stands twice")
    return found


def _fixes(node: Node, path: str, extractor: Extractor) -> list[Fix]:
    fixes = []
    for where, inner in _list(node, path, MAX_FIXES):
        fields = _mapping(inner, where, ("tool", "arguments", "fingerprint", "worked", "time"))
        for name in ("tool", "fingerprint"):
            if not fields.get(name):
                raise RefusedError(f"{where}.{name}", "is missing")
        fixes.append(
            Fix(
                tool=_name(fields["tool"], f"{where}.tool", extractor),
                preview=_preview(fields.get("arguments", ""), f"{where}.arguments", extractor),
                fingerprint=_octets(16)(fields["fingerprint"], f"{where}.fingerprint", extractor),
                worked=_count(fields.get("worked", _ZERO), f"{where}.worked", extractor),
                time=_moment(fields.get("time", _ZERO), f"{where}.time", extractor),
            )
        )
    return fixes


def _write_scopes(scopes: dict[bytes, Counted]) -> str:
    return "".join(f"\n    {write.octets(value)}: {write.counted(record)}" for value, record in scopes.items())


def _write_fixes(fixes: list[Fix]) -> str:
    return "".join(
        f"\n  - tool: {write.text(fix.tool)}\n    arguments: {write.text(fix.preview)}"
        f"\n    fingerprint: {write.octets(fix.fingerprint)}"
        f"\n    worked: {fix.worked}\n    time: {write.moment(fix.time)}"
        for fix in fixes
    )


def _write_word(word: IntEnum) -> str:
    return word.name.lower()


def _write_flag(flag: bool) -> str:
    return "true" if flag else "false"


_ZERO: Final = Plain("0")
_id: Final = _octets(PATTERN_ID_BYTES)
_preview: Final = _text(PREVIEW_BYTES)

_FIELDS: Final = (
    _Field("level", "level", _write_word, _word(Level)),
    _Field("state", "state", _write_word, _word(State)),
    _Field("suspended_reason", "suspended_reason", write.text, _text(REASON_BYTES)),
    _Field("cause", "cause", _write_word, _word(Cause)),
    _Field("transient", "transient", _write_flag, _flag),
    _Field("tool", "tool", write.text, _name),
    _Field("server", "server", write.text, _name),
    _Field("scope", "scope", write.text, _label),
    _Field("description", "description", write.text, _preview),
    _Field("template", "template", write.text, _text(4 * TEMPLATE_CHARS, TEMPLATE_CHARS)),
    _Field("last_error", "last_error", write.text, _text(4 * ERROR_CHARS, ERROR_CHARS)),
    _Field("covers", "covers", write.octets, _octets(1, 32)),
    _Field("epoch", "epoch", str, _whole(LAST_EPOCH)),
    _Field("failures", "failures", str, _count),
    _Field("successes", "successes", str, _count),
    _Field("evidence", "rate", write.counted, _counted),
    _Field("plain", "plain", write.counted, _counted),
    _Field("changed", "changed", write.counted, _counted),
    _Field("kin", "kin", write.counted, _counted),
    _Field("ratio", "ratio", write.number, _number(LOWER - SLACK, UPPER + SLACK)),
    _Field("scopes", "scopes", _write_scopes, _scopes),
    _Field("call_ids", "call_ids", write.sequence, _call_ids),
    _Field("first_time", "first_time", write.moment, _moment),
    _Field("last_time", "last_time", write.moment, _moment),
    _Field("last_failed", "last_failed", _write_flag, _flag),
    _Field("backoff", "backoff", str, _whole(MAX_BACKOFF)),
    _Field("probe_due", "probe_due", write.moment, _moment),
    _Field("retry_until", "retry_until", write.moment, _moment),
    _Field("prevented", "prevented", str, _count),
    _Field("right", "right", str, _count),
    _Field("wrong", "wrong", str, _count),
    _Field("appeals", "appeals", str, _count),
    _Field("fixes", "fixes", _write_fixes, _fixes),
)
_BY_NAME: Final = {field.name: field for field in _FIELDS}
_BLOCKS: Final = frozenset({"scopes", "fixes"})
_DEFAULTS: Final[dict[str, Any]] = {
    "level": None, "state": State.CANDIDATE, "suspended_reason": "", "cause": Cause.NONE, "transient": False,
    "tool": "", "server": "", "scope": EVERYWHERE, "description": "", "template": "", "last_error": "", "covers": b"",
    "epoch": 0, "failures": 0, "successes": 0, "rate": Counted(), "plain": Counted(), "changed": Counted(),
    "kin": Counted(),     "ratio": 0.0, "scopes": {}, "call_ids": [], "first_time": 0.0, "last_time": 0.0, "last_failed": False,
    "backoff": 0, "probe_due": 0.0, "retry_until": 0.0, "prevented": 0, "right": 0, "wrong": 0, "appeals": 0,
    "fixes": [],
}  # fmt: skip

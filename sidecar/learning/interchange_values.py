"""What is accepted as the value of a field of ``patterns.yaml``: one reader for each kind of value.

A reader takes the value as a tree of texts, its path for the error, and the extractor that redacts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from typing import Final, TypeVar

from ..capture.extractor import LABEL_CHARS, Extractor
from ..capture.fingerprint import PREVIEW_BYTES
from ..model.counted import Counted
from ..model.pattern import MAX_CALL_IDS, MAX_EDITS, MAX_FAILING, MAX_FIXES, MAX_SCOPES, PATTERN_ID_BYTES, Edit, Fix
from ..model.trial import Trial
from ..store.tables import MAX_TOOL_NAME_BYTES
from ..yaml_tree import Node, Plain
from .edits import KINDS, PART_CHARS
from .repeats import EDGES
from .yaml_writing import END_OF_TIME

E = TypeVar("E", bound=IntEnum)

ERROR_CHARS: Final = 500
REASON_BYTES: Final = 1024
#: Above every count that is meant: 2**53, up to which floats count exactly.
LARGEST: Final = 9_007_199_254_740_992
#: An epoch takes four bytes of what an id is made of, and may still rise.
LAST_EPOCH: Final = 2**31
#: Doublings of the pause between probes, see ``learner.py``.
MAX_BACKOFF: Final = 16

NOTHING: Final = ("", "~", "null")
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


def names_of(words: Iterable[IntEnum]) -> str:
    """The words of a vocabulary as they are written."""
    return ", ".join(word.name.lower() for word in words)


def word_of(words: Iterable[E]) -> Callable[[Node, str, Extractor], E]:
    """A reader of one of a vocabulary's words."""
    by_name = {word.name.lower(): word for word in words}

    def read(node: Node, path: str, _: Extractor) -> E:
        found = by_name.get(node) if isinstance(node, str) else None
        if found is None:
            raise RefusedError(path, f"must be one of {names_of(words)}")
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


def text_of(limit: int, characters: int | None = None) -> Callable[[Node, str, Extractor], str]:
    """A reader of texts of at most ``limit`` bytes, which redacts them."""

    def read(node: Node, path: str, extractor: Extractor) -> str:
        return extractor.observation_text(_string(node, path, limit), limit)[:characters]

    return read


def read_label(node: Node, path: str, extractor: Extractor) -> str:
    """A name or id that is redacted."""
    return extractor.label(_string(node, path, 4 * LABEL_CHARS))


def read_name(node: Node, path: str, _: Extractor) -> str:
    """The name of a tool or server, kept as it is."""
    name = _string(node, path, MAX_TOOL_NAME_BYTES)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise RefusedError(path, "holds half of a surrogate pair") from None
    return name


def flag(node: Node, path: str, _: Extractor) -> bool:
    """True or false."""
    if not isinstance(node, Plain) or node not in ("true", "false"):
        raise RefusedError(path, "must be true or false")
    return node == "true"


def whole_to(most: int) -> Callable[[Node, str, Extractor], int]:
    """A reader of whole numbers from 0 to ``most``."""

    def read(node: Node, path: str, _: Extractor) -> int:
        if not isinstance(node, Plain) or not _INTEGER.fullmatch(node) or int(node) > most:
            raise RefusedError(path, f"must be a whole number from 0 to {most}")
        return int(node)

    return read


def number_in(low: float, high: float) -> Callable[[Node, str, Extractor], float]:
    """A reader of finite numbers within bounds."""

    def read(node: Node, path: str, _: Extractor) -> float:
        if isinstance(node, Plain) and _NUMBER.fullmatch(node) and low <= (value := float(node)) <= high:
            return value + 0.0
        raise RefusedError(path, f"must be a number from {low:g} to {high:g}")

    return read


count: Final = whole_to(LARGEST)
_amount: Final = number_in(0.0, float(LARGEST))


def read_moment(node: Node, path: str, extractor: Extractor) -> float:
    """A time as seconds since the epoch."""
    found = _MOMENT.fullmatch(node) if isinstance(node, str) else None
    if found is None:
        if isinstance(node, Plain) and _NUMBER.fullmatch(node):
            return number_in(0.0, float(END_OF_TIME))(node, path, extractor)
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


def octets_of(least: int, most: int = 0) -> Callable[[Node, str, Extractor], bytes]:
    """A reader of so many bytes in hexadecimal."""
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


def read_counted(node: Node, path: str, extractor: Extractor) -> Counted:
    """A decayed record."""
    fields = _mapping(node, path, ("failures", "successes", "time"))
    return Counted(
        successes=_amount(fields.get("successes", _ZERO), f"{path}.successes", extractor),
        failures=_amount(fields.get("failures", _ZERO), f"{path}.failures", extractor),
        time=read_moment(fields.get("time", _ZERO), f"{path}.time", extractor),
    )


def read_trial(node: Node, path: str, extractor: Extractor) -> Trial:
    """What became of calls that were to be prevented."""
    fields = _mapping(node, path, ("right", "wrong", "heaviest"))
    heaviest = fields.get("heaviest", Plain("1.0"))
    return Trial(
        right=_amount(fields.get("right", _ZERO), f"{path}.right", extractor),
        wrong=_amount(fields.get("wrong", _ZERO), f"{path}.wrong", extractor),
        heaviest=number_in(1.0, float(LARGEST))(heaviest, f"{path}.heaviest", extractor),
    )


def _list(node: Node, path: str, most: int) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, list) or len(node) > most:
        raise RefusedError(path, f"must be a list of at most {most}")
    return ((f"{path}[{index}]", inner) for index, inner in enumerate(node))


def read_call_ids(node: Node, path: str, extractor: Extractor) -> list[str]:
    """Ids of calls, redacted."""
    return [read_label(inner, where, extractor) for where, inner in _list(node, path, MAX_CALL_IDS)]


def read_failing(node: Node, path: str, extractor: Extractor) -> list[str]:
    """Names of tools."""
    return [read_name(entry, at, extractor) for at, entry in _list(node, path, MAX_FAILING)]


def read_scopes(node: Node, path: str, extractor: Extractor) -> dict[bytes, Counted]:
    """Records by the hash of a context value, in order."""
    if not isinstance(node, dict) or len(node) > MAX_SCOPES:
        raise RefusedError(path, f"must be a mapping of at most {MAX_SCOPES} hashes")
    read = octets_of(8)
    found = {read(name, path, extractor): read_counted(inner, path, extractor) for name, inner in node.items()}
    if len(found) < len(node):
        raise RefusedError(path, "a hash stands twice")
    return found


def read_fixes(node: Node, path: str, extractor: Extractor) -> list[Fix]:
    """What worked instead."""
    fixes = []
    for where, inner in _list(node, path, MAX_FIXES):
        fields = _mapping(inner, where, ("tool", "arguments", "fingerprint", "worked", "failed", "several", "time"))
        for name in ("tool", "fingerprint"):
            if not fields.get(name):
                raise RefusedError(f"{where}.{name}", "is missing")
        fixes.append(
            Fix(
                tool=read_name(fields["tool"], f"{where}.tool", extractor),
                preview=read_preview(fields.get("arguments", ""), f"{where}.arguments", extractor),
                fingerprint=octets_of(16)(fields["fingerprint"], f"{where}.fingerprint", extractor),
                worked=count(fields.get("worked", _ZERO), f"{where}.worked", extractor),
                time=read_moment(fields.get("time", _ZERO), f"{where}.time", extractor),
                failed=count(fields.get("failed", _ZERO), f"{where}.failed", extractor),
                several=flag(fields.get("several", _NO), f"{where}.several", extractor),
            )
        )
    return fixes


def read_edits(node: Node, path: str, extractor: Extractor) -> list[Edit]:
    """What was changed in calls that then worked."""
    edits = []
    part = text_of(4 * PART_CHARS, PART_CHARS)
    for where, inner in _list(node, path, MAX_EDITS):
        known = ("kind", "argument", "before", "after", "worked", "failed", "several", "time")
        fields = _mapping(inner, where, known)
        kind = part(fields.get("kind", ""), f"{where}.kind", extractor)
        if kind not in KINDS:
            raise RefusedError(f"{where}.kind", f"must be one of {', '.join(sorted(KINDS))}")
        edits.append(
            Edit(
                kind=kind,
                argument=part(fields.get("argument", ""), f"{where}.argument", extractor),
                before=part(fields.get("before", ""), f"{where}.before", extractor),
                after=part(fields.get("after", ""), f"{where}.after", extractor),
                worked=count(fields.get("worked", _ZERO), f"{where}.worked", extractor),
                failed=count(fields.get("failed", _ZERO), f"{where}.failed", extractor),
                time=read_moment(fields.get("time", _ZERO), f"{where}.time", extractor),
                several=flag(fields.get("several", _NO), f"{where}.several", extractor),
            )
        )
    return edits


def read_delays(node: Node, path: str, extractor: Extractor) -> dict[int, list[float]]:
    """Per bin of pauses: repeats that worked, that failed, seconds that those that worked had waited together."""
    found: dict[int, list[float]] = {}
    for where, inner in _list(node, path, len(EDGES) + 1):
        fields = _mapping(inner, where, ("bin", "worked", "failed", "seconds"))
        at = whole_to(len(EDGES))(fields.get("bin", _ZERO), f"{where}.bin", extractor)
        amounts = [
            number_in(0.0, 1e15)(fields.get(name, _ZERO), f"{where}.{name}", extractor)
            for name in ("worked", "failed", "seconds")
        ]
        if at in found:
            raise RefusedError(path, "a bin stands twice")
        found[at] = amounts
    return found


_ZERO: Final = Plain("0")
_NO: Final = Plain("false")
pattern_id: Final = octets_of(PATTERN_ID_BYTES)
read_preview: Final = text_of(PREVIEW_BYTES)

"""What makes two calls the same, alike, or of one kind: three hashes over arguments that are already redacted.

Hashes are blake2b over the tool's name, a zero byte and a canonical form, so they are the same in every process and,
unless a secret is inside (its stand-in depends on the store's key), in every store.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from ..model.call import JSON

#: Bytes of a preview, UTF-8, the mark of a cut included.
PREVIEW_BYTES: Final = 2_048
#: How deep the shape looks into objects and arrays.
SHAPE_DEPTH: Final = 3
#: Items of an array whose types the shape tells.
SHAPE_ITEMS: Final = 8
#: Layouts that are remembered, and the characters of names that one may have.
LAYOUTS: Final = 4_096
_LAYOUT_CHARS: Final = 256

_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_CUT: Final = "…".encode()
_TYPES: Final[dict[type, str]] = {
    str: "s", int: "n", float: "n", bool: "b", type(None): "0", dict: "o", list: "a",
}  # fmt: skip
_NESTED: Final = frozenset((dict, list))


def canonical(arguments: Mapping[str, JSON]) -> bytes:
    """JSON with keys in order and one spelling for every number: 1.0 is 1, -0.0 is 0, 1e3 is 1000."""
    for value in arguments.values():
        kind = type(value)
        if kind is float or kind is dict or kind is list:
            return _encode({key: _normal(value) for key, value in arguments.items()})
    return _encode(arguments)


def fingerprint(tool: str, canonical_arguments: bytes) -> bytes:
    """16 bytes, equal for calls of one tool with equal arguments."""
    return _hash(tool, canonical_arguments, 16)


def shape(tool: str, arguments: dict[str, JSON]) -> bytes:
    """8 bytes, equal for calls of one tool with equal argument names and JSON types to ``SHAPE_DEPTH``."""
    names = sorted(arguments)
    tags = "".join([_TYPES[type(arguments[name])] for name in names])
    if "o" in tags or "a" in tags:
        tags = _shape_of(arguments, SHAPE_DEPTH)
    return _short(tool, "\0".join([tags, *names]))


class Layouts:
    """The shapes and kinds of calls, by what argument names and types alone say of them. Thread-safe, bounded.

    Most calls of a tool have one layout. What is remembered are names, as they are given: redacted.
    """

    def __init__(self) -> None:
        # By tool, names and types: the shape, None where it depends on what is inside; what the kind begins with.
        self._known: dict[tuple[object, ...], tuple[bytes | None, str]] = {}

    def of(self, tool: str, arguments: dict[str, JSON]) -> tuple[bytes, bytes]:
        """The shape, see :func:`shape`, and the kind of a call.

        The kind is 8 bytes, equal for calls that start alike: argument names, and the head of the longest text
        argument. The head is the first word of its first line that is not blank: of a shell command, the program.
        """
        values = arguments.values()
        key = (tool, *arguments, *map(type, values))
        found, start = self._known.get(key) or self._layout(key, tool, arguments)
        longest = ""
        for value in values:
            if type(value) is str and len(value) > len(longest):
                longest = value
        # A bounded look: the first word of a text of 1 MiB without a space is not a word.
        head = longest[:256].split(None, 1)
        kind = _short(tool, f"{start}\0{head[0]}" if head else start)
        return (shape(tool, arguments) if found is None else found), kind

    def _layout(self, key: tuple[object, ...], tool: str, arguments: dict[str, JSON]) -> tuple[bytes | None, str]:
        found = None if any(type(value) in _NESTED for value in arguments.values()) else shape(tool, arguments)
        layout = found, "\0".join([*sorted(arguments), ""])
        if len(layout[1]) <= _LAYOUT_CHARS:
            if len(self._known) >= LAYOUTS:
                self._known = {}  # replaced, not cleared: other threads read it
            self._known[key] = layout
        return layout


def preview(canonical_arguments: bytes) -> str:
    """The canonical arguments as text, at most ``PREVIEW_BYTES`` bytes, cut between characters and marked with "…"."""
    if len(canonical_arguments) <= PREVIEW_BYTES:
        return canonical_arguments.decode()
    return (canonical_arguments[: PREVIEW_BYTES - len(_CUT)]).decode(errors="ignore") + "…"


def _hash(tool: str, content: bytes, size: int) -> bytes:
    return blake2b(tool.encode("utf-8", "surrogatepass") + b"\0" + content, digest_size=size).digest()


@lru_cache(maxsize=4_096)
def _cached(tool: str, content: str) -> bytes:
    return _hash(tool, content.encode("utf-8", "surrogatepass"), 8)


def _short(tool: str, content: str) -> bytes:
    """Names and types repeat from call to call, so short ones are looked up; long ones would fill the memory."""
    return _cached(tool, content) if len(content) <= 256 else _cached.__wrapped__(tool, content)


def _normal(value: JSON) -> JSON:
    if type(value) is float:
        # By its decimal spelling, not its binary value: 1e23 and 100000000000000000000000 are one number to a person.
        return int(value) if abs(value) < 1e15 and value == int(value) else _whole(value)
    if type(value) is dict:
        return {key: _normal(inner) for key, inner in value.items()}
    if type(value) is list:
        return [_normal(inner) for inner in value]
    return value


def _whole(value: float) -> float | int:
    return int(Decimal(repr(value))) if value.is_integer() else value


def _shape_of(value: JSON, depth: int) -> str:
    if type(value) is dict:
        if not depth:
            return "o"
        parts = []
        for key in sorted(value):
            inner = value[key]
            tag = _TYPES[type(inner)]
            parts.append(f"{key}:{_shape_of(inner, depth - 1) if tag in 'oa' else tag}")
        return "{" + ",".join(parts) + "}"
    if type(value) is list:
        # The set of item types, not their number: a list of two and of three texts are one shape.
        if not depth:
            return "a"
        return "[" + "|".join(sorted({_shape_of(item, depth - 1) for item in value[:SHAPE_ITEMS]})) + "]"
    return _TYPES[type(value)]

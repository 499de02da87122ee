"""What makes two calls the same, alike, or of one kind: three hashes over arguments that are already redacted.

Hashes are blake2b over the tool's name, a zero byte and a canonical form, so they are the same in every process and,
unless a secret is inside (its stand-in depends on the store's key), in every store.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Final

import msgspec

from ..model.call import JSON
from ..native.canonical import kept

#: Bytes of a preview, UTF-8, the mark of a cut included.
PREVIEW_BYTES: Final = 2_048
#: How deep the shape looks into objects and arrays.
SHAPE_DEPTH: Final = 3
#: Items of an array whose types the shape tells.
SHAPE_ITEMS: Final = 8

_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_CUT: Final = "…".encode()
_TYPES: Final[dict[type, str]] = {
    str: "s", int: "n", float: "n", bool: "b", type(None): "0", dict: "o", list: "a",
}  # fmt: skip


def said_of(tool: str, arguments: dict[str, JSON]) -> tuple[bytes, bytes, bytes, str]:
    """Fingerprint, shape, kind and preview at once, of arguments that are redacted already."""
    found = kept(tool, arguments, _spelled, PREVIEW_BYTES)
    if found is None:  # many names, deep, large numbers
        text = canonical(arguments)
        return fingerprint(tool, text), shape(tool, arguments), kind(tool, arguments), preview(text)
    said, form, start, shown = found
    if form is None:  # it depends on what is inside of an argument
        form = shape(tool, arguments)
    return said, form, start, shown


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


def kind(tool: str, arguments: Mapping[str, JSON]) -> bytes:
    """8 bytes, equal for calls that start alike: argument names, and the head of the longest text argument.

    The head is the first word of its first line that is not blank: of a shell command, the program.
    """
    longest = ""
    for value in arguments.values():
        if type(value) is str and len(value) > len(longest):
            longest = value
    # A bounded look: the first word of a text of 1 MiB without a space is not a word.
    head = longest[:256].split(None, 1)[:1]
    return _short(tool, "\0".join([*sorted(arguments), "", *head]))


def preview(canonical_arguments: bytes) -> str:
    """The canonical arguments as text, at most ``PREVIEW_BYTES`` bytes, cut between characters and marked with "…"."""
    if len(canonical_arguments) <= PREVIEW_BYTES:
        return canonical_arguments.decode()
    return (canonical_arguments[: PREVIEW_BYTES - len(_CUT)]).decode(errors="ignore") + "…"


def _hash(tool: str, content: bytes, size: int) -> bytes:
    return blake2b(tool.encode("utf-8", "surrogatepass") + b"\0" + content, digest_size=size).digest()


def _short(tool: str, content: str) -> bytes:
    return _hash(tool, content.encode("utf-8", "surrogatepass"), 8)


def _spelled(value: float) -> bytes:
    return _encode(_normal(value))


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

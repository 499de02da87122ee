"""Keys that an error text asks for: "'file_hash' is a required property", "missing argument: path".

Read by the general English of such errors, on lines that speak of something required or missing. Too many candidates do
no harm: whether calls without a key really fail is counted afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..model.call import JSON
from .culprits import argument_text

#: Most keys of one error.
MAX_ASKED: Final = 6
_LINES: Final = 24
_LINE_CHARS: Final = 400
_KEYS: Final = 256

_ASKS: Final = re.compile(
    r"\b(?:requir(?:ed|es)|missing|mandatory|needed|must\s(?:be\s(?:provided|given|set|specified|present)"
    r"|have|include|contain|provide|specify))\b",
    re.IGNORECASE,
)
#: One of these stands in whatever asks. To look for them takes a tenth of what the lines do.
_ASKING: Final = ("requir", "missing", "mandatory", "needed", "must")
_NAME: Final = r"[A-Za-z_][\w.-]{0,63}"
_QUOTED: Final = re.compile(rf"['\"`‘“]({_NAME})['\"`’”]")
_LISTED: Final = re.compile(rf":\s*({_NAME}(?:\s*,\s*{_NAME})*)\s*\.?$")
_SUBJECT: Final = re.compile(
    rf"\b({_NAME})\s(?:(?:field|argument|parameter|property|is|are|was|must)\s)+", re.IGNORECASE
)
_ALONE: Final = re.compile(rf"\s*({_NAME})\s*:?\s*$")
_NO_NAMES: Final = frozenset(
    "a an the this that it is are was one field fields argument arguments parameter parameters property properties key"
    " keys value values option options required missing input error type body and or".split()
)


def asked_for(error: str, arguments: Mapping[str, JSON]) -> tuple[str, ...]:
    """Names of keys that an error asks for and that the arguments lack at any depth, at most ``MAX_ASKED``."""
    if error.isascii():
        plain = error.lower()
        if not any(word in plain for word in _ASKING):
            return ()
    found: dict[str, None] = {}
    before = ""
    for line in error.split("\n", _LINES)[:_LINES]:
        shown = line[:_LINE_CHARS]
        if _ASKS.search(shown):
            names = [*_QUOTED.findall(shown), *_SUBJECT.findall(shown)]
            listed = _LISTED.search(shown)
            if listed is not None:
                names.extend(listed[1].split(","))
            alone = _ALONE.match(before)
            if alone is not None:
                names.append(alone[1])
            for name in names:
                found[name.strip().rstrip(".").rpartition(".")[2]] = None
        before = shown
    if not found:
        return ()
    present = keys_of(arguments)
    given = argument_text(arguments)  # what stands in a value is what the error speaks of, not what it asks for
    lacking = [
        name
        for name in found
        if len(name) > 1 and name not in present and name.lower() not in _NO_NAMES and name.lower() not in given
    ]
    return tuple(lacking[:MAX_ASKED])


def keys_of(arguments: Mapping[str, JSON]) -> set[str]:
    """The names of keys in the arguments at any depth, of the first ``_KEYS`` values."""
    found = set(arguments)
    stack: list[JSON] = [value for value in arguments.values() if type(value) is dict or type(value) is list]
    seen = 0
    while stack and seen < _KEYS:
        item = stack.pop()
        seen += 1
        if isinstance(item, dict):
            found.update(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return found

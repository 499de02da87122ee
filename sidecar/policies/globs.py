"""Globs: ``*`` is any run of characters, also none, also over dots and slashes; ``?`` is one character."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

#: What a specificity counts a glob without wildcards as: more than any with.
_EXACT = 10_000


def matches(glob: str, text: str) -> bool:
    """Whether the whole text is of the glob's form. Linear for most globs, at worst the product of both lengths."""
    at = star = mark = 0
    resumed = False
    for_glob = 0
    while at < len(text):
        if for_glob < len(glob) and glob[for_glob] == "*":
            star, mark, resumed = for_glob, at, True
            for_glob += 1
        elif for_glob < len(glob) and glob[for_glob] in ("?", text[at]):
            for_glob += 1
            at += 1
        elif resumed:
            mark += 1
            for_glob, at = star + 1, mark
        else:
            return False
    return all(character == "*" for character in glob[for_glob:])


def as_re2(glob: str) -> str:
    """The glob as an RE2 pattern for the whole text."""
    parts = (".*" if part == "*" else "." if part == "?" else re2.escape(part) for part in re.split(r"([*?])", glob))
    return r"(?s)\A" + "".join(parts) + r"\z"


@lru_cache(maxsize=4096)
def compiled(glob: str) -> Any:  # re2 has no types
    """The glob as a compiled pattern, for ``search``."""
    return re2.compile(as_re2(glob))


def specificity(glob: str) -> int:
    """How much a glob says: its literal characters, far more where it has no wildcard."""
    literal = sum(character not in "*?" for character in glob)
    return literal if literal < len(glob) else literal + _EXACT

"""Many patterns searched in one pass, by RE2 sets, kept so small that none runs out of room and says "no match"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import re2

#: Bytes that a set may use, and instructions of the patterns in it: a state of its automaton takes 4 bytes for each.
_MEMORY: Final = 16 << 20
_INSTRUCTIONS: Final = 20_000
#: A pattern with more instructions is searched by itself.
_LARGE: Final = 2_000


class PatternSet:
    """Tells which of its patterns are found in a text. Immutable, safe to share between threads."""

    __slots__ = ("_large", "_sets")

    def __init__(self, patterns: Sequence[str]) -> None:
        self._large: list[tuple[int, Any]] = []
        self._sets: list[tuple[Any, list[int]]] = []
        part: list[tuple[int, str]] = []
        size = 0
        for number, pattern in enumerate(patterns):
            one = re2.compile(pattern)
            if one.programsize > _LARGE:
                self._large.append((number, one.search))
                continue
            if part and size + one.programsize > _INSTRUCTIONS:
                self._sets.append(_set(part))
                part, size = [], 0
            part.append((number, pattern))
            size += one.programsize
        if part:
            self._sets.append(_set(part))

    def found(self, text: str) -> list[int]:
        """The numbers of the patterns that are found in the text."""
        hits = [number for number, search in self._large if search(text) is not None]
        for match, numbers in self._sets:
            hits.extend([numbers[at] for at in match(text) or ()])
        return hits


@lru_cache(maxsize=256)
def pattern_set(patterns: tuple[str, ...]) -> PatternSet:
    """The set of these patterns, from memory where it was made before."""
    return PatternSet(patterns)


def _set(part: list[tuple[int, str]]) -> tuple[Any, list[int]]:
    options = re2.Options()
    options.max_mem = _MEMORY
    made = re2.Set.SearchSet(options)
    for _, pattern in part:
        made.Add(pattern)
    made.Compile()
    return made.Match, [number for number, _ in part]

"""What a call is written with, as hashes: its words, neighbouring words, words in a place, and marks of its form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zlib import crc32

import msgspec

from ..model.call import JSON
from .phrases import Group, Phrases
from .scopes import Scopes
from .view import View
from .wording import leaves_of, visible

#: Words that are looked at for whether they are new, and of those the first, which are weighed.
KNOWN_WORDS: Final = 24
WEIGHED_WORDS: Final = 12
#: Arguments whose form is looked at, characters of each, and punctuation that is told apart.
_ARGUMENTS: Final = 16
_CHARS: Final = 200
_PUNCTUATION: Final = 12
#: What a group counts for, over the root of the number of its marks: long calls are no surer than short ones.
_WORDS: Final = 0.8
_PAIRS: Final = 0.4
_PLACED: Final = 0.7
_FORM: Final = 0.5
#: Calls whose marks are remembered: a call is asked about and then recorded.
_REMEMBERED: Final = 1_024

#: The middle bits of a product depend on most bits of its factors.
_MIXED: Final = 16
_MARK: Final = re.compile(r"[^\w ]|_")
_LONGEST: Final = 20
_LENGTHS: Final = tuple([f"length {bits}" for bits in range(_LONGEST + 1)])


class Marks(msgspec.Struct, frozen=True):
    """The marks of one call. All are hashes of at least 32 bits."""

    words: tuple[int, ...]
    pairs: tuple[int, ...]
    groups: tuple[Group, ...]


class MarksSeen:
    """The marks of calls seen lately. Thread-safe, bounded; holds hashes only."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, Scopes], Marks] = {}

    def of(self, view: View) -> Marks:
        """The marks of the view's call."""
        key = (view.features.fingerprint, view.scopes)
        found = self._known.get(key)
        if found is None:
            found = marks_of(view.wording.words, view.scopes, visible(view.call, view.features))
            if len(self._known) >= _REMEMBERED:
                self._known = {}  # replaced, not cleared: other threads read it
            self._known[key] = found
        return found


def marks_of(words: tuple[int, ...], scopes: Scopes, arguments: Mapping[str, JSON]) -> Marks:
    """The marks of a call with these words (hashes of 32 bits) made in these scopes."""
    words = words[:KNOWN_WORDS]
    pairs = tuple([one * 31 + other * 17 for one, other in pairwise(words)])
    weighed = words[:WEIGHED_WORDS]
    placed = [place * word >> _MIXED for place in _places_of(scopes) for word in weighed]
    groups = (
        (_WORDS, weighed),
        (_PAIRS, pairs[: WEIGHED_WORDS - 1]),
        (_PLACED, placed),
        (_FORM, form_of(arguments)),
    )
    return Marks(words, pairs, tuple([(scale / len(marks) ** 0.5, marks) for scale, marks in groups if marks]))


def weigh_each(phrases: Phrases, words: Sequence[int], scopes: Scopes) -> list[float]:
    """What each word adds to the log-odds by itself, everywhere and in these scopes together."""
    at = phrases.table()
    if at is None:
        return [0.0] * len(words)
    mask = len(at) - 1
    places = _places_of(scopes)
    placed = _PLACED / len(places) ** 0.5 if places else 0.0
    return [
        _WORDS * at[word & mask] + placed * sum([at[place * word >> _MIXED & mask] for place in places])
        for word in words
    ]


def form_of(arguments: Mapping[str, JSON]) -> tuple[int, ...]:
    """Per text: how long it is (by doubling), what it ends with, and the punctuation in it."""
    marks: list[int] = []
    for number, (name, text) in enumerate(leaves_of(arguments)):
        if number == _ARGUMENTS:
            break
        last = text[-1:]
        marks.append(_hash(_LENGTHS[min(len(text).bit_length(), _LONGEST)], name))
        marks.append(_hash("a" if last.islower() else "A" if last.isupper() else "0" if last.isdigit() else last, name))
        marks += [_hash("has " + one, name) for one in sorted(set(_MARK.findall(text, 0, _CHARS)))[:_PUNCTUATION]]
    return tuple(marks)


@lru_cache(maxsize=1_024)
def _places_of(scopes: Scopes) -> tuple[int, ...]:
    """An odd number of 32 bits for each scope: multiplied by a word's, it gives bits that depend on all of both."""
    return tuple([int.from_bytes(value[:4], "big") | 1 for _, value in scopes])


@lru_cache(maxsize=4_096)
def _hash(mark: str, name: str) -> int:
    """Names of arguments, lengths and punctuation are few, and come again and again."""
    return crc32(f"{mark}\0{name}".encode("utf-8", "replace"))

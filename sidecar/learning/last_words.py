"""What the session's last call was about, if it worked: parts of hashes of its words, so that the next can be compared.

Two bytes a word: two calls of 12 words that have none in common are taken for alike once in 450 times, and no
word can be read back.
"""

from __future__ import annotations

from typing import Final

from ..native import words
from .view import View
from .wording import visible

#: Words that are kept.
MOST: Final = words.LAST_WORDS
_WIDTH: Final = 2


def last_words_of(view: View) -> bytes:
    """The first words of the view's call, each once, packed."""
    return words.last_words(visible(view.call, view.features))


def shared(one: bytes, other: bytes) -> bool:
    """Whether two calls, packed so, have a word in common."""
    return not _each(one).isdisjoint(_each(other))


def _each(packed: bytes) -> set[bytes]:
    return {packed[at : at + _WIDTH] for at in range(0, len(packed), _WIDTH)}

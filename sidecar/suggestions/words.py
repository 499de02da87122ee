"""The words of an intent: stems, so that "databases" and "database" are one, and how each was written.

The same analysis as matching's, so that what is alike here is alike there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import tantivy

#: Different stems that are kept of an intent.
STEMS: Final = 32
_WORD: Final = re.compile(r"[^\W_]+")
_WORD_CHARS: Final = 40
_LEAST_CHARS: Final = 2
#: What redaction puts in the place of a secret tells nothing: "<email:1a2b3c4d>".
_STAND_IN: Final = re.compile(r"<[a-z_-]+:[0-9a-f]{8}>")


def stems_of(text: str) -> dict[str, str]:
    """Stems of a text, in order, each with the word that it was made of."""
    found: dict[str, str] = {}
    for word in _WORD.findall(_STAND_IN.sub(" ", text).lower()):
        if not _LEAST_CHARS <= len(word) <= _WORD_CHARS or word.isdigit():
            continue
        stem = _stem(word)
        if stem and stem not in found:
            found[stem] = word
            if len(found) >= STEMS:
                break
    return found


@lru_cache(maxsize=8_192)
def _stem(word: str) -> str:
    """The stem of a word; empty for a stop word."""
    return next(iter(_analyzer().analyze(word)), "")


@lru_cache(maxsize=1)
def _analyzer() -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )

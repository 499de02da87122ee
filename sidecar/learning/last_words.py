"""What the session's last call was about, if it worked: parts of hashes of its words, so that the next can be compared.

Two bytes a word: two calls of 12 words that have none in common are taken for alike once in 450 times, and no
word can be read back.
"""

from __future__ import annotations

import re
from typing import Final
from zlib import crc32

from .view import View
from .wording import leaves_of, visible

#: Words that are kept, and characters read of one text.
MOST: Final = 12
_CHARS: Final = 600
_WIDTH: Final = 2
#: Shorter words are in any call.
_WORD: Final = re.compile(r"\w{4,}")


def last_words_of(view: View) -> bytes:
    """The first words of the view's call, each once, packed."""
    words: dict[bytes, None] = {}
    for _, text in leaves_of(visible(view.call, view.features)):
        for word in _WORD.findall(text[:_CHARS].lower()):
            words[crc32(word.encode("utf-8", "replace")).to_bytes(4)[-_WIDTH:]] = None
            if len(words) == MOST:
                return b"".join(words)
    return b"".join(words)


def shared(one: bytes, other: bytes) -> bool:
    """Whether two calls, packed so, have a word in common."""
    return not _each(one).isdisjoint(_each(other))


def _each(packed: bytes) -> set[bytes]:
    return {packed[at : at + _WIDTH] for at in range(0, len(packed), _WIDTH)}

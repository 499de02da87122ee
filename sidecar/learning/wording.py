"""The words of a call's arguments, hashed, and what they make of its form: how it opens and what it ends with.

Words are runs between spaces, quotes and brackets, in lower case, then the parts of those that are no plain names
(folders of a path, fields of a dotted name); each argument's first character is one too, with the argument's name: a
leading quote or a letter for a number is a mistake of form. What capture hid stays hidden: where something was
redacted, words are taken from the preview.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final
from zlib import crc32

import msgspec

from ..capture.culprits import culprits
from ..model.call import JSON, Call, Features
from ..native.words import spell, worded

#: Wordings that are remembered.
_KNOWN: Final = 4_096


class Wording(msgspec.Struct, frozen=True):
    """``opening`` (8 bytes) is equal for calls whose longest text opens alike, ``ending`` where its last step does.

    Alike means the first word, and the stem of the second. ``words`` and ``forms`` are hashes of 32 bits, four bytes
    each: the words in order, each once; and of each text how long it is, what it ends with, and the punctuation in it.
    ``quoting`` says whether there are spaces inside of quotation marks of the longest text, see ``native/quotes.pyx``.
    """

    opening: bytes
    ending: bytes
    words: bytes
    forms: bytes
    quoting: int = 0


class Wordings:
    """The wordings of calls seen lately, by fingerprint: a call is asked about and then recorded. Thread-safe, bounded.

    Holds hashes only, so that no argument stays in memory.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Wording] = {}

    def of(self, call: Call, features: Features, volatile: Collection[str]) -> Wording:
        """The wording of a call without its volatile arguments."""
        found = self._known.get(features.fingerprint)
        if found is None:
            arguments = visible(call, features)
            if volatile:
                arguments = {name: value for name, value in arguments.items() if name not in volatile}
            found = wording_of(call.tool, arguments)
            if len(self._known) >= _KNOWN:
                self._known = {}  # replaced, not cleared: other threads read it
            self._known[features.fingerprint] = found
        return found


def visible(call: Call, features: Features) -> dict[str, JSON]:
    """The arguments as they may be learned from: without what was hidden."""
    if not features.redacted:
        return call.arguments
    try:
        shown = msgspec.json.decode(features.preview)
    except msgspec.DecodeError:
        return {}  # the preview was cut
    return shown if isinstance(shown, dict) else {}


def wording_of(tool: str, arguments: dict[str, JSON]) -> Wording:
    """The wording of a call."""
    return Wording(*worded(tool, arguments))


def named_by(error: str, arguments: Mapping[str, JSON]) -> frozenset[bytes]:
    """The words of the arguments that an error objects to."""
    return frozenset([hash_of(culprit) for culprit in culprits(error, arguments)])


def spelled(word: bytes, arguments: dict[str, JSON]) -> str:
    """A word as it stands in the arguments; empty for one that is no text of them."""
    return spell((word,), arguments).get(word, "")


def hash_of(word: str) -> bytes:
    """32 bits of a word, in four bytes."""
    return crc32(word.encode("utf-8", "replace")).to_bytes(4)


def leaves_of(arguments: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Texts and numbers in the arguments, each with the path of names to it."""
    stack: list[tuple[str, JSON]] = [*arguments.items()][::-1]
    while stack:
        name, item = stack.pop()
        if isinstance(item, str):
            yield name, item
        elif isinstance(item, dict):
            stack.extend((f"{name}.{key}", value) for key, value in reversed(item.items()))
        elif isinstance(item, list):
            stack.extend((name, value) for value in reversed(item))
        elif item is not None:
            yield name, str(item)

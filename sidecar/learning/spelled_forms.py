"""The form of a call's texts in words: how each begins and ends, how long it is and what punctuation is in it.

``wording.py`` keeps hashes only; what a hash stands for is found out anew from a call, where somebody is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from ..model.call import JSON
from ..native.words import FORM_ARGUMENTS, FORM_CHARS, PUNCTUATION, read
from .wording import hash_of, leaves_of

#: Characters that count as one.
_KINDS: Final = {"a": "a small letter", "A": "a capital letter", "0": "a digit"}
#: A name is cut to so many characters where it is told.
_NAME: Final = 60


def forms_in_words(arguments: dict[str, JSON]) -> Iterator[tuple[bytes, str]]:
    """The marks of ``Wording.forms``, in their order, each with what it says of which argument."""
    for name, text in islice(leaves_of(arguments), FORM_ARGUMENTS):
        marks = read({name: text})[2]
        said = [_length(len(text)), f"ends with {_kind(text[-1])}" if text else "is empty"]
        said += [f"has “{one}”" for one in _punctuation(text)]
        for at, what in enumerate(said):
            yield marks[4 * at : 4 * at + 4], f"`{name[:_NAME]}` {what}"


def beginnings_in_words(arguments: dict[str, JSON]) -> Iterator[tuple[bytes, str]]:
    """The marks among ``Wording.words`` that say how an argument begins, each with that."""
    for name, text in leaves_of(arguments):
        if text:
            first = _first(text[0])
            yield hash_of(f"^{name}\0{first}"), f"`{name[:_NAME]}` begins with {_KINDS.get(first) or f'“{first}”'}"


def _first(one: str) -> str:
    """The class of a first character; letters without case are small ones."""
    if one.isalpha():
        return "A" if one.isupper() else "a"
    return "0" if one.isdigit() else one


def _kind(last: str) -> str:
    """What a text ends with; letters without case are told apart."""
    if last.islower() or last.isupper() or last.isdigit():
        return _KINDS["a" if last.islower() else "A" if last.isupper() else "0"]
    return f"“{last}”"


def _length(size: int) -> str:
    if size < 2:
        return f"has {size} characters" if not size else "has one character"
    least = 1 << (size.bit_length() - 1)
    return f"has {least} to {2 * least - 1} characters"


def _punctuation(text: str) -> list[str]:
    found = {one for one in text[:FORM_CHARS] if one == "_" or not (one == " " or one.isalnum())}
    return sorted(found)[:PUNCTUATION]

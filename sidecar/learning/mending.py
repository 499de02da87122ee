"""Whether another call is this one, mended: what differs is what the error objected to, and stays what it was.

That two texts look alike says nothing of what they do: ``rm -rf /data/tmp`` looks like ``ls -la /data/raw``. So a call
that was seen elsewhere is taken for a correction only part by part. A part may be respelled, or replaced by what the
error itself speaks of, where the error named it; marks may be put around a text, or taken away. Where an error names
nothing, a respelling inside a longer name (a path, a dotted name) is left. Anything else is another call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from rapidfuzz.distance import Levenshtein

from ..capture.culprits import culprits
from ..model.call import JSON
from .edits import ADD, MARKS, difference, leaves, swapped
from .known_names import is_misspelling

#: Parts of a text that are compared, characters of an error, and the shortest word of an error that offers something.
_PARTS: Final = 600
_ERROR_CHARS: Final = 2_000
_LEAST_OFFER: Final = 3
#: Characters at an end of a text that are marks, not content.
_MARKS: Final = 4

_PART: Final = re.compile(r"\w+|\s+|[^\w\s]")
_NONE: Final = object()


def is_mended(errors: Sequence[str], before: Mapping[str, JSON], after: Mapping[str, JSON], *, proven: bool) -> bool:
    """Whether ``after`` may be offered for ``before``, of which the errors spoke (redacted, as they were).

    ``proven``: more than one session did so, or the one that asks. Then an argument may be added that no error named.
    """
    edit = difference(before, after)
    if edit is not None and edit.kind in MARKS and _is_marks(edit.before) and _is_marks(edit.after):
        return True
    if mends(errors, before, after):
        return True
    return proven and edit is not None and edit.kind == ADD


def mends(errors: Sequence[str], before: Mapping[str, JSON], after: Mapping[str, JSON]) -> bool:
    """Whether all that differs is what an error named, or what stands in its place is what one offered."""
    old, new = leaves(before), leaves(after)
    changed = _changed(old, new)
    if not changed:
        return False
    said = [error[:_ERROR_CHARS] for error in errors]
    if _is_offered(said, old, new, changed):
        return True
    return any(
        _mends(spoken, _named_by(error, before), old, new, changed) for error, spoken in zip(errors, said, strict=True)
    )


def is_offered(errors: Sequence[str], before: Mapping[str, JSON], after: Mapping[str, JSON]) -> bool:
    """Whether an error objects to the one whole text that differs and itself speaks of what stands in its place.

    Then nothing in ``after`` comes from elsewhere: that somebody made the call only says which of the offers to take.
    """
    old, new = leaves(before), leaves(after)
    return _is_offered([error[:_ERROR_CHARS] for error in errors], old, new, _changed(old, new))


def _changed(old: Mapping[str, JSON], new: Mapping[str, JSON]) -> list[str]:
    """The paths of values that differ."""
    return [path for path in {**old, **new} if old.get(path, _NONE) != new.get(path, _NONE)]


def _is_offered(said: Sequence[str], old: Mapping[str, JSON], new: Mapping[str, JSON], changed: Sequence[str]) -> bool:
    if len(changed) != 1:
        return False
    was, becomes = old.get(changed[0]), new.get(changed[0])
    if not isinstance(was, str) or not isinstance(becomes, str):
        return False
    return any(_says(spoken, was) and _offers(spoken, was, becomes) for spoken in said)


def _named_by(error: str, arguments: Mapping[str, JSON]) -> tuple[str, ...]:
    """The parts of the arguments that the error objects to, in lower case; not who speaks ("mkdir: cannot create")."""
    speaker = error.partition(":")[0].rpartition("/")[2].lower()
    return tuple([one for one in culprits(error, arguments) if one != speaker])


def _mends(
    said: str, named: tuple[str, ...], old: Mapping[str, JSON], new: Mapping[str, JSON], changed: Sequence[str]
) -> bool:
    for path in changed:
        was, becomes = old.get(path, _NONE), new.get(path, _NONE)
        if was is _NONE or becomes is _NONE:  # it was added or left out
            if not _says(said, re.split(r"[.\[]", path, maxsplit=1)[0]):
                return False
        elif isinstance(was, str) and isinstance(becomes, str):
            if not _is_mended_text(said, named, was, becomes, alone=len(changed) == 1):
                return False
        elif not _is_mended_value(said, path, was, becomes):
            return False
    return True


def _is_mended_value(said: str, path: str, was: object, becomes: object) -> bool:
    """Another type for the same text, or what the error speaks of where it names the argument."""
    one, other = _text(was), _text(becomes)
    named = _says(said, path) or _says(said, one)
    return one == other or (named and _offers(said, one, other))


def _is_mended_text(said: str, named: tuple[str, ...], was: str, becomes: str, *, alone: bool) -> bool:
    parts, others = _PART.findall(was), _PART.findall(becomes)
    if max(len(parts), len(others)) > _PARTS:
        return False
    found = list(_differences(parts, others))
    for start, end, old, new in found:
        if (start == 0 or end == len(parts)) and _is_marks(old) and _is_marks(new):
            continue
        like = len(old.split()) == len(new.split()) and is_misspelling(old.lower(), new.lower())
        if old and any(_stands_in(old, one) or _stands_in(one, old) for one in named):
            if not like and (_stands_in(new, was) or not _offers(said, was, new)):
                return False  # what stood in the call before is the call's echo
        elif not (like and alone and len(found) == 1 and not named and _is_inside(parts, start, end)):
            return False
    return True


def _differences(parts: list[str], others: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """Where texts differ: from which part to which of the first, and what stands there in either.

    What is only added or left out beside a word is compared with that word: ``users`` and ``main.users``.
    """
    spans: list[list[int]] = []
    for step in Levenshtein.opcodes(parts, others):
        if step.tag == "equal":
            continue
        if spans and spans[-1][1] == step.src_start and spans[-1][3] == step.dest_start:
            spans[-1][1], spans[-1][3] = step.src_end, step.dest_end
        else:
            spans.append([step.src_start, step.src_end, step.dest_start, step.dest_end])
    for start, end, first, last in spans:
        added, gone = "".join(others[first:last]), "".join(parts[start:end])
        at_an_end = (start == 0 or end == len(parts)) and _is_marks(added) and _is_marks(gone)
        widened = (start == end or first == last) and not at_an_end
        back = int(widened and start > 0 and not parts[start - 1].isspace())
        on = int(widened and end < len(parts) and not parts[end].isspace())
        old, new = parts[start - back : end + on], others[first - back : last + on]
        yield start - back, end + on, "".join(old), "".join(new)


def _is_inside(parts: list[str], start: int, end: int) -> bool:
    """Whether the part stands inside a longer name: not a word by itself, which may be what is to be done."""
    before = start > 0 and not parts[start - 1].isspace()
    after = end < len(parts) and not parts[end].isspace()
    return before or after


def _is_marks(text: str) -> bool:
    """Whether it is no content: and no word of marks by itself, such as the one that means all files."""
    if len(text) > _MARKS or any(char.isalnum() or char == "_" for char in text):
        return False
    return not text.strip() or (len(text.split()) == 1 and text == text.strip())


def _says(said: str, word: str) -> bool:
    """Whether the error speaks of it, as a whole word."""
    return len(word) >= _LEAST_OFFER and _stands_in(word, said)


def _offers(said: str, was: str, word: str) -> bool:
    """Whether the error speaks of the word by itself: not as a part of a longer name (``web`` in ``web-0``).

    What it says again of the text that ``was`` in the call is no offer.
    """
    if len(word) < _LEAST_OFFER:
        return False
    if not _stands_in(was, word):
        said = swapped(said, was, " ")
    return swapped(said, word, "", alone=True) != said


def _stands_in(word: str, text: str) -> bool:
    return swapped(text, word, "") != text


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

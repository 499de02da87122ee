"""Edits: the one part in which two calls of a tool differ, put so that it can be made to a third.

A failure and the call that mended it differ in many ways or in one. Only one says something of other calls: "add a
leading ‘#’ to order_id", "use flights for flight", "leave out limit". What differs in more than one argument, or in a
text as a whole, is no edit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from rapidfuzz import fuzz

from ..model.call import JSON
from ..model.pattern import Edit
from ..native.words import alike_until

#: Values of one call that are compared, and characters of a text that are.
_LEAVES: Final = 64
_CHARS: Final = 4_096
#: Characters of what is added, taken away or replaced, and characters at an end that are form, not content.
PART_CHARS: Final = 80
_AFFIX: Final = 4
#: Words on either side of one replacement, at most; and how alike (0 to 100) texts are that share no whole word.
_WORDS: Final = 4
_MISSPELT: Final = 70.0

LEAD, UNLEAD, TRAIL, UNTRAIL, WRAP, UNWRAP = "lead", "unlead", "trail", "untrail", "wrap", "unwrap"
SWAP, SET, ADD, DROP = "swap", "set", "add", "drop"
KINDS: Final = frozenset((LEAD, UNLEAD, TRAIL, UNTRAIL, WRAP, UNWRAP, SWAP, SET, ADD, DROP))
#: Edits of form: what they do to one text they would do to any.
FORMS: Final = frozenset((LEAD, UNLEAD, TRAIL, UNTRAIL, WRAP, UNWRAP, ADD, DROP))
#: Of these, those that put marks around a text or take them away: it stays what it was.
MARKS: Final = FORMS - {ADD, DROP}

_TOKEN: Final = re.compile(r"\w+|\W")
_WORD: Final = re.compile(r"\w+")
_encode: Final = msgspec.json.encode
_decode: Final = msgspec.json.decode


def decoded(preview: str) -> dict[str, JSON] | None:
    """The arguments that a preview shows; None where it was cut."""
    try:
        value = _decode(preview)
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, dict) else None


def difference(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> Edit | None:
    """What makes ``after`` of ``before``, where that is one part of one argument."""
    old, new = _flat(before), _flat(after)
    if old is None or new is None:
        return None
    changed = [path for path in {**old, **new} if old.get(path, _NONE) != new.get(path, _NONE)]
    if len(changed) != 1:
        return None
    (path,) = changed
    if path not in old:
        return _short(Edit(ADD, path, "", _text(new[path]))) if "." not in path and "[" not in path else None
    if path not in new:
        return _short(Edit(DROP, path, "", "")) if "." not in path and "[" not in path else None
    was, becomes = old[path], new[path]
    if isinstance(was, str) and isinstance(becomes, str):
        return _of_texts(path, was[:_CHARS], becomes[:_CHARS])
    return _short(Edit(SET, path, _text(was), _text(becomes)))


def applied(edit: Edit, arguments: Mapping[str, JSON]) -> dict[str, JSON] | None:
    """The arguments with the edit made to them; None where it does not fit or changes nothing."""
    try:
        return _applied(edit, arguments)
    except msgspec.DecodeError:  # it was imported, and what it holds is no JSON
        return None


def _applied(edit: Edit, arguments: Mapping[str, JSON]) -> dict[str, JSON] | None:
    if edit.kind == ADD:
        return None if edit.argument in arguments else {**arguments, edit.argument: _decode(edit.after)}
    if edit.kind == DROP:
        if edit.argument not in arguments or len(arguments) < 2:
            return None
        return {name: value for name, value in arguments.items() if name != edit.argument}
    flat = _flat(arguments)
    if flat is None or edit.argument not in flat:
        return None
    value = flat[edit.argument]
    if edit.kind == SET:
        changed: JSON = _decode(edit.after) if _text(value) == edit.before else value
    elif isinstance(value, str):
        changed = _edited(edit, value)
    else:
        return None
    return None if changed == value else replaced(arguments, edit.argument, changed)


def replaced(arguments: Mapping[str, JSON], path: str, value: JSON) -> dict[str, JSON]:
    """The arguments with another value at a path that ``difference`` gave."""

    def copied(item: JSON, at: str) -> JSON:
        if at == path:
            return value
        if path.startswith(at):
            if isinstance(item, dict):
                return {name: copied(inner, f"{at}.{name}") for name, inner in item.items()}
            if isinstance(item, list):
                return [copied(inner, f"{at}[{index}]") for index, inner in enumerate(item)]
        return item

    return {name: copied(item, name) for name, item in arguments.items()}


def told(edit: Edit) -> str:
    """The edit in words, as something to do."""
    name, before, after = edit.argument, edit.before, edit.after
    match edit.kind:
        case "lead":
            return f"add a leading “{after}” to {name}"
        case "unlead":
            return f"leave out the leading “{before}” of {name}"
        case "trail":
            return f"add “{after}” at the end of {name}"
        case "untrail":
            return f"leave out the “{before}” at the end of {name}"
        case "wrap":
            return f"put {name} between “{before}” and “{after}”"
        case "unwrap":
            return f"leave out the “{before}” and “{after}” around {name}"
        case "add":
            return f"add {name}, for example {after}"
        case "drop":
            return f"leave out {name}"
    if edit.kind == SWAP and not before:
        return f"put “{after}” into {name}"
    if edit.kind == SWAP and not after:
        return f"leave out “{before}” in {name}"
    return f"use “{after}” for “{before}” in {name}"


def swapped(text: str, before: str, after: str, *, alone: bool = False) -> str:
    """The text with every ``before`` that stands as whole words replaced, whatever its case.

    ``alone``: only where it is not a part of a longer name or path either (``web`` in ``web-0``, ``a.web``, ``/web``).
    """
    if not before:
        return text
    # No regular expression: each name would need one of its own, and to compile it takes longer than all else here.
    within, wanted = text.lower(), before.lower()
    if len(within) != len(text):
        within, wanted = text, before  # a letter whose lower case is two
    parts: list[str] = []
    done = 0
    at = within.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if alone:
            inside = _goes_on_before(within, at) or _goes_on_after(within, end)
        else:
            inside = (_is_word(wanted[0]) and at > 0 and _is_word(within[at - 1])) or (
                _is_word(wanted[-1]) and end < len(within) and _is_word(within[end])
            )
        if inside:
            at = within.find(wanted, at + 1)
            continue
        parts += (text[done:at], after)
        done = end
        at = within.find(wanted, end)
    return "".join(parts) + text[done:]


def _goes_on_before(text: str, at: int) -> bool:
    return at > 0 and (_is_word(text[at - 1]) or text[at - 1] in "./-")


def _goes_on_after(text: str, end: int) -> bool:
    after = text[end : end + 2]
    if after[:1] == ".":  # a full stop ends no name
        return len(after) > 1 and _is_word(after[1])
    return bool(after) and (_is_word(after) or after[0] in "/-")


def leaves(arguments: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """The values inside the arguments by their paths; none where there are too many."""
    return _flat(arguments) or {}


_NONE: Final = object()
_CONTAINERS: Final = frozenset((dict, list))


def _flat(arguments: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """Values by path (``flights[0].date``); None where there are too many, or two share a path."""
    if len(arguments) <= _LEAVES and _CONTAINERS.isdisjoint(map(type, arguments.values())):
        return arguments  # nothing inside of anything, as of most calls
    found: dict[str, JSON] = {}
    stack: list[tuple[str, JSON]] = list(arguments.items())[::-1]
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict) and item:
            stack.extend((f"{path}.{name}", inner) for name, inner in reversed(item.items()))
        elif isinstance(item, list) and item:
            stack.extend((f"{path}[{index}]", inner) for index, inner in reversed(list(enumerate(item))))
        elif path in found or len(found) >= _LEAVES or len(stack) > 4 * _LEAVES:
            return None
        else:
            found[path] = item
    return found


def _of_texts(path: str, was: str, becomes: str) -> Edit | None:
    if was and was in becomes:
        at = becomes.index(was)
        front, back = becomes[:at], becomes[at + len(was) :]
        if _is_form(front) and _is_form(back):
            return Edit(*_affix(LEAD, TRAIL, WRAP, path, front, back, added=True))
    if becomes and becomes in was:
        at = was.index(becomes)
        front, back = was[:at], was[at + len(becomes) :]
        if _is_form(front) and _is_form(back):
            return Edit(*_affix(UNLEAD, UNTRAIL, UNWRAP, path, front, back, added=False))
    if was.isalnum() and becomes.isalnum():  # a word each
        return _short(Edit(SWAP, path, was, becomes)) if _is_like(was, becomes) else None
    # What both begin and end with is found in the texts themselves, and only what lies between is taken apart.
    start = _word_start(was, becomes, alike_until(was, becomes))
    old, new = was[start:], becomes[start:]
    old_back, new_back = old[::-1], new[::-1]
    end = _word_start(old_back, new_back, alike_until(old_back, new_back))
    first_old, first_new = _TOKEN.match(old), _TOKEN.match(new)
    if first_old and first_new and _swaps(was, becomes, first_old[0], first_new[0]):
        if not _TOKEN.fullmatch(was) or _is_like(was, becomes):
            return _short(Edit(SWAP, path, first_old[0], first_new[0]))
        return None
    before, after = old[: len(old) - end], new[: len(new) - end]
    if not before or max(len(before), len(after)) > PART_CHARS or _has_many_words(before) or _has_many_words(after):
        return None
    shared = _WORD.search(was, 0, start) or _WORD.search(old, len(old) - end)
    if not shared and not _is_like(was, becomes):
        return None  # nothing in common: another text
    if before.strip() and swapped(was, before, after) == becomes:
        return _short(Edit(SWAP, path, before, after))
    return None


def _word_start(one: str, other: str, at: int) -> int:
    """The last place up to ``at``, so far both are equal, where in neither text a word goes on."""
    if at and _is_word(one[at - 1]) and (_goes_on(one, at) or _goes_on(other, at)):
        while at and _is_word(one[at - 1]):
            at -= 1
    return at


def _goes_on(text: str, at: int) -> bool:
    return at < len(text) and _is_word(text[at])


def _affix(
    lead: str, trail: str, both: str, path: str, front: str, back: str, *, added: bool
) -> tuple[str, str, str, str]:
    if front and back:
        return both, path, front, back
    kind, part = (lead, front) if front else (trail, back)
    return (kind, path, "", part) if added else (kind, path, part, "")


def _edited(edit: Edit, text: str) -> str:
    before, after = edit.before, edit.after
    match edit.kind:
        case "lead":
            return text if text.startswith(after) else after + text
        case "unlead":
            return text.removeprefix(before)
        case "trail":
            return text if text.endswith(after) else text + after
        case "untrail":
            return text.removesuffix(before)
        case "wrap":
            return text if text.startswith(before) and text.endswith(after) else before + text + after
        case "unwrap":
            fits = len(text) > len(before + after) and text.startswith(before) and text.endswith(after)
            return text[len(before) : len(text) - len(after)] if fits else text
    return swapped(text, before, after) if edit.kind == SWAP else text


def _swaps(was: str, becomes: str, before: str, after: str) -> bool:
    longer, each = len(becomes) - len(was), len(after) - len(before)
    if longer * each <= 0 if each else longer:
        return False  # however often it stands there
    return bool(before.strip() and after.strip()) and swapped(was, before, after) == becomes


def _has_many_words(text: str) -> bool:
    return len(_WORD.findall(text)) > _WORDS


def _is_like(one: str, other: str) -> bool:
    """Whether one text may be the other, misspelt."""
    return fuzz.ratio(one.lower(), other.lower()) >= _MISSPELT


def _is_word(token: str) -> bool:
    return token[0].isalnum() or token[0] == "_"


def _is_form(part: str) -> bool:
    return len(part) <= _AFFIX and not any(char.isalnum() or char == "_" for char in part)


def _short(edit: Edit) -> Edit | None:
    return edit if max(len(edit.argument), len(edit.before), len(edit.after)) <= PART_CHARS else None


def _text(value: JSON) -> str:
    return _encode(value).decode()

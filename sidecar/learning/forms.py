"""Conditions on the form of a call's arguments, and testing many of them without fooling ourselves.

A condition is a fact about one argument that could hold for any tool: what its text begins with, how long it is,
whether it has quotes, how many items a list has, that it is not given. A condition that a failed call meets is tested
from then on, alone or together with one other, as an e-process: its wealth is the likelihood of what calls that meet it
did, at the rate seen among them before, over the likelihood at the probability that was known of each call without it.
If the condition says nothing new, wealth is a martingale and ever reaches 1/a with probability at most a (Ville). The
i-th condition is given a = ERROR_RATE / (i (i + 1)), which sums to ERROR_RATE however many are tried (Howard et al.
2021).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import log
from operator import itemgetter
from struct import Struct
from typing import Final
from zlib import crc32

import msgspec

from ..model.call import JSON

#: Probability that any condition of a tool is believed which says nothing.
ERROR_RATE: Final = 0.05
#: Conditions and pairs of them that are tested at a time.
MAX_TESTS: Final = 96
#: Arguments and characters of each that are looked at, and conditions of one call.
_LEAVES: Final = 16
_CHARS: Final = 400
MAX_CONDITIONS: Final = 80
_VALUE_CHARS: Final = 24
#: Characters of names whose conditions are remembered.
_NAME_CHARS: Final = 64
#: A single condition with this much log-wealth is worth pairing with others.
_PROMISING: Final = 1.0
_PARTNERS: Final = 3

#: A test as it is packed: its fields in their order.
LAYOUT: Final = Struct("<IIfffHH?x")
#: Parts of the same: what the poorest are told by; wealth and whether it failed in several sessions.
_RANK: Final = Struct("<8xf8xH4x")
_PROOF: Final = Struct("<8xf12x?x")
_SIZE: Final = LAYOUT.size
#: The log-wealth that is enough for the first condition; all later ones need more.
_LEAST_ENOUGH: Final = log(2.0 / ERROR_RATE)
_ASCII_DIGIT: Final = re.compile("[0-9]")

#: What a text may have, in the order of its forms.
_HAS: Final = ("quotes", "brackets", "lines", "letters beyond ASCII", "capitals", "digits")

Conditions = Mapping[int, tuple[str, str]]
#: How a text begins and ends, which of ``_HAS`` it has (bits), buckets of its words and its length.
Looks = tuple[str, str, int, int, int]


class FormTest(msgspec.Struct):
    """One condition (``second`` is 0) or two under test. ``wealth`` is a logarithm; ``place`` the how-manieth it was.

    ``session`` is 16 bits of the first session in which it failed, ``several`` whether it failed in others.
    """

    first: int
    second: int
    wealth: float = 0.0
    failures: float = 0.0
    successes: float = 0.0
    place: int = 0
    session: int = 0
    several: bool = False

    @property
    def enough(self) -> float:
        """The log-wealth from which it is believed."""
        return log(self.place * (self.place + 1.0) / ERROR_RATE)

    @property
    def believed(self) -> bool:
        """Whether it passed, with failures of more than one session."""
        return self.several and self.wealth >= self.enough


def unpack(packed: bytes | bytearray) -> list[FormTest]:
    """The tests that a model holds."""
    return [FormTest(*row) for row in LAYOUT.iter_unpack(packed)]


def take_believed(packed: bytearray, met: Sequence[int]) -> list[FormTest]:
    """Take out those of these tests that passed."""
    believed = []
    for at in reversed(met):
        wealth, several = _PROOF.unpack_from(packed, at)
        if not several or wealth < _LEAST_ENOUGH:
            continue  # most are far from it
        (test,) = unpack(packed[at : at + _SIZE])
        if test.believed:
            del packed[at : at + _SIZE]
            believed.append(test)
    return believed[::-1]


def admit(
    packed: bytearray,
    met: Sequence[int],
    conditions: Conditions,
    rules: Collection[tuple[int, ...]],
    tried: int,
    session: int,
) -> tuple[bytes, int]:
    """Begin to test the conditions of a call that failed, promising ones in pairs too; how many were ever tried.

    The failure that brings a condition in is not evidence for it. The poorest of too many go.
    """
    # Whatever is tested already of these conditions, or of two of them, the call meets.
    known = set()
    mine: list[tuple[float, int]] = []
    for at in met:
        first, second, wealth, *_ = LAYOUT.unpack_from(packed, at)
        known.add((first, second))
        if not second:
            mine.append((-wealth, first))
    new = [(first, 0) for first in conditions]
    if mine:
        mine.sort(key=itemgetter(0))
        wealth, first = mine[0]
        if -wealth > _PROMISING:
            new.extend([(min(first, other), max(first, other)) for _, other in mine[1 : 1 + _PARTNERS]])
    for pair in new:
        if pair in known or (pair if pair[1] else pair[:1]) in rules:
            continue
        tried += 1
        packed += LAYOUT.pack(*pair, 0.0, 1.0, 0.0, min(tried, 65_535), session, False)
    if len(packed) <= MAX_TESTS * _SIZE:
        return bytes(packed), tried
    ranks = list(_RANK.iter_unpack(packed))
    kept = sorted(range(len(ranks)), key=ranks.__getitem__, reverse=True)[:MAX_TESTS]
    return b"".join([packed[place * _SIZE : place * _SIZE + _SIZE] for place in kept]), tried


def conditions_of(arguments: Mapping[str, JSON], names: Sequence[str]) -> Conditions:
    """The conditions that arguments meet, by hash: of which argument, and which. ``names`` may be expected."""
    found: dict[int, tuple[str, str]] = {}
    for name in names:
        if name not in arguments:
            found[_hash(name, "absent")] = (name, "absent")
    for name, value in _leaves(arguments):
        if isinstance(value, str):
            looks = _looks(value[:_CHARS], len(value))
            # Few texts look like none before; of their values nothing is remembered.
            found.update(_conditions(name, *looks) if len(name) <= _NAME_CHARS else _all_of(name, _text_forms(*looks)))
            form = _value_form(value)
            if form:
                found[_hash(name, form)] = (name, form)
        else:
            found.update(_all_of(name, _forms(value)))
        if len(found) >= MAX_CONDITIONS:
            break
    return found


def describe(name: str, form: str) -> str:
    """A condition in words."""
    sort, _, detail = form.partition(":")
    say = {
        "absent": "is not given",
        "null": "is null",
        "empty": "is empty",
        "whole": "is a whole number",
        "fraction": "has a fraction",
        "negative": "is negative",
        "first": f"begins with {_FIRST.get(detail, f'“{detail}”')}",
        "last": f"ends with “{detail}”",
        "has": f"has {detail}",
        "value": f"is “{detail}”",
        "words": f"has {detail} words",
        "length": f"has {detail} characters",
        "items": f"has {detail} items",
        "object": "is an object",
    }
    return f"“{name}” {say[sort]}"


_FIRST: Final = {"A": "a capital", "a": "a small letter", "0": "a digit"}


def _all_of(name: str, forms: Iterable[str]) -> dict[int, tuple[str, str]]:
    return {_hash(name, form): (name, form) for form in forms}


@lru_cache(maxsize=4_096)
def _conditions(name: str, *looks: *Looks) -> Conditions:
    """The same, for texts that look as others did."""
    return _all_of(name, _text_forms(*looks))


def _hash(name: str, form: str) -> int:
    # Values are not remembered: they are parts of arguments.
    return _hashed.__wrapped__(name, form) if form.startswith("value:") else _hashed(name, form)


@lru_cache(maxsize=4_096)
def _hashed(name: str, form: str) -> int:
    return crc32(f"{name}\0{form}".encode("utf-8", "replace")) or 1


def _leaves(arguments: Mapping[str, JSON]) -> Iterator[tuple[str, JSON]]:
    stack: list[tuple[str, JSON]] = [*arguments.items()][::-1]
    for _ in range(_LEAVES):
        if not stack:
            return
        name, item = stack.pop()
        yield name, item
        if isinstance(item, dict):
            stack.extend((f"{name}.{key}", value) for key, value in reversed(list(item.items())[:_LEAVES]))
        elif isinstance(item, list):
            stack.extend((f"{name}[]", value) for value in reversed(item[:2]))


def _forms(value: JSON) -> list[str]:
    """The forms of anything but a text."""
    if isinstance(value, bool):
        return ["value:true" if value else "value:false"]
    if isinstance(value, (int, float)):
        sort = "whole" if value == int(value) else "fraction"
        if value < 0:
            return [sort, "negative"]
        return [sort] if value else [sort, "value:0"]
    if isinstance(value, list):
        return [f"items:{_spelled(_bucket(len(value)))}"]
    if value is None:
        return ["null"]
    return ["object" if value else "empty"]


def _looks(text: str, length: int) -> Looks:
    """All that the forms of a text depend on, but for its value. ``text`` is its beginning, ``length`` that of all."""
    if not text:
        return "", "", 0, 0, 0
    first, last = text[0], text[-1]
    has = 0
    if "'" in text or '"' in text:
        has = 1
    if "(" in text or "[" in text or "<" in text:
        has += 2
    if "\n" in text:
        has += 4
    ascii_only = text.isascii()
    if not ascii_only:
        has += 8
    if text != text.lower():
        has += 16
    if _ASCII_DIGIT.search(text, 0, 64) or (not ascii_only and any(map(str.isdigit, text[:64]))):
        has += 32
    return (
        ("A" if first.isupper() else "a") if first.isalpha() else "0" if first.isdigit() else first,
        "" if last.isalnum() or length > _CHARS else last,
        has,
        _bucket(text.count(" ") + 1),
        _bucket(length),
    )


def _text_forms(first: str, last: str, has: int, words: int, length: int) -> list[str]:
    """The forms of texts that look so."""
    if not first:
        return ["empty"]
    forms = ["first:" + first]
    if last:
        forms.append("last:" + last)
    forms += ["has:" + what for place, what in enumerate(_HAS) if has >> place & 1]
    return [*forms, "words:" + _spelled(words), "length:" + _spelled(length)]


def _value_form(text: str) -> str:
    """The form that is a text's value, empty where it is not one short word."""
    if len(text) > _VALUE_CHARS or " " in text or not text.replace("-", "").replace(".", "").isalpha():
        return ""
    return "value:" + text.lower()


def _bucket(number: int) -> int:
    """0, 1, 2, 3, then by doubling: 4 for 4 to 7, 5 for 8 to 15."""
    return number if number < 4 else number.bit_length() + 1


def _spelled(bucket: int) -> str:
    if bucket < 4:
        return str(bucket)
    low = 1 << (bucket - 2)
    return f"{low} to {2 * low - 1}"

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

from collections.abc import Iterator, Mapping, Sequence
from math import log
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
#: Known probabilities are taken to be within this: a model that is still learning is too sure.
_LEAST_P: Final = 0.05
_MOST_P: Final = 0.95
#: A single condition with this much log-wealth is worth pairing with others.
_PROMISING: Final = 1.0
_PARTNERS: Final = 3

_PACKED: Final = Struct("<IIfffHH?x")

Conditions = Mapping[int, tuple[str, str]]


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

    def met(self, conditions: Conditions) -> bool:
        """Whether a call with these conditions meets it."""
        return self.first in conditions and (not self.second or self.second in conditions)

    def observe(self, p: float, session: int, *, failed: bool) -> None:
        """Take in a call that meets it, had been given probability ``p`` of failing, and failed or not."""
        p = max(_LEAST_P, min(_MOST_P, p))
        rate = max(p, (self.failures + p) / (self.failures + self.successes + 1.0))
        if failed:
            self.wealth += log(rate / p)
            self.failures += 1.0
            self.several = self.several or session != self.session
        else:
            self.wealth += log((1.0 - rate) / (1.0 - p))
            self.successes += 1.0


def unpack(packed: bytes) -> list[FormTest]:
    """The tests that a model holds."""
    return [FormTest(*row) for row in _PACKED.iter_unpack(packed)]


def pack(tests: Sequence[FormTest]) -> bytes:
    """Tests as a model holds them."""
    return b"".join([_PACKED.pack(*_fields(test)) for test in tests])


def observe(packed: bytes, conditions: Conditions, p: float, session: int, *, failed: bool) -> bytes:
    """The same tests after a call with these conditions; only those that it meets are unpacked."""
    changed = bytearray(packed)
    for place, row in enumerate(_PACKED.iter_unpack(packed)):
        if row[0] in conditions and (not row[1] or row[1] in conditions):
            test = FormTest(*row)
            test.observe(p, session, failed=failed)
            _PACKED.pack_into(changed, place * _PACKED.size, *_fields(test))
    return bytes(changed)


def admit(tests: list[FormTest], conditions: Conditions, rules: set[tuple[int, ...]], tried: int, session: int) -> int:
    """Begin to test the conditions of a call that failed, promising ones in pairs too; how many were ever tried.

    The failure that brings a condition in is not evidence for it. The poorest of too many go.
    """
    known = {(test.first, test.second) for test in tests}
    new = [(first, 0) for first in conditions]
    mine = sorted((test for test in tests if not test.second and test.met(conditions)), key=lambda test: -test.wealth)
    if mine and mine[0].wealth > _PROMISING:
        first = mine[0].first
        new.extend((min(first, test.first), max(first, test.first)) for test in mine[1 : 1 + _PARTNERS])
    for pair in new:
        if pair in known or (pair if pair[1] else pair[:1]) in rules:
            continue
        tried += 1
        tests.append(FormTest(*pair, failures=1.0, place=min(tried, 65_535), session=session))
    if len(tests) > MAX_TESTS:
        tests.sort(key=lambda test: (test.wealth, test.place), reverse=True)
        del tests[MAX_TESTS:]
    return tried


def _fields(test: FormTest) -> tuple[int, int, float, float, float, int, int, bool]:
    return (
        test.first, test.second, test.wealth, test.failures, test.successes, test.place, test.session, test.several
    )  # fmt: skip


def conditions_of(arguments: Mapping[str, JSON], names: Sequence[str]) -> Conditions:
    """The conditions that arguments meet, by hash: of which argument, and which. ``names`` may be expected."""
    found: dict[int, tuple[str, str]] = {}
    for name in names:
        if name not in arguments:
            found[_hash(name, "absent")] = (name, "absent")
    for name, value in _leaves(arguments):
        for form in _forms(value):
            found[_hash(name, form)] = (name, form)
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


def _hash(name: str, form: str) -> int:
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


def _forms(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield from _text_forms(value[:_CHARS], len(value))
    elif isinstance(value, bool):
        yield f"value:{str(value).lower()}"
    elif isinstance(value, (int, float)):
        yield "whole" if value == int(value) else "fraction"
        if value < 0:
            yield "negative"
        elif not value:
            yield "value:0"
    elif isinstance(value, list):
        yield f"items:{_bucket(len(value))}"
    elif value is None:
        yield "null"
    else:
        yield "object" if value else "empty"


def _text_forms(text: str, length: int) -> Iterator[str]:
    if not text:
        yield "empty"
        return
    first, last = text[0], text[-1]
    yield "first:" + (("A" if first.isupper() else "a") if first.isalpha() else "0" if first.isdigit() else first)
    if not last.isalnum() and length <= _CHARS:
        yield f"last:{last}"
    if "'" in text or '"' in text:
        yield "has:quotes"
    if "(" in text or "[" in text or "<" in text:
        yield "has:brackets"
    if "\n" in text:
        yield "has:lines"
    if not text.isascii():
        yield "has:letters beyond ASCII"
    if text != text.lower():
        yield "has:capitals"
    if any(map(str.isdigit, text[:64])):
        yield "has:digits"
    words = text.count(" ") + 1
    yield f"words:{_bucket(words)}"
    yield f"length:{_bucket(length)}"
    if length <= _VALUE_CHARS and words == 1 and text.replace("-", "").replace(".", "").isalpha():
        yield f"value:{text.lower()}"


def _bucket(number: int) -> str:
    """0, 1, 2, 3, then by doubling."""
    if number < 4:
        return str(number)
    low = 1 << (number.bit_length() - 1)
    return f"{low} to {2 * low - 1}"

"""Conditions on the form of a call's arguments, and testing many of them without fooling ourselves.

A condition is a fact about one argument that could hold for any tool: what its text begins with, how long it is,
whether it has quotes, how many items a list has, that it is not given, that it lies above what tells calls apart
(``cuts.py``), in the past, or above another one. A condition that a failed call meets is tested
from then on, alone or together with one other, as an e-process: its wealth is the likelihood of what calls that meet it
did, at the rate seen among them before, over the likelihood at the probability that was known of each call without it.
If the condition says nothing new, wealth is a martingale and ever reaches 1/a with probability at most a (Ville). The
i-th condition is given a = ERROR_RATE / (i (i + 1)), which sums to ERROR_RATE however many are tried (Howard et al.
2021).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log
from operator import itemgetter
from struct import Struct
from typing import Final

import msgspec

from ..native.form_tests import singles, untested, untested_alone

#: Probability that any condition of a tool is believed which says nothing.
ERROR_RATE: Final = 0.05
#: Conditions and pairs of them that are tested at a time.
MAX_TESTS: Final = 96
#: A single condition with this much log-wealth is worth pairing with others.
_PROMISING: Final = 1.0
_PARTNERS: Final = 3
#: Failures of a condition, and how many more of its calls fail than of others, before it is paired for its rate.
_SEEN: Final = 4.0
_LIFT: Final = 0.05
#: What a test that passes has to fail more than what is believed already: else both say the same.
_MORE: Final = 0.02

#: A test as it is packed: its fields in their order.
LAYOUT: Final = Struct("<IIfffHH?x")
#: Parts of the same: what the poorest are told by; wealth and whether it failed in several sessions.
_RANK: Final = Struct("<8xf8xH4x")
_PROOF: Final = Struct("<8xf12x?x")
_SIZE: Final = LAYOUT.size
#: The log-wealth that is enough for the first condition; all later ones need more.
_LEAST_ENOUGH: Final = log(2.0 / ERROR_RATE)

#: Conditions that a call meets, by hash, in order: see ``native/conditions.pyx``.
Conditions = Collection[int]


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


def take_believed(packed: bytearray, met: Sequence[int], known: float = 0.0) -> FormTest | None:
    """Take out the one of these tests that passed where most calls fail, the first that was tried of several alike.

    What fails at no more than the rate ``known``, of what is believed of the call already, stays under test. Rates are
    those with one more call of either sort.
    """
    found, place, most = None, -1, known + _MORE
    for at in met:
        wealth, several = _PROOF.unpack_from(packed, at)
        if not several or wealth < _LEAST_ENOUGH:
            continue  # most are far from it
        (test,) = unpack(packed[at : at + _SIZE])
        rate = (test.failures + 1.0) / (test.failures + test.successes + 2.0)
        if test.believed and (rate > most or (found is not None and rate == most and test.place < found.place)):
            found, place, most = test, at, rate
    if found is not None:
        del packed[place : place + _SIZE]
    return found


def admit(
    packed: bytearray,
    met: list[int],
    conditions: Conditions,
    rules: Collection[tuple[int, ...]],
    tried: int,
    session: int,
) -> tuple[bytes, int]:
    """Begin to test the conditions of a call that failed, promising ones in pairs too; how many were ever tried.

    The failure that brings a condition in is not evidence for it. The poorest of too many go.
    """
    # Whatever is tested already of these conditions, or of two of them, the call meets.
    mine = singles(packed, met)
    new = untested_alone(packed, met, conditions)
    if mine:
        new += untested(packed, met, _pairs(mine, room=len(packed) < MAX_TESTS * _SIZE))
    for pair in new:
        if (pair if pair[1] else pair[:1]) in rules:
            continue
        tried += 1
        packed += LAYOUT.pack(*pair, 0.0, 1.0, 0.0, min(tried, 65_535), session, False)
    if len(packed) <= MAX_TESTS * _SIZE:
        return bytes(packed), tried
    ranks = list(_RANK.iter_unpack(packed))
    kept = sorted(range(len(ranks)), key=ranks.__getitem__, reverse=True)[:MAX_TESTS]
    return b"".join([packed[place * _SIZE : place * _SIZE + _SIZE] for place in kept]), tried


def _pairs(mine: list[tuple[float, int, float, float]], *, room: bool) -> list[tuple[int, int]]:
    """Pairs of single conditions (wealth, condition, failures, successes) that are worth testing.

    The richest one, if it is promising, with those that follow. What two conditions say together may be known of
    neither: so where there is room, those two as well of which most calls fail, if more do than of all calls.
    """
    mine.sort(key=itemgetter(0), reverse=True)
    wealth, first, _, _ = mine[0]
    found = [(first, other) for _, other, _, _ in mine[1 : 1 + _PARTNERS]] if wealth > _PROMISING else []
    if room and len(mine) > 1:
        rates = [(failures / (failures + successes), one) for _, one, failures, successes in mine if failures >= _SEEN]
        usual = min(rates, default=(1.0, 0))[0] + _LIFT
        rates = sorted([pair for pair in rates if pair[0] > usual], key=itemgetter(0), reverse=True)
        if len(rates) > 1:
            found.append((rates[0][1], rates[1][1]))
    return list(dict.fromkeys([(min(pair), max(pair)) for pair in found]))


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
        "above": f"is above {detail}",
        "below": f"is below {detail}",
        "more": f"has more than {detail} items",
        "fewer": f"has fewer than {detail} items",
        "longer": f"has more than {detail} characters",
        "shorter": f"has fewer than {detail} characters",
        "past": "is in the past",
        "future": "is in the future",
        "over": f"is above “{detail}”",
        "after": f"is after “{detail}”",
    }
    return f"“{name}” {say[sort]}"


_FIRST: Final = {"A": "a capital", "a": "a small letter", "0": "a digit"}

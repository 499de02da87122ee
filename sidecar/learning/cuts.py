"""Where to cut numbers in arguments so that calls that fail lie on one side: “limit” above 100, more than 10 items.

Of each number, number of items and length, the values of the last calls that failed and that worked are kept. A failure
looks for the cut that tells them apart best (Kolmogorov–Smirnov), between neighbours of both sorts, at the roundest
number there: limits are. That a value lies above its cut, or below, is one condition of ``forms.py`` each: the cut may
move, as it is known before the call is. What tells nothing apart is not tested.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor, log10
from operator import itemgetter
from struct import Struct
from typing import Final

#: Arguments of one tool of which values are kept, and values of either sort: 2.6 KiB a tool at most.
MAX_MEASURED: Final = 16
FAILURES: Final = 16
SUCCESSES: Final = 24
#: A cut counts if it tells calls apart as hardly happens by chance: the statistic's 10 % point, near enough.
_LEAST: Final = 1.2

_ROW: Final = Struct("<IBB40f")
_KEY: Final = Struct("<I")
_COUNTS: Final = Struct("<BB")
_VALUE: Final = Struct("<f")
_CUT: Final = Struct("<Id")
#: What is known of a number: the hashes of its two conditions, and what it is. See ``native/conditions.pyx``.
Measured = tuple[int, int, float]


def note(table: bytearray, measured: list[Measured], *, failed: bool) -> None:
    """Keep a call's values, the oldest of their sort go. Arguments beyond the bound are not kept."""
    side, room, start = (0, FAILURES, 6) if failed else (1, SUCCESSES, 6 + 4 * FAILURES)
    for key, _, value in measured:
        at = _find(table, key)
        if at < 0:
            if len(table) >= MAX_MEASURED * _ROW.size:
                continue
            at = len(table)
            table += _ROW.pack(key, 0, 0, *([0.0] * (FAILURES + SUCCESSES)))
        # A count past the room goes round: which slot is next, and that all are full.
        count = table[at + 4 + side]
        _VALUE.pack_into(table, at + start + 4 * (count % room), value)
        table[at + 4 + side] = count + 1 if count + 1 < 2 * room else room


def moved(cuts: bytes, table: bytearray, measured: list[Measured]) -> bytes:
    """The cuts, with those of these numbers looked for anew. A cut that tells nothing any more stays where it was."""
    known = dict(_CUT.iter_unpack(cuts))
    for key, below, _ in measured:
        at = _find(table, key)
        if at < 0:
            continue
        _, failures, successes, *values = _ROW.unpack_from(table, at)
        over, under = best_cuts(values[: min(failures, FAILURES)], values[FAILURES:][: min(successes, SUCCESSES)])
        if over is not None:
            known[key] = over
        if under is not None:
            known[below] = under
    return b"".join([_CUT.pack(*pair) for pair in known.items()])


def best_cuts(failures: list[float], successes: list[float]) -> tuple[float | None, float | None]:
    """Above which number most calls fail while those up to it work, and below which; None where chance does as well."""
    if not failures or not successes:
        return None, None
    one, other = 1.0 / len(failures), 1.0 / len(successes)
    several = sorted([(value, -one) for value in failures] + [(value, other) for value in successes], key=itemgetter(0))
    # The share of successes up to a value, less that of failures: above its largest calls fail, below its least.
    share = most = least = 0.0
    over = under = (0.0, 0.0)
    for (value, part), (after, _) in pairwise(several):
        share += part
        if value != after:
            if share > most:
                most, over = share, (value, after)
            if share < least:
                least, under = share, (value, after)
    enough = _LEAST * (one + other) ** 0.5
    return (
        _roundest(*over) if most >= enough else None,
        0.0 - _roundest(-under[1], -under[0]) if -least >= enough else None,
    )


def _roundest(low: float, high: float) -> float:
    """The roundest number from ``low`` to less than ``high``, the largest of them."""
    if low < 0.0 < high or low == 0.0:
        return 0.0
    for digits in range(floor(log10(max(abs(low), abs(high)))), -8, -1):
        step = 10.0**digits
        found = (ceil(high / step) - 1) * step
        if low <= found < high:
            return round(found, max(0, -digits))
    return low


def _find(table: bytearray, key: int) -> int:
    """Where the row of a key stands, or -1."""
    wanted = _KEY.pack(key)
    at = table.find(wanted)
    while at >= 0 and at % _ROW.size:
        at = table.find(wanted, at + 1)
    return at

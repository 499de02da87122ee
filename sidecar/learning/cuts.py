"""Where to cut numbers in arguments so that calls that fail lie on one side: “limit” above 100, more than 10 items.

Of each number, number of items and length, the values of the last calls that failed and that worked are kept. A failure
looks for the cut that tells them apart best (Kolmogorov–Smirnov), between neighbours of both sorts, at the roundest
number there: limits are. That a value lies above its cut, or below, is one condition of ``forms.py`` each: the cut may
move, as it is known before the call is. What tells nothing apart is not tested.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor, log10
from struct import Struct
from typing import Final

from ..native import cuts as kept

#: Arguments of one tool of which values are kept, and values of either sort: 2.6 KiB a tool at most.
MAX_MEASURED: Final = kept.MAX_MEASURED
FAILURES: Final = kept.FAILURES
SUCCESSES: Final = kept.SUCCESSES

_CUT: Final = Struct("<Id")
#: What is known of a number: the hashes of its two conditions, and what it is. See ``native/conditions.pyx``.
Measured = tuple[int, int, float]

#: Keep a call's values, the oldest of their sort go. Arguments beyond the bound are not kept.
note = kept.note


def moved(cuts: bytes, table: bytearray, measured: list[Measured]) -> bytes:
    """The cuts, with those of these numbers looked for anew. A cut that tells nothing any more stays where it was."""
    found: dict[int, float] = {}
    for key, below, _ in measured:
        between = kept.between_kept(table, key)
        if between is None:
            continue  # as of most
        over, under = between
        if over is not None:
            found[key] = _roundest(*over)
        if under is not None:
            found[below] = _roundest_below(*under)
    if not found:
        return cuts
    known = {**dict(_CUT.iter_unpack(cuts)), **found}
    return b"".join([_CUT.pack(*pair) for pair in known.items()])


def best_cuts(failures: list[float], successes: list[float]) -> tuple[float | None, float | None]:
    """Above which number most calls fail while those up to it work, and below which; None where chance does as well."""
    over, under = kept.between(failures, successes) or (None, None)
    return (
        _roundest(*over) if over is not None else None,
        _roundest_below(*under) if under is not None else None,
    )


def _roundest_below(low: float, high: float) -> float:
    """The roundest number from more than ``low`` to ``high``, the least of them."""
    return 0.0 - _roundest(-high, -low)


@lru_cache(maxsize=1_024)
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

"""Shares with intervals."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

_Z: Final = 1.959963984540054  # 97.5 % of the standard normal distribution lies below


class Share(NamedTuple):
    """A share of ``out_of`` with its 95 % interval."""

    value: float
    low: float
    high: float
    out_of: int


def share(part: int, out_of: int) -> Share | None:
    """``part`` out of ``out_of`` with Wilson's score interval (Wilson 1927); None out of nothing."""
    if out_of <= 0:
        return None
    value = part / out_of
    square = _Z * _Z / out_of
    middle = (value + square / 2.0) / (1.0 + square)
    half = _Z * math.sqrt(value * (1.0 - value) / out_of + square / (4.0 * out_of)) / (1.0 + square)
    low = 0.0 if part == 0 else max(0.0, middle - half)
    high = 1.0 if part == out_of else min(1.0, middle + half)
    return Share(value, low, high, out_of)

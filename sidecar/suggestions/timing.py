"""How long completing a workflow takes, with and without a look at workflows beside it. Since the start, in memory."""

from __future__ import annotations

import threading
from bisect import bisect_left
from typing import Final

import msgspec

#: Seconds of the first bucket; each is so many times as wide as the one before. The last is above five minutes.
_FIRST: Final = 1e-5
_GROWTH: Final = 1.05
_BUCKETS: Final = 360


class Times(msgspec.Struct, frozen=True):
    """How often something was measured, and seconds that half and 99 of 100 took at most; 0 without any."""

    count: int = 0
    p50: float = 0.0
    p99: float = 0.0


class Histogram:
    """Counts durations in buckets that are 5 % wide, which is how exact what it tells is. Not thread-safe."""

    def __init__(self) -> None:
        self._bounds = [_FIRST * _GROWTH**place for place in range(_BUCKETS)]
        self._counts = [0] * (_BUCKETS + 1)

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1

    def at(self, share: float) -> float:
        """The upper bound, in seconds, of the bucket in which the one at this share (0 to 1) is."""
        rank, seen = share * sum(self._counts), 0
        for place, count in enumerate(self._counts):
            seen += count
            if count and seen >= rank:
                return self._bounds[min(place, _BUCKETS - 1)]
        return 0.0

    @property
    def times(self) -> Times:
        """What it tells."""
        return Times(sum(self._counts), self.at(0.5), self.at(0.99))

    def __add__(self, other: Histogram) -> Histogram:
        both = Histogram()
        both._counts = [one + two for one, two in zip(self._counts, other._counts, strict=True)]
        return both


class CompletionTimes:
    """Two histograms: completions beside which a look ran, and those that nothing of ours could have held up."""

    def __init__(self) -> None:
        self._alone = Histogram()
        self._beside = Histogram()
        self._lock = threading.Lock()

    def add(self, seconds: float, *, beside: bool) -> None:
        """Count one, in a microsecond."""
        with self._lock:
            (self._beside if beside else self._alone).add(seconds)

    def read(self) -> tuple[Times, Times, Times]:
        """Of all, alone, beside."""
        with self._lock:
            return (self._alone + self._beside).times, self._alone.times, self._beside.times

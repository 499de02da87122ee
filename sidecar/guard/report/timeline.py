"""How it went over time: buckets that widen as the span that they cover grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .judged import Judged

MAX_BUCKETS: Final = 120
#: Widths in seconds that people read easily. Each divides the next, so that buckets can be joined; the last grows on.
WIDTHS: Final = (1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 86_400, 604_800, 2_419_200)


@dataclass(slots=True)
class Bucket:
    """Counts of one span of time."""

    decisions: int = 0
    failed: int = 0
    worked: int = 0
    would_prevent: int = 0
    right: int = 0
    wrong: int = 0

    def join(self, other: Bucket) -> None:
        """Add another's counts."""
        self.decisions += other.decisions
        self.failed += other.failed
        self.worked += other.worked
        self.would_prevent += other.would_prevent
        self.right += other.right
        self.wrong += other.wrong


class Timeline:
    """At most ``MAX_BUCKETS`` buckets over all decisions; each begins at a whole multiple of ``width``."""

    def __init__(self) -> None:
        self.width = WIDTHS[0]
        self._buckets: dict[int, Bucket] = {}
        self._first = self._last = 0

    def add(self, one: Judged) -> None:
        """Count a decision."""
        second = int(one.time)
        self._first = min(self._first, second) if self._buckets else second
        self._last = max(self._last, second)
        while self._last // self.width - self._first // self.width >= MAX_BUCKETS:
            self._widen()
        found = self._buckets.setdefault(second // self.width, Bucket())
        found.join(Bucket(1, one.failed is True, one.failed is False, one.prevents, one.right, one.wrong))

    def _widen(self) -> None:
        wider = next((width for width in WIDTHS if width > self.width), self.width * 2)
        joined: dict[int, Bucket] = {}
        for place, bucket in self._buckets.items():
            joined.setdefault(place * self.width // wider, Bucket()).join(bucket)
        self.width, self._buckets = wider, joined

    def buckets(self) -> list[tuple[float, Bucket]]:
        """(beginning in seconds, counts), oldest first, empty ones in between included."""
        if not self._buckets:
            return []
        places = range(self._first // self.width, self._last // self.width + 1)
        return [(float(place * self.width), self._buckets.get(place, Bucket())) for place in places]

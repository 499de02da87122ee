"""Usage patterns worth a look."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from ...model.pattern import UsagePattern

#: How many patterns a list names.
LISTED: Final = 10

_Key = tuple[float, ...]


class _Best:
    """The ``LISTED`` patterns with the highest keys; of equal ones those that came first."""

    def __init__(self, key: Callable[[UsagePattern], _Key | None]) -> None:
        self._key = key
        self._heap: list[tuple[_Key, int, bytes, UsagePattern]] = []
        self._seen = 0

    def add(self, pattern_id: bytes, pattern: UsagePattern) -> None:
        key = self._key(pattern)
        if key is None:
            return
        self._seen += 1
        entry = (key, -self._seen, pattern_id, pattern)
        if len(self._heap) < LISTED:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def listed(self) -> list[tuple[bytes, UsagePattern]]:
        """Highest first."""
        return [(pattern_id, pattern) for _, _, pattern_id, pattern in sorted(self._heap, reverse=True)]


class Standouts:
    """The lists. What is prevented, right and wrong is counted since a pattern was learned."""

    def __init__(self) -> None:
        self.examined = 0
        self.suspended_count = 0
        self.most_used = _Best(lambda one: (one.prevented, one.last_time) if one.prevented else None)
        self.most_wrong = _Best(lambda one: (one.wrong, -one.right) if one.wrong else None)
        self.never_right = _Best(lambda one: (one.wrong, one.prevented) if one.wrong and not one.right else None)
        self.most_appealed = _Best(lambda one: (one.appeals, one.prevented) if one.appeals else None)
        self.suspended = _Best(lambda one: (one.prevented, one.last_time) if one.suspended else None)

    def add(self, pattern_id: bytes, pattern: UsagePattern) -> None:
        """Look at a pattern."""
        self.examined += 1
        self.suspended_count += pattern.suspended
        for best in (self.most_used, self.most_wrong, self.never_right, self.most_appealed, self.suspended):
            best.add(pattern_id, pattern)

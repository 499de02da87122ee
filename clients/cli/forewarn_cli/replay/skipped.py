"""Lines that cannot be replayed and were left out: how many of each source, and why the first of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from forewarn_cli.wording import counted

SHOWN: Final = 5
"""How many are told with their reasons."""


@dataclass(slots=True)
class Skipped:
    """Safe to share between the threads that play sources. A line counts once, in however many orders it is played."""

    by_source: Counter[str] = field(default_factory=Counter)
    _reasons: dict[str, str] = field(default_factory=dict)
    _places: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, source: str, place: str, reason: str) -> None:
        """Note a line: `place` is `file:line`, `reason` names field and limit."""
        with self._lock:
            if place in self._places:
                return
            self._places.add(place)
            self.by_source[source] += 1
            if len(self._reasons) < SHOWN:
                self._reasons[place] = reason

    def told(self) -> Iterator[str]:
        """Lines for a person: how many there were, and why the first of them."""
        total = self.by_source.total()
        if not total:
            return
        yield f"{counted(total, 'line')} skipped:"
        yield from (f"  {place}: {reason}" for place, reason in self._reasons.items())
        if total > len(self._reasons):
            yield f"  and {total - len(self._reasons)} more"

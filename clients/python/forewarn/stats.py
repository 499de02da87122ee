"""What a client counts. ``client.stats`` is a copy of it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the client was made."""

    questions: int = 0
    """Requests to the daemon other than records."""
    fallbacks: int = 0
    """Answers that the client gave because the daemon did not."""
    fallback_reasons: Mapping[str, int] | None = None
    """The same, by reason."""
    prevented: int = 0
    """Guarded calls that were not made."""
    records_stored: int = 0
    """Records that the daemon has, duplicates included."""
    records_queued: int = 0
    """Records that went through the background queue."""
    records_refused: int = 0
    """Records that the daemon, or a limit, refused: they were never kept."""
    records_lost: int = 0
    """Records that were given up: the queue was full, or the client closed before they were sent."""
    breaker_opened: int = 0
    """How often the circuit breaker opened."""
    heals: int = 0
    """Remedies that were run and worked."""
    heals_failed: int = 0
    """Calls that a failed remedy ended."""
    retries: int = 0
    """Attempts after the first."""


class Counts:
    """The counters behind ``Stats``. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()

    def after_fork(self) -> None:
        """A thread that held the lock is not in the child."""
        self._lock = threading.Lock()

    def add(self, name: str, by: int = 1) -> None:
        """Counts ``by`` more of a field of ``Stats``."""
        with self._lock:
            self._counts[name] += by

    def fallback(self, reason: str) -> None:
        """Counts one fallback."""
        with self._lock:
            self._counts["fallbacks"] += 1
            self._reasons[reason] += 1

    def snapshot(self, breaker_opened: int) -> Stats:
        """The counts now."""
        with self._lock:
            return Stats(**self._counts, fallback_reasons=dict(self._reasons), breaker_opened=breaker_opened)

"""A circuit breaker, so that a daemon that does not answer costs its deadline a few times and not at every call.

Closed: every question is asked. After ``threshold`` failures in a row it opens: questions are answered by the client
at once. After ``cooldown`` seconds (doubling up to ``longest`` while it keeps failing), or as soon as the channel
reports that it is connected again, one question is let through as a trial; its answer closes the breaker.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Breaker:
    """Counts failures in a row and says whether to ask. Safe to share between threads."""

    def __init__(
        self,
        *,
        threshold: int = 3,
        cooldown: float = 1.0,
        longest: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._shortest = cooldown
        self._longest = longest
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._cooldown = cooldown
        self._retry_at: float | None = None  # None: closed
        self._trial = False
        self.opened = 0
        """How often it opened."""

    def after_fork(self) -> None:
        """A thread that held the lock, or the trial, is not in the child."""
        self._lock = threading.Lock()
        self._trial = False

    @property
    def is_open(self) -> bool:
        """Whether questions are answered without asking."""
        return self._retry_at is not None

    def admit(self) -> bool:
        """Whether to ask now. Whoever gets True says afterwards how it went: succeeded, failed or abandoned."""
        if not self.is_open:  # the common path takes no lock
            return True
        with self._lock:
            if self._retry_at is None:
                return True
            if self._trial or self._clock() < self._retry_at:
                return False
            self._trial = True
            return True

    def succeeded(self) -> bool:
        """The daemon answered. True when that closed the breaker."""
        if self._failures == 0 and self._retry_at is None:
            return False
        with self._lock:
            was_open = self._retry_at is not None
            self._failures, self._retry_at, self._trial = 0, None, False
            self._cooldown = self._shortest
            return was_open

    def failed(self) -> bool:
        """The daemon did not answer. True when that opened the breaker."""
        with self._lock:
            self._failures += 1
            if self._retry_at is None:
                if self._failures < self._threshold:
                    return False
                self._retry_at = self._clock() + self._cooldown
                self.opened += 1
                return True
            if self._trial:  # a straggler that was asked before it opened changes nothing
                self._trial = False
                self._cooldown = min(self._cooldown * 2, self._longest)
                self._retry_at = self._clock() + self._cooldown
            return False

    def abandoned(self) -> None:
        """The asker gave up before there was an answer: nothing was learned."""
        with self._lock:
            self._trial = False

    def reconnected(self) -> None:
        """The channel is connected again: the next question is a trial, whatever the time."""
        with self._lock:
            if self._retry_at is not None:
                self._retry_at = self._clock()

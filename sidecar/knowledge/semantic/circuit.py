"""After failures, nobody asks for a while: one second, then twice as long each time, thirty at most."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

_SHORTEST: Final = 1.0
_LONGEST: Final = 30.0


class Circuit:
    """Closed: ask. Open: do not. After its pause one asker is let through; what it meets closes or opens it again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pause = 0.0
        self._until = 0.0
        self._trying = False

    def admits(self) -> bool:
        """Whether to ask now. Who gets True says how it went, with ``worked`` or ``failed``."""
        if not self._pause:  # the common case takes no lock
            return True
        with self._lock:
            if self._trying or self._clock() < self._until:
                return False
            self._trying = True
            return True

    @property
    def closed(self) -> bool:
        """Whether the last question was answered."""
        return not self._pause

    def worked(self) -> None:
        """There was an answer."""
        if self._pause:
            with self._lock:
                self._pause, self._trying = 0.0, False

    def failed(self) -> None:
        """There was none, or too late."""
        with self._lock:
            now = self._clock()
            if self._pause and not self._trying and now < self._until:
                return  # a straggler that was let through before it opened
            self._pause = min(max(_SHORTEST, 2 * self._pause), _LONGEST)
            self._until, self._trying = now + self._pause, False

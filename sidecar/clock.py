"""Time and identity, passed in wherever they are needed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from .native.ids import Stems

#: Seconds since the epoch.
Clock = Callable[[], float]

wall_clock: Clock = time.time

#: A call dated further ahead of the daemon's clock than this, in seconds, is decided and learned from as if it were
#: made so far ahead: one wrong clock must not date what others are judged by. The past may be as long ago as it was.
AHEAD: Final = 60.0


class TimeOrderedIds:
    """Makes 16-byte ids that sort by the time they were made: 6 bytes of milliseconds, 2 of a counter, 8 random.

    Thread-safe. Within one millisecond, and when the clock steps back, ids still rise.
    """

    def __init__(self, clock: Clock = wall_clock, randomness: random.Random | None = None) -> None:
        self._clock = clock
        # Seeded from the system. SystemRandom asks the kernel for every id: 6 µs of a decision.
        self._random = randomness or random.Random()
        self._id_at = Stems().id_at

    def __call__(self) -> bytes:
        """The next id."""
        return self._id_at(self._clock(), self._random.getrandbits(64))

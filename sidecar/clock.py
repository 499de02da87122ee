"""Time and identity, passed in wherever they are needed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from .model.errors import InvalidArgumentError
from .native.ids import Stems

#: Seconds since the epoch.
Clock = Callable[[], float]

wall_clock: Clock = time.time

#: A call dated further ahead of the daemon's clock than this, in seconds, is decided and learned from as if it were
#: made so far ahead: one wrong clock must not date what others are judged by. The past may be as long ago as it was.
AHEAD: Final = 60.0

#: A record dated further before the newest of its tool than this, in seconds, tells how often calls failed, as far as
#: that has not faded, and nothing of how things are now: it moves no test, no weight, no pause and no probe.
BEHIND: Final = 86_400.0

#: Times begin here, in seconds: zero is how records say that there was none yet.
FIRST_MOMENT: Final = 1.0


def as_it_counts(time: float, now: float) -> float:
    """The time that a call dated ``time`` is judged and learned by, where it is ``now``; both seconds since 1970.

    Raises InvalidArgumentError for what is no time: before 1970, or not a number.
    """
    if not time >= 0.0:
        raise InvalidArgumentError("call.time", "must be between 1970-01-01 and 9999-12-31")
    return min(max(time, FIRST_MOMENT), now + AHEAD)


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

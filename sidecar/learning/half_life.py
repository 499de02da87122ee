"""How fast evidence fades, by event time."""

from __future__ import annotations

from typing import Final

#: Seconds. What is wrong with arguments stays wrong for weeks; what is wrong with a server is over in minutes.
PERMANENT_HALF_LIFE: Final = 30 * 86_400.0
TRANSIENT_HALF_LIFE: Final = 900.0


def half_life_of(transient: bool) -> float:
    """The half-life of evidence of this sort, in seconds."""
    return TRANSIENT_HALF_LIFE if transient else PERMANENT_HALF_LIFE

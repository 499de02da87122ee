"""How much is suggested, and how much drafting may cost."""

from __future__ import annotations

from typing import Final

import msgspec

DAY: Final = 86_400.0


class Limits(msgspec.Struct, frozen=True):
    """Bounds of the inbox. Times are seconds."""

    min_confidence: float = 0.6
    per_day: int = 5
    pending: int = 200
    kept: int = 10_000
    history: int = 100_000
    expire: float = 60 * DAY
    #: How long what was rejected, dismissed, expired or taken does not come back.
    after_rejected: float = 90 * DAY
    after_dismissed: float = 14 * DAY
    after_expired: float = 30 * DAY
    after_taken: float = 180 * DAY


class ModelLimits(msgspec.Struct, frozen=True):
    """Bounds of asking a model. Times are seconds."""

    timeout: float = 20.0
    attempts: int = 3
    pause: float = 2.0
    longest_pause: float = 300.0
    at_once: int = 4
    per_minute: int = 30
    tokens_per_day: int = 500_000

"""``within``: ranges of numbers, times of day on days of the week in a time zone, ranges of dates; and validity."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import UNSET

from .document import Valid, Window
from .facts import WEEKDAYS, moment

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NOT_A_WINDOW: Final = "a window of time has times like “09:00”, dates like “2026-12-24”, or days"


@dataclass(frozen=True)
class TimeWindow:
    """A window of time. ``start`` and ``end`` are minutes of the day (0 to 1440), ``first`` and ``last`` dates."""

    zone: ZoneInfo
    days: frozenset[str]
    start: int = 0
    end: int = 1440
    first: date | None = None
    last: date | None = None

    def holds(self, now: float) -> bool:
        """Whether the time (seconds since the epoch) is inside."""
        at = moment(now)
        if at is None:
            return False
        try:
            local = at.astimezone(self.zone)
        except OverflowError:
            return False
        minute, day = local.hour * 60 + local.minute, local.date()
        if self.start <= self.end:
            if not self.start <= minute < self.end:
                return False
        elif minute < self.end:  # past midnight: it belongs to the day before
            if day == date.min:
                return False
            day -= timedelta(days=1)
        elif minute < self.start:
            return False
        if self.days and WEEKDAYS[day.weekday()] not in self.days:
            return False
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


@lru_cache(maxsize=4096)
def time_window(window: Window) -> TimeWindow:
    """The window as it is evaluated. Raises ValueError, with what is wrong in words."""
    zone = zone_of(window.zone)
    days = frozenset(window.days)
    ends = [one for one in (window.from_, window.to) if one is not UNSET]
    if not ends and days:
        return TimeWindow(zone, days)
    if not ends or not all(isinstance(one, str) for one in ends):
        raise ValueError(_NOT_A_WINDOW)
    texts = [str(one) for one in ends]
    if all(_CLOCK.fullmatch(one) for one in texts):
        start = 0 if window.from_ is UNSET else _minutes(str(window.from_))
        end = 1440 if window.to is UNSET else _minutes(str(window.to))
        if start == end:
            raise ValueError("begins when it ends: leave both out for the whole day")
        return TimeWindow(zone, days, start, end)
    if all(_DATE.fullmatch(one) for one in texts):
        first = None if window.from_ is UNSET else date.fromisoformat(str(window.from_))
        last = None if window.to is UNSET else date.fromisoformat(str(window.to))
        if first is not None and last is not None and first > last:
            raise ValueError("ends before it begins")
        return TimeWindow(zone, days, first=first, last=last)
    raise ValueError(_NOT_A_WINDOW)


def number_range(window: Window) -> tuple[float, float]:
    """The range of numbers, both ends included. Raises ValueError."""
    ends = [-float("inf") if window.from_ is UNSET else window.from_, float("inf") if window.to is UNSET else window.to]
    if window.from_ is UNSET and window.to is UNSET:
        raise ValueError("has neither “from” nor “to”")
    if window.days or window.zone != "UTC" or any(isinstance(one, str) for one in ends):
        raise ValueError("of a number has “from” and “to” as numbers and nothing else")
    low, high = (one for one in ends if not isinstance(one, str))
    if low > high:
        raise ValueError("ends before it begins")
    return low, high


def zone_of(name: str) -> ZoneInfo:
    """The time zone. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"there is no time zone “{name}”: write one like Europe/Berlin or UTC") from None


@lru_cache(maxsize=4096)
def period(valid: Valid) -> tuple[float, float]:
    """From when (included) until when (excluded) a policy holds, in seconds since the epoch. Raises ValueError."""
    start = -float("inf") if valid.from_ is UNSET else _instant(valid.from_)
    end = float("inf") if valid.until is UNSET else _instant(valid.until)
    if start >= end:
        raise ValueError("“until” is not after “from”")
    return start, end


def _instant(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"“{text}” is no date: write one like 2026-12-24 or 2026-12-24T18:00:00Z") from None


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)

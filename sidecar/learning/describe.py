"""Evidence and numbers in words."""

from __future__ import annotations

import msgspec

from ..model.decision import Evidence
from ..model.pattern import UsagePattern
from ..model.vocabulary import Level
from ..native.weights import rounded
from .evidence import credible, wilson
from .half_life import PERMANENT_HALF_LIFE, half_life_of

_QUOTE = 160


def counts_of(pattern: UsagePattern, now: float) -> tuple[float, float]:
    """Successes and failures behind a pattern's probability, faded to ``now``.

    At level error these are repeats after the error with nothing done in between; else all calls covered.
    """
    if pattern.level is Level.ERROR:
        return pattern.plain.faded(now, PERMANENT_HALF_LIFE)
    lasting = PERMANENT_HALF_LIFE if pattern.level is not Level.CALL else half_life_of(pattern.transient)
    return pattern.rate.faded(now, lasting)


def evidence_of(pattern: UsagePattern, now: float, *, exact: bool = False) -> Evidence:
    """The evidence behind a pattern: faded counts, plain count, interval, newest calls.

    The interval is the score interval, which is cheap; with ``exact`` the posterior's own, for those who can wait.
    """
    successes, failures = counts_of(pattern, now)
    total = successes + failures
    return Evidence(
        failures=rounded(failures, 4),
        successes=rounded(successes, 4),
        calls=pattern.failures + pattern.successes,
        interval=credible(successes, failures) if exact else wilson(failures / total if total else 0.5, total),
        call_ids=tuple(pattern.call_ids),
        last_time=pattern.last_time,
    )


def failure_probability(pattern: UsagePattern, now: float) -> float:
    """The posterior mean of the failure rate under a Jeffreys prior."""
    successes, failures = counts_of(pattern, now)
    return (failures + 0.5) / (successes + failures + 1.0)


def quoted(text: str) -> str:
    """A text's beginning on one line, in quotation marks."""
    line = " ".join(text.split())
    return f"“{line[:_QUOTE]}…”" if len(line) > _QUOTE else f"“{line}”"


def shown_arguments(preview: str) -> str:
    """Arguments as people read them: the text itself where there is only one, else the JSON; in quotation marks."""
    try:
        arguments = msgspec.json.decode(preview)
    except msgspec.DecodeError:  # it was cut
        return quoted(preview)
    if isinstance(arguments, dict) and len(arguments) == 1:
        (value,) = arguments.values()
        if isinstance(value, str):
            return quoted(value)
    return quoted(preview)


def ago(span: float) -> str:
    """How long ago, in words."""
    return "just now" if span < 1.0 else f"{seconds(span)} ago"


def times(count: int) -> str:
    """once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def of_all(failures: float, total: float, one: str = "call", several: str = "calls") -> str:
    """As in "1 of 1 call", "3 of 4 calls"; weights are rounded."""
    return f"{failures:.0f} of {total:.0f} {one if 0.5 < total < 1.5 else several}"


def seconds(value: float) -> str:
    """A span in words, to its largest unit: 40 s, 5 min, 3 h, 2 days."""
    for unit, length in (("days", 172_800.0), ("h", 7_200.0), ("min", 120.0)):
        if value >= length:
            size = {"days": 86_400.0, "h": 3_600.0, "min": 60.0}[unit]
            return f"{value / size:.0f} {unit}"
    return f"{value:.0f} s"

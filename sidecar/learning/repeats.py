"""Repeats: whether the same call again mends a failure, and after which pause. Learned per tool and error template.

How often repeats work is a rate, shrunk to the tool's, shrunk to that of all errors of the sort (passing or lasting):
the records that the detector of exact repeats keeps. Here the pauses are added: event time between a failure and the
same call's next attempt, in ``len(EDGES) + 1`` bins per error template. Calls without times have no pauses to learn.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from ..capture.templates import template_id
from ..model.counted import Counted
from ..model.decision import RetryAdvice
from ..model.pattern import UsagePattern
from ..model.vocabulary import Level
from ..native.lessons import learned
from .describe import seconds
from .evidence import wilson
from .pauses import wait_of
from .pending import open_failure
from .tool_model import Repeats
from .view import Outcome, View

#: Probability that a repeat works before anything was learned: after a passing failure, after a lasting one.
_PRIOR_TRANSIENT: Final = 0.6
_PRIOR_PERMANENT: Final = 0.1
_STRENGTH_OVERALL: Final = 10.0
_STRENGTH: Final = 3.0
#: From this probability on a repeat is worth it.
WORTH_IT: Final = 0.5
#: Repeats that must have been made before they are held against an outage; and what is no chance any more.
_ENOUGH: Final = 3.0
_CHANCE: Final = 0.001
#: Where no pause is known to work: this many seconds at first, doubling with each failure in a row to the second.
FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
#: Upper ends of the bins of pauses, in seconds.
EDGES: Final = (0.5, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
#: A shorter pause is preferred while it works nearly as often as the best; and what one bin is shrunk with.
_NEARLY: Final = 0.1
_STRENGTH_BIN: Final = 2.0
_KEEP: Final = 100.0


def learn_repeat(view: View, outcome: Outcome) -> None:
    """The call was made; if it is a repeat of one that failed in the session, its pause worked or did not."""
    session = view.session
    if session is None or not session.unmended:
        return
    before = open_failure(session, view.subject, view.features.fingerprint[:8])
    if before is None or outcome.now <= before.time:
        return  # made without a time, or told late
    pattern = view.pattern(Level.ERROR, before.template)
    if pattern is None:
        return
    pattern = learned(view, Level.ERROR, before.template, pattern.description)
    pause = outcome.now - before.time
    worked, failed, total = pattern.delays.get(bin_of(pause), (0.0, 0.0, 0.0))
    if worked + failed >= _KEEP:
        worked, failed, total = worked / 2.0, failed / 2.0, total / 2.0  # what is new counts
    if outcome.failed:
        failed += 1.0
    else:
        worked, total = worked + 1.0, total + pause
    pattern.delays[bin_of(pause)] = [worked, failed, total]


def advise(view: View, template: bytes, *, transient: bool, tries: int) -> RetryAdvice:
    """Whether to make the view's call again, which has failed ``tries`` times in a row, last with this error."""
    error = view.pattern(Level.ERROR, template) if template else None
    p, weight = _works(view, error, transient)
    worth_it = p >= WORTH_IT
    pause = learned_pause(error, p)
    after = max(wait_of(view), pause if pause >= 0.0 else backoff(tries)) if worth_it else -1.0
    return RetryAdvice(worth_it, after, round(p, 6), wilson(p, weight), _reason(error, transient, pause, worth_it))


def passes(view: View) -> bool:
    """Whether the tool's present failures are of a sort that repeats usually mend: then nothing is down.

    Judged by repeats that were made, of this call's error or of the tool's last one; and not while more failures stand
    in a row than chance would let, if each repeat failed as often as they did so far.
    """
    error = view.last_error()
    if error is None and view.tool_pattern is not None and view.tool_pattern.template:
        error = view.pattern(Level.ERROR, template_id(view.tool_pattern.template))
    if error is None or not error.transient or _total(error, True) < _ENOUGH or wait_of(view) > 0.0:
        return False
    p, _ = _works(view, error, True)
    in_row = view.model.streak if view.model is not None else 0
    return p >= WORTH_IT and (1.0 - p) ** in_row >= _CHANCE


def wait_before_repeat(view: View) -> float:
    """Seconds from now after which the view's call, if it is a repeat, should be made; -1 where waiting is no use."""
    session, seen = view.session, view.seen
    if session is None or seen < 0 or not session.failed(seen):
        return -1.0
    fingerprint = view.features.fingerprint[:8]
    transient = view.was_transient(seen)
    p, _ = _works(view, view.last_error(), transient)
    if p < WORTH_IT:
        return -1.0
    pause = learned_pause(view.last_error(), p)
    if pause < 0.0:
        return backoff(session.failures_in_row(fingerprint)) if transient else -1.0
    before = open_failure(session, view.subject, fingerprint)
    return max(0.0, pause - (view.now - before.time)) if before is not None else pause


def learned_pause(error: UsagePattern | None, p: float) -> float:
    """The mean of the pauses that worked in the earliest bin that is nearly as good as the best; -1: none is known."""
    if error is None or not error.delays:
        return -1.0
    rates = {
        at: (worked + _STRENGTH_BIN * p) / (worked + failed + _STRENGTH_BIN)
        for at, (worked, failed, _) in error.delays.items()
        if worked
    }
    if not rates:
        return -1.0
    least = max(rates.values()) - _NEARLY
    worked, _, total = error.delays[min(at for at, rate in rates.items() if rate >= least)]
    return total / worked


def backoff(tries: int) -> float:
    """The pause after so many failures in a row where none is known to work."""
    return min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(max(0, tries - 1), 16))


def bin_of(pause: float) -> int:
    """The bin of a pause, from 0."""
    return bisect_right(EDGES, pause)


def _works(view: View, error: UsagePattern | None, transient: bool) -> tuple[float, float]:
    """The probability that a repeat works, and how many observations that is worth."""
    p = _PRIOR_TRANSIENT if transient else _PRIOR_PERMANENT
    p = _mean(view.overall.repeats(transient), transient, p, _STRENGTH_OVERALL)
    weight = _STRENGTH
    if view.model is not None:
        p = _mean(view.model.repeats(transient), transient, p, _STRENGTH)
    if error is not None:
        p = _mean(Repeats(error.plain, error.changed), transient, p, _STRENGTH)
        weight += _total(error, transient)
    return p, weight


def _mean(repeats: Repeats, transient: bool, prior: float, strength: float) -> float:
    """The rate of repeats that worked. What passes by itself passes whatever was done in between."""
    plain, changed = repeats.plain, repeats.changed if transient else Counted()
    worked = plain.successes + changed.successes
    return (worked + strength * prior) / (worked + plain.failures + changed.failures + strength)


def _total(error: UsagePattern, transient: bool) -> float:
    return error.plain.total + (error.changed.total if transient else 0.0)


def _reason(error: UsagePattern | None, transient: bool, pause: float, worth_it: bool) -> str:
    made = _total(error, transient) if error is not None else 0.0
    if error is None or made < 0.5:
        if transient:
            return "such failures mostly pass by themselves; no repeat after this error was seen yet"
        return "such failures mostly come again; no repeat after this error was seen yet"
    worked = error.plain.successes + (error.changed.successes if transient else 0.0)
    text = f"about {worked:.0f} of {made:.0f} repeats after this error worked"
    if worth_it and pause >= 0.0:
        text += f", after a pause of about {seconds(pause)}"
    return text

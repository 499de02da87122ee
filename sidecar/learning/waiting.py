"""Calls that are meant to be repeated until they work: polling a job, waiting for a lock.

What counts is not how many repeats fail but how it ends. Of calls that failed with an error n times in a row and were
then made again, with nothing done in between that may have changed something, some worked in the end, at this try or a
later one. Where that is usual, a repeat is waiting: it is not to be prevented however surely this try fails, until it
has failed more often than any that worked. Calls that were given up, or prevented, count as not having worked.

And where an error says of itself that it is a matter of time, it is believed until enough repeats after it were seen.

Kept per tool and error template, in the tool's model: for each step of n how many came so far, and worked there.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from ..capture.awaited import is_awaited
from ..capture.templates import template_id
from .session import WIDTH
from .view import Outcome, View

#: Failures in a row from which on tries are told apart.
STEPS: Final = (1, 2, 3, 4, 6, 9, 14, 22, 35, 56, 90)
#: Errors of a tool whose repeats are remembered; the least recently repeated are forgotten.
MAX_WAITS: Final = 24
#: Waiting is usual from this share on of calls that worked in the end, with one added that did not.
_USUAL: Final = 0.5
#: Beyond this many calls old ones are forgotten by halves.
_HORIZON: Final = 64.0
#: How many repeats after an error that says it is a matter of time are seen before they may be prevented.
_TRIALS: Final = 12.0
#: The same after an error of a sort that passes by itself, and of any sort once three calls of the tool were prevented
#: (in bytes, see ``guard/booked.py``): else what nobody may repeat would never be known to pass.
_FEW: Final = 3.0
_UNKNOWN: Final = 3 * 14


def learn_wait(view: View, outcome: Outcome) -> None:
    """Count a call that was made, if it repeats one that failed. To be called before the session remembers it."""
    template = _repeated(view)
    if not template or view.session is None:
        return
    tries = view.session.failures_in_row(view.features.fingerprint[:8])
    at = bisect_right(STEPS, tries) - 1
    waits = view.own_model().waits
    steps = waits.pop(template, [])
    waits[template] = steps
    while len(waits) > MAX_WAITS:
        del waits[next(iter(waits))]
    if len(steps) < 2 * at + 2:
        steps += [0.0] * (2 * at + 2 - len(steps))
    if tries == STEPS[at]:
        steps[2 * at] += 1.0
    if not outcome.failed:
        steps[2 * at + 1] += 1.0
    if steps[2 * at] > _HORIZON:
        steps[:] = [count / 2.0 for count in steps]


def is_waiting(view: View) -> bool:
    """Whether the call repeats one that failed, or begins to be repeated, and is better made than prevented."""
    session, tries = view.session, 1
    template = _repeated(view)
    if template and session is not None:
        error = view.last_error()
        if error is not None:
            seen = error.plain.total
            if seen < _TRIALS and (seen < _FEW if error.transient else is_awaited(error.last_error)):
                return True
        model = view.model
        if model is not None and len(model.booked) >= _UNKNOWN and model.permanent.plain.total < _FEW:
            return True
        tries = session.failures_in_row(view.features.fingerprint[:8])
    elif view.seen < 0 and view.tool_pattern is not None and view.tool_pattern.template:
        template = template_id(view.tool_pattern.template)  # it may fail as the tool's last failure did, at first
    steps = view.model.waits.get(template) if template and view.model is not None else None
    if not steps:
        return False
    at = bisect_right(STEPS, tries) - 1
    came = steps[2 * at] if 2 * at < len(steps) else 0.0
    return sum(steps[2 * at + 1 :: 2]) >= _USUAL * (came + 1.0)


def _repeated(view: View) -> bytes:
    """The template of the error that the call failed with in its session, where nothing may have changed since."""
    session, seen = view.session, view.seen
    if session is None or seen < 0 or not session.failed(seen) or session.changes_since(seen):
        return b""
    return session.template(seen)[:WIDTH]

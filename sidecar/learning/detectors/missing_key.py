"""The arguments lack a key that errors have asked for: a call of the tool without it fails again, in any session.

Which keys a tool needs is learned from its errors, each with how calls without it went since. Failing for something
else says nothing about a key, unless it is never asked for again.
"""

from __future__ import annotations

from typing import Final

from ...capture.missing_keys import asked_for, keys_of
from ...model.counted import Counted
from ...model.decision import Evidence
from ...model.vocabulary import Cause
from ..describe import of_all
from ..detector import Finding
from ..evidence import logit, wilson
from ..grounds import mark_of_name
from ..half_life import PERMANENT_HALF_LIFE
from ..view import Outcome, View

#: Keys of one tool that are remembered; the least recently asked for are forgotten.
MAX_MISSING: Final = 16
_STRENGTH: Final = 0.5


class MissingKey:
    """See the module."""

    code = "missing_key"
    about = "whether the arguments lack a key that errors have asked for"
    needs = "missing"
    features = (("missing_key", 0.8),)  # log-odds of calls without the key over the kind's

    def propose(self, view: View, x: list[float], at: int) -> None:
        """The record of the missing key with the worst one."""
        found = _worst(view)
        if found is not None:
            x[at] = logit(found[1].mean(view.p_kind, _STRENGTH)) - view.base

    def explain(self, view: View) -> Finding | None:
        """The key, and how calls without it went."""
        found = _worst(view)
        if found is None:
            return None
        key, rate = found
        total = rate.total
        return Finding(
            summary=f"errors of {view.call.tool} have asked for “{key}”, which this call does not give:"
            f" {of_all(rate.failures, total)} without it failed",
            cause=Cause.INVALID_ARGUMENT,
            evidence=Evidence(
                failures=round(rate.failures, 4),
                successes=round(rate.successes, 4),
                calls=round(total),
                call_ids=(),
                interval=wilson(rate.failures / total if total else 0.5, total),
                last_time=rate.time,
            ),
            remedy=f"Give the key “{key}”.",
            mark=mark_of_name(key),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count the call for each key that it lacks; a new error may ask for more."""
        asked = asked_for(outcome.error, view.call.arguments) if outcome.failed else ()
        known = view.model.missing if view.model is not None else {}
        if not known and not asked:
            return
        missing = view.own_model().missing
        if missing and not outcome.failed:
            present = keys_of(view.call.arguments)
            for key, rate in missing.items():
                if key not in present:
                    rate.add(False, outcome.now, PERMANENT_HALF_LIFE)
        for key in asked:
            rate = missing.pop(key) if key in missing else Counted()
            rate.add(True, outcome.now, PERMANENT_HALF_LIFE)
            missing[key] = rate
        while len(missing) > MAX_MISSING:
            del missing[next(iter(missing))]


def _worst(view: View) -> tuple[str, Counted] | None:
    model = view.model
    if model is None or not model.missing:
        return None
    present = keys_of(view.call.arguments)
    found, most = None, view.p_kind
    for key, rate in model.missing.items():
        if key not in present:
            p = rate.mean(view.p_kind, _STRENGTH)
            if p > most:
                most, found = p, (key, rate)
    return found

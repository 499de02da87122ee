"""Calls that look like this one, with other arguments, fail: here, in the session, or after a call like the last.

What a call does is often said at its end: of ``cd x && A=1 run y | tail`` the last step; of what it opens with, its
kind, the base rate knows.
"""

from __future__ import annotations

from ...model.counted import Counted
from ...model.decision import Evidence
from ...model.pattern import MAX_SCOPES
from ...native import counts, lessons, proposals
from ...native.weights import rounded
from ..describe import of_all
from ..detector import Finding
from ..evidence import wilson
from ..half_life import PERMANENT_HALF_LIFE
from ..rates import KindRate
from ..view import Outcome, View


class SimilarCalls:
    """See the module."""

    code = "similar_calls"
    about = "how calls that look like this one went"
    needs = ""
    features = (
        ("ending_rate", 0.5),  # log-odds of calls that end like this over the kind's
        ("ending_scope", 0.2),  # the same where this call is made, over everywhere
        ("kind_scope", 0.2),  # the kind where this call is made, over everywhere
        ("ending_here", 0.15),  # calls that end like this in the session, over elsewhere
        ("ending_last", 0.0),  # +1 when the last of them failed, -1 when it worked
        ("turn_rate", 0.35),  # calls that open like this right after a call like the session's last
        ("position", 0.0),  # log of calls in the session
    )

    #: Log-odds of the records, each over the next wider one.
    propose = staticmethod(proposals.similar_calls)

    def explain(self, view: View) -> Finding | None:
        """How calls like this went."""
        rate = view.rate_of(view.wording.ending) or view.rate
        if rate is None or rate.rate.failures < 0.5:
            return None
        successes, failures = rate.rate.faded(view.now, PERMANENT_HALF_LIFE)
        total = successes + failures
        if total < 0.5:
            return None  # it was so long ago that nothing is left of it
        summary = f"{of_all(failures, total, 'call that looks', 'calls that look')} like this failed"
        if view.session is not None:
            calls, bad, _ = view.session.ended_like(view.wording.ending)
            if bad:
                summary += f", {bad} of {calls} in this session"
        here = _here(view, rate, view.p_kind)
        if here is not None and here > failures / total:
            summary += f"; where this one is made, about {100.0 * here:.0f} %"
        return Finding(
            summary=summary,
            evidence=Evidence(
                failures=rounded(failures, 4),
                successes=rounded(successes, 4),
                calls=round(total),
                call_ids=(),
                interval=wilson(failures / total, total),
                last_time=rate.rate.time,
            ),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count the call for what it looks like, in its scopes, and for its turn."""
        lessons.similar_calls(view, Counted, MAX_SCOPES, PERMANENT_HALF_LIFE, outcome.now, failed=outcome.failed)


def _here(view: View, rate: KindRate, prior: float) -> float | None:
    """The failure rate of such calls in the scopes of this one; None where they are not known in any."""
    return counts.here(rate.rate, prior, proposals.STRENGTH_ENDING, rate.scopes, view.scopes)

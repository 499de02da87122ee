"""Calls that look like this one, with other arguments, fail: here, in the session, or after a call like the last.

What a call does is often said at its end: of ``cd x && A=1 run y | tail`` the last step; of what it opens with, its
kind, the base rate knows.
"""

from __future__ import annotations

from math import log1p
from typing import Final

from ...model.decision import Evidence
from ...native import counts
from ..detector import Finding
from ..evidence import logit, wilson
from ..half_life import PERMANENT_HALF_LIFE
from ..rates import KindRate
from ..scopes import count_scopes
from ..session import CHANGED, FAILED, SILENT, WIDTH
from ..view import Outcome, View

_STRENGTH: Final = 3.0
_STRENGTH_HERE: Final = 2.0


class SimilarCalls:
    """See the module."""

    code = "similar_calls"
    about = "how calls that look like this one went"
    features = (
        ("ending_rate", 0.5),  # log-odds of calls that end like this over the kind's
        ("ending_scope", 0.2),  # the same where this call is made, over everywhere
        ("kind_scope", 0.2),  # the kind where this call is made, over everywhere
        ("ending_here", 0.15),  # calls that end like this in the session, over elsewhere
        ("ending_last", 0.0),  # +1 when the last of them failed, -1 when it worked
        ("turn_rate", 0.35),  # calls that open like this right after a call like the session's last
        ("position", 0.0),  # log of calls in the session
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """Log-odds of the records, each over the next wider one."""
        base, trust = view.base, view.likeness
        rate = view.rate
        if rate is not None and rate.scopes:
            here = _here(view, rate, view.p_tool)
            if here is not None:
                x[at + 2] = trust * (logit(here) - base)
        ending = view.rate_of(view.wording.ending)
        p, level = view.p_kind, base
        if ending is not None:
            p = ending.rate.mean(view.p_kind, _STRENGTH)
            level = logit(p)
            x[at] = trust * (level - base)
            here = _here(view, ending, view.p_kind)
            if here is not None:
                x[at + 1] = trust * (logit(here) - level)
        session = view.session
        if session is None:
            return
        calls, failures, last = session.ended_like(view.wording.ending)
        if calls:
            x[at + 3] = trust * (logit((failures + _STRENGTH_HERE * p) / (calls + _STRENGTH_HERE)) - level)
            x[at + 4] = trust if last else -trust
        turn = view.rate_of(_turn(view))
        if turn is not None:
            x[at + 5] = trust * (logit(turn.rate.mean(view.p_kind, _STRENGTH)) - base)
        x[at + 6] = log1p(session.successes + session.failures)

    def explain(self, view: View) -> Finding | None:
        """How calls like this went."""
        rate = view.rate_of(view.wording.ending) or view.rate
        if rate is None or rate.rate.failures < 0.5:
            return None
        successes, failures = rate.rate.faded(view.now, PERMANENT_HALF_LIFE)
        total = successes + failures
        summary = f"{failures:.0f} of {total:.0f} calls that look like this failed"
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
                failures=round(failures, 4),
                successes=round(successes, 4),
                calls=round(total),
                call_ids=(),
                interval=wilson(failures / total, total),
                last_time=rate.rate.time,
            ),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count the call for what it looks like, in its scopes, and for its turn."""
        failed, now = outcome.failed, outcome.now
        ending = view.learned_rate(view.wording.ending)
        ending.rate.add(failed, now, PERMANENT_HALF_LIFE)
        count_scopes(ending.scopes, view.scopes, failed, now, PERMANENT_HALF_LIFE)
        kind = view.learned_rate(view.features.kind)
        count_scopes(kind.scopes, view.scopes, failed, now, PERMANENT_HALF_LIFE)
        if view.session is not None:
            view.learned_rate(_turn(view)).rate.add(failed, now, PERMANENT_HALF_LIFE)


def _here(view: View, rate: KindRate, prior: float) -> float | None:
    """The failure rate of such calls in the scopes of this one; None where they are not known in any."""
    return counts.here(rate.rate, prior, _STRENGTH, rate.scopes, view.scopes)


def _turn(view: View) -> bytes:
    """The key of the record of calls that open like this one after a call like the session's last, gone like that."""
    session = view.session
    if session is None or not session.marks:
        return view.wording.opening
    mark = session.marks[-1] & (FAILED | CHANGED | SILENT)
    # XOR as numbers: byte by byte takes three times as long.
    both = int.from_bytes(view.wording.opening) ^ int.from_bytes(session.endings[-WIDTH:])
    return (both << 8 | mark).to_bytes(WIDTH + 1)

"""How this session is going: calls like this one, with whatever arguments, have been failing in it.

Some errors belong to one set of arguments, some stick to the kind of call ("command not found"). Which do is learned
per error: after it, how did the session's next call of the same kind go?
"""

from __future__ import annotations

from ...model.pattern import UsagePattern
from ...model.vocabulary import Level
from ...native import proposals
from ...native.lessons import learned
from ..describe import evidence_of, of_all, quoted
from ..detector import Finding
from ..half_life import PERMANENT_HALF_LIFE
from ..view import Outcome, View

#: Calls of a tool before its sessions' trends may prevent.
_KNOWN_TOOL = 30.0


class SessionTrend:
    """See the module."""

    code = "session_trend"
    about = "how calls of this kind went in this session"
    needs = ""
    features = (
        ("session_rate", 0.2),  # log-odds of the session's rate over the tool's
        ("session_kind", 0.1),  # of this kind of call in the session over the kind's
        ("session_error", 0.3),  # after the error that this kind last ended with here, over the kind's
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """Log-odds of the session's own record, each over what is known beside it."""
        proposals.session_trend(view, x, at, Level.ERROR)

    def explain(self, view: View) -> Finding | None:
        """How many calls like this failed in the session, and with what."""
        session = view.session
        if session is None:
            return None
        calls, failures = session.of_kind(view.features.kind)
        if not failures:
            return None
        error = _last_error(view)
        alike = of_all(failures, calls, "call that starts", "calls that start")
        summary = f"{alike} like this failed in this session"
        if error is not None:
            summary += f", last with {quoted(error.last_error or error.template)}"
        return Finding(
            summary=summary,
            pattern_id=view.id_of(Level.ERROR, error.covers) if error is not None else b"",
            cause=session.cause(session.last_of_kind(view.features.kind)),
            evidence=evidence_of(error, view.now) if error is not None else None,
            # Other arguments may well work: of a tool that is hardly known, a bad start says little.
            prevents=view.tool_pattern is not None and view.tool_pattern.rate.total >= _KNOWN_TOOL,
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """The session's next call of a kind tells whether its last error sticks to the kind."""
        error = _last_error(view)
        if error is None or view.seen == _last_place(view):
            return  # none, or the very same call again, which exact_repeat learns from
        changed = learned(view, Level.ERROR, error.covers, error.description)
        changed.kin.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)


def _last_place(view: View) -> int:
    return view.session.last_of_kind(view.features.kind) if view.session is not None else -1


def _last_error(view: View) -> UsagePattern | None:
    """The error that the session's newest call of this kind ended with."""
    session, place = view.session, _last_place(view)
    if session is None or place < 0 or not session.failed(place):
        return None
    return view.pattern(Level.ERROR, session.template(place))

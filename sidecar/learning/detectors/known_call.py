"""The very call failed in earlier sessions, here or anywhere. Which context key's value counts as "here" is learned.

Attempts of one call within a session are one episode: an agent that tries ten times has not shown ten failures. Of
calls that never failed only a mark is kept, see ``worked_calls.py``. That a call worked counts by the share of failures
that last: those that pass strike any call.
"""

from __future__ import annotations

from ...model.vocabulary import Level
from ...native import proposals
from ...native.counts import add
from ...native.lessons import learned
from ..describe import evidence_of, quoted, times
from ..detector import Finding
from ..half_life import PERMANENT_HALF_LIFE, TRANSIENT_HALF_LIFE, half_life_of
from ..scopes import count_scopes, judge_scopes
from ..view import Outcome, View
from ..worked_calls import hash_of, note

#: What passes by itself is the tool's, seldom the arguments': a query can time out each time, but that has to show.
_TRANSIENT_WEIGHT = 0.25


class KnownCall:
    """See the module."""

    code = "known_call"
    about = "how this very call went in earlier sessions"
    needs = ""
    features = (
        ("known_all", 1.0),  # log-odds of the call's record in other sessions over the base
        ("known_scope", 0.8),  # its record in the most telling context value over that
        ("known_last", 0.45),  # +1 when the last episode failed for a reason that lasts, −1 when it passed
        ("known_to_work", -0.5),  # 1 when the call worked the last time, in whatever session
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """The call's record, without this session's own episodes, which are no news."""
        proposals.known_call(view, x, at, PERMANENT_HALF_LIFE, TRANSIENT_HALF_LIFE)

    def explain(self, view: View) -> Finding | None:
        """How often it failed before, and with what."""
        pattern = view.known_call()
        if pattern is None or not pattern.failures:
            return None
        calls = pattern.failures + pattern.successes
        summary = f"this call was made {times(calls)} before and failed {times(pattern.failures)}"
        if pattern.last_error:
            summary += f", last with {quoted(pattern.last_error)}"
        return Finding(
            summary=summary,
            pattern_id=view.id_of(Level.CALL, view.features.fingerprint[:8]),
            cause=pattern.cause,
            evidence=evidence_of(pattern, view.now),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count an episode: the session's first call with these arguments, and each time its outcome turns."""
        self._note(view, outcome)
        pattern = view.known_call()
        if pattern is None and not outcome.failed:
            return  # only what failed once is worth remembering by itself
        session, seen = view.session, view.seen
        if session is not None and seen >= 0 and session.failed(seen) == outcome.failed:
            return
        pattern = learned(view, Level.CALL, view.features.fingerprint[:8], view.features.preview)
        half_life = half_life_of(pattern.transient)
        judge_scopes(view.own_model().merits, pattern.rate, pattern.scopes, view.scopes, outcome.failed)
        weight = _TRANSIENT_WEIGHT if outcome.failed and outcome.transient else 1.0
        add(pattern.rate, outcome.failed, outcome.now, half_life, weight)
        count_scopes(pattern.scopes, view.scopes, outcome.failed, outcome.now, half_life, weight)

    def _note(self, view: View, outcome: Outcome) -> None:
        model, tool = view.own_model(), view.tool_pattern
        calls = tool.failures + tool.successes if tool is not None else 0
        call = hash_of(view.features.fingerprint[:8], view.epoch)
        model.worked_calls = note(model.worked_calls, call, calls, failed=outcome.failed)

"""The same call again in the same session: doomed if it failed and nothing changed in between.

Nobody tells which calls change something. Three things stand for it: whether any call in between succeeded with a
tool that is not registered as read-only, what kinds of calls those were (after some kinds repeats work, after others
they do not: learned per tool), and whether they were silent, as writes are. A call that had worked in the session, or
after one that worked and names the same, is less doomed.
"""

from __future__ import annotations

from ...model.counted import Counted
from ...model.pattern import covered_call
from ...model.vocabulary import Cause, Level
from ...native.lessons import learned
from ..describe import evidence_of, quoted, times
from ..detector import Finding
from ..evidence import logit
from ..half_life import PERMANENT_HALF_LIFE
from ..last_words import last_words_of, shared
from ..pending import open_failure
from ..tool_model import MAX_CHANGES
from ..view import Outcome, View

#: Probability that a repeat fails again before anything was learned: (nothing in between, something in between).
_PRIOR_PERMANENT = (0.9, 0.6)
_PRIOR_TRANSIENT = (0.4, 0.4)
_STRENGTH_OVERALL = 10.0
_STRENGTH = 3.0
_STRENGTH_CHANGE = 2.0


class ExactRepeat:
    """See the module."""

    code = "exact_repeat"
    about = "how this very call went before in this session"
    needs = ""
    features = (
        ("repeat_failed", 1.25),  # log-odds of failing again (sort of error, tool, error template) over the base
        ("repeat_change", 0.5),  # the most helpful kind of call in between, over the repeat's log-odds
        ("repeat_passed", -1.2),  # this call last succeeded in the session
        ("repeat_worked", -1.0),  # it failed the last time, and had worked in the session
        ("repeat_touched", -0.5),  # it failed, and the session's last call worked and has words in common with it
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """What happened the last time, and since."""
        session, seen = view.session, view.seen
        if session is None or seen < 0:
            return
        if not session.failed(seen):
            x[at + 2] = 1.0
            return
        between = session.changes_since(seen)
        p = fails_again(view, seen, changed=bool(between))
        level = logit(p)
        x[at] = level - view.base
        if between:
            x[at + 1] = logit(_after_changes(view, between, p)) - level
        if session.ever_worked(view.features.fingerprint[:8]):
            x[at + 3] = 1.0
        if _touched(view):
            x[at + 4] = 1.0

    def explain(self, view: View) -> Finding | None:
        """How often it failed, with what, and whether anything changed since."""
        session, seen = view.session, view.seen
        if session is None or seen < 0 or not session.failed(seen):
            return None
        between = session.changes_since(seen)
        pattern = view.known_call()
        error = view.last_error()
        count = session.failures_in_row(view.features.fingerprint[:8])
        since = len(session) - 1 - seen
        summary = f"this call failed {times(count)}{' in a row' if count > 1 else ''} in this session"
        if error is not None and error.template:
            summary += f", last with {quoted(error.last_error or error.template)}"
        if session.ever_worked(view.features.fingerprint[:8]):
            summary += ", and had worked before"
        if _touched(view):
            summary += "; the call just before worked, and speaks of the same"
        elif between:
            summary += "; since then something may have changed it"
        elif since:
            summary += f"; nothing that may have changed it happened in the {since} calls since" if since > 1 else ""
        else:
            summary += ", just now"
        cause = session.cause(seen)
        return Finding(
            summary=summary,
            pattern_id=view.id_of(Level.CALL, view.features.fingerprint[:8]),
            cause=cause,
            evidence=evidence_of(pattern, view.now) if pattern is not None else None,
            remedy=_remedy(cause),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """A repeat of a failed call tells how its error, its tool and all tools deal with repeats."""
        session, seen = view.session, view.seen
        if session is None or seen < 0 or not session.failed(seen):
            return
        between = session.changes_since(seen)
        transient = view.was_transient(seen)
        own = view.own_model()
        for repeats in (own.repeats(transient), view.overall.repeats(transient)):
            record = repeats.changed if between else repeats.plain
            record.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
        error = view.last_error()
        if error is not None:
            changed = learned(view, Level.ERROR, error.covers, error.description)
            (changed.changed if between else changed.plain).add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
        for kind in between:
            record = own.changes.pop(kind) if kind in own.changes else Counted()
            record.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
            own.changes[kind] = record
        while len(own.changes) > MAX_CHANGES:
            del own.changes[next(iter(own.changes))]


def fails_again(view: View, seen: int, *, changed: bool) -> float:
    """Probability that a repeat fails: of errors of this sort, shrunk to by the tool's, shrunk to by this error's."""
    transient = view.was_transient(seen)
    prior = (_PRIOR_TRANSIENT if transient else _PRIOR_PERMANENT)[changed]
    overall = view.overall.repeats(transient)
    p = (overall.changed if changed else overall.plain).mean(prior, _STRENGTH_OVERALL)
    if view.model is not None:
        own = view.model.repeats(transient)
        p = (own.changed if changed else own.plain).mean(p, _STRENGTH)
    error = view.last_error()
    if error is not None:
        p = (error.changed if changed else error.plain).mean(p, _STRENGTH)
    return p


def _after_changes(view: View, between: set[bytes], p: float) -> float:
    """Probability of failing after the most helpful kind of call in between."""
    best = 1.0
    changes = view.model.changes if view.model is not None else {}
    for kind in between:
        record = changes.get(kind)
        best = min(best, record.mean(p, _STRENGTH_CHANGE) if record is not None else p)
    return best


def _touched(view: View) -> bool:
    """Whether the session's last call worked and has words in common with this one: it may have mended it.

    Where its correction was seen to work, that call is not made better by it.
    """
    session = view.session
    if session is None or not session.last_words:
        return False
    failure = open_failure(session, view.subject, covered_call(view.features.fingerprint))
    if failure is not None and failure.answered:
        return False
    return shared(session.last_words, last_words_of(view))


def _remedy(cause: Cause) -> str:
    if cause in (Cause.RATE_LIMITED, Cause.UNAVAILABLE, Cause.TIMEOUT):
        return "It may work later: the failure looks temporary."
    if cause is Cause.PERMISSION:
        return "It can work once the credentials or permissions change."
    if cause in (Cause.PRECONDITION, Cause.CONFLICT):
        return "It can work once the state that the error speaks of has changed."
    return "Other arguments are needed, or something that the error speaks of has to change first."

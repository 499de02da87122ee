"""A call that fails until something else has worked in the session: "No file open. Use the open command first".

When a tool works after it had failed in the session, the tools that worked in between may be what it needed, and so may
the steps of its own that worked first. Each has a record of how the tool's calls went without it, and with it, and has
to pass a test (``needs.py``) before it is told. What last failed does not count as having worked.
"""

from __future__ import annotations

from ...model.decision import Evidence
from ...model.vocabulary import Cause
from ...native.needs import most, observe_each
from ..describe import of_all
from ..detector import Finding
from ..evidence import wilson
from ..grounds import mark_of_name
from ..half_life import PERMANENT_HALF_LIFE
from ..needs import MAX_NEEDED, OWN, STRENGTH, begin, believe, difference
from ..steps import has_worked, recovered_by
from ..tool_model import Precondition
from ..view import Outcome, View


class PreconditionDetector:
    """See the module."""

    code = "precondition"
    about = "whether what has to work first did so in this session"
    needs = "preconditions"
    features = (("precondition", 0.25),)  # log-odds without what is needed over with it

    def propose(self, view: View, x: list[float], at: int) -> None:
        """The need that is not met and makes the largest difference."""
        found = _most_needed(view)
        if found is not None:
            x[at] = view.trust * found[2]

    def explain(self, view: View) -> Finding | None:
        """What has to work first, and how calls went without it and with it."""
        found = _most_needed(view)
        if found is None:
            return None
        key, need, _ = found
        name = f"a call of {view.call.tool} where {need.words}" if key.startswith(OWN) else key
        remedy = f"Use {view.call.tool} where {need.words} first." if key.startswith(OWN) else f"Use {key} first."
        before, after = need.before, need.after
        return Finding(
            summary=f"{view.call.tool} failed {of_all(before.failures, before.total, 'time', 'times')} while {name}"
            f" had not worked in the session, and {of_all(after.failures, after.total, 'time', 'times')} once it had",
            cause=Cause.PRECONDITION,
            evidence=Evidence(
                failures=round(before.failures, 4),
                successes=round(before.successes, 4),
                calls=round(before.total),
                call_ids=(),
                interval=wilson(before.failures / before.total if before.total else 0.5, before.total),
                last_time=before.time,
            ),
            remedy=remedy,
            of_state=True,
            mark=mark_of_name(key),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Test what the call may need; a recovery names new needs."""
        if not view.session_key or (outcome.failed and outcome.transient):
            return
        session = view.session
        mark = int.from_bytes(view.session_key[:2], "big")
        if view.model is not None and view.model.preconditions:
            _test(view, outcome, mark)
        if outcome.failed or session is None:
            return
        model, name, worked = view.own_model(), view.call.tool, session.worked
        between: list[str] = []
        if not worked.get(name, 1):
            later = list(worked.items())[list(worked).index(name) + 1 :]
            between = [other for other, went in later if went and other != name][-MAX_NEEDED:]
        recovered = recovered_by(session, view.subject)
        if recovered:
            between += [OWN + step.hex() for step in recovered if step not in view.what_it_does()]
        for key in between:
            if key not in model.preconditions:
                begin(model, key, mark, outcome.now)


def _test(view: View, outcome: Outcome, mark: int) -> None:
    model = view.own_model()
    best = most(model.preconditions, view.p_tool, STRENGTH)
    high, low = view.p_kind, min(view.p_fail, view.p_kind)
    if view.session is None or not view.session.worked.get(view.call.tool):
        # Calls may fail more at first, whatever it is for: what has not worked by then had no part in that.
        high = max(high, model.fresh.mean(high, STRENGTH))
        model.fresh.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
    observe_each(
        model, view.session, view.subject, view.what_it_does(), best, low, high, mark, outcome.now, PERMANENT_HALF_LIFE,
        failed=outcome.failed,
    )  # fmt: skip
    if outcome.failed or best is None:
        believe(model, view.p_tool)


def _met(view: View, key: str) -> bool | None:
    """Whether a need is met; None where that is not known."""
    session = view.session
    if key.startswith(OWN):
        return has_worked(session, view.subject, bytes.fromhex(key[1:]))
    return session is not None and bool(session.worked.get(key))


def _most_needed(view: View) -> tuple[str, Precondition, float] | None:
    model = view.model
    if model is None or not model.preconditions:
        return None
    found, gap = None, 0.0
    for key, need in model.preconditions.items():
        if not need.believed:
            continue
        more = difference(need, view.p_tool)
        if more <= gap or _met(view, key) is not False:
            continue
        if key.startswith(OWN) and (not need.words or bytes.fromhex(key[1:]) in view.what_it_does()):
            continue
        found, gap = (key, need, more), more
    return found

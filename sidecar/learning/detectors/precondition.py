"""A tool that fails until another has worked in the session: "No file open. Use the open command first".

When a tool works after it had failed in the session, the tools that worked in between may be what it needed. Each of
them has a record of how the tool's calls went without it, and with it: what makes no difference drops out. A tool
whose last call failed does not count as having worked.
"""

from __future__ import annotations

from typing import Final

from ...model.decision import Evidence
from ...model.vocabulary import Cause
from ..detector import Finding
from ..evidence import logit, wilson
from ..half_life import PERMANENT_HALF_LIFE
from ..tool_model import Precondition
from ..view import Outcome, View

#: Tools that one tool may need; the least recently seen in that place are forgotten.
MAX_NEEDED: Final = 8
_STRENGTH: Final = 2.0
#: Failures without the other tool, and successes with it, before it is believed.
_LEAST: Final = 2.0


class PreconditionDetector:
    """See the module."""

    code = "precondition"
    about = "whether a tool that has to work first did so in this session"
    needs = "preconditions"
    features = (("precondition", 0.25),)  # log-odds without the other tool over with it

    def propose(self, view: View, x: list[float], at: int) -> None:
        """The needed tool that makes the largest difference."""
        found = _most_needed(view)
        if found is not None:
            x[at] = view.trust * found[2]

    def explain(self, view: View) -> Finding | None:
        """Which tool has to work first, and how calls went without it and with it."""
        found = _most_needed(view)
        if found is None:
            return None
        name, need, _ = found
        before, after = need.before, need.after
        return Finding(
            summary=f"{view.call.tool} failed {before.failures:.0f} of {before.total:.0f} times while {name} had not"
            f" worked in the session, and {after.failures:.0f} of {after.total:.0f} times once it had",
            cause=Cause.PRECONDITION,
            evidence=Evidence(
                failures=round(before.failures, 4),
                successes=round(before.successes, 4),
                calls=round(before.total),
                call_ids=(),
                interval=wilson(before.failures / before.total if before.total else 0.5, before.total),
                last_time=before.time,
            ),
            remedy=f"Use {name} first.",
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count the call for each tool that it may need; a recovery names new ones."""
        session = view.session
        if session is None:
            return
        worked = session.worked
        name = view.call.tool
        if view.model is not None and view.model.preconditions:
            for needed, need in view.model.preconditions.items():
                side = need.after if worked.get(needed) else need.before
                side.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
        if outcome.failed or worked.get(name, 1):
            return
        place = list(worked).index(name)
        between = [other for other, went in list(worked.items())[place + 1 :] if went and other != name]
        if not between:
            return
        needs = view.own_model().preconditions
        for other in between[-MAX_NEEDED:]:
            if other not in needs:
                need = needs[other] = Precondition()
                need.before.add(True, outcome.now, PERMANENT_HALF_LIFE)
                need.after.add(False, outcome.now, PERMANENT_HALF_LIFE)
        while len(needs) > MAX_NEEDED:
            del needs[min(needs, key=lambda other: _difference(needs[other]))]


def _difference(need: Precondition) -> float:
    return logit(need.before.mean(0.5, _STRENGTH)) - logit(need.after.mean(0.5, _STRENGTH))


def _most_needed(view: View) -> tuple[str, Precondition, float] | None:
    model, session = view.model, view.session
    if model is None or not model.preconditions:
        return None
    worked = session.worked if session is not None else {}
    found, most = None, 0.0
    p = view.p_tool
    for name, need in model.preconditions.items():
        if not worked.get(name) and need.before.failures >= _LEAST and need.after.successes >= _LEAST:
            gap = logit(need.before.mean(p, _STRENGTH)) - logit(need.after.mean(p, _STRENGTH))
            if gap > most:
                most, found = gap, (name, need, gap)
    return found

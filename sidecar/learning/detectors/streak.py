"""Failures in a row, of the session or, where no session is named, of the tool: whether they go on is learned.

Three failures with one error in a row are nearly always followed by a fourth with most tools, and seldom with a coding
agent's, which runs a failing test until it passes. So each tool keeps a record of how the next call went after so many
failures in a row, with one error or with several.
"""

from __future__ import annotations

from typing import Final

from ...model.counted import Counted
from ...model.decision import Evidence
from ..detector import Finding
from ..evidence import logit, wilson
from ..half_life import PERMANENT_HALF_LIFE
from ..session import WIDTH
from ..tool_model import Model
from ..view import Outcome, View

_LIMIT: Final = 20
_STRENGTH: Final = 4.0
#: From how many failures in a row on runs are told apart: 1, 2, 3 and 4, 5 and more.
_STEPS: Final = (0, 1, 2, 3, 3, 4)
#: Added to the key of a run whose last two errors are alike, and of a run of the session.
_SAME: Final = 8
_HERE: Final = 16
#: A run that long may be the ground of a prevention.
_LEAST: Final = 2


class Streak:
    """See the module."""

    code = "streak"
    about = "whether failures in a row go on"
    features = (("streak_next", 0.4),)  # log-odds of failing after such a run, over the tool's

    def propose(self, view: View, x: list[float], at: int) -> None:
        """How calls after such a run went."""
        model = view.model
        if model is None:
            return
        record = model.streaks.get(_key(view, model)[0])
        if record is not None:
            x[at] = view.trust * (logit(record.mean(view.p_tool, _STRENGTH)) - view.base_tool)

    def explain(self, view: View) -> Finding | None:
        """The run of failures, and how the tool's runs went on before."""
        model = view.model
        if model is None:
            return None
        key, run = _key(view, model)
        if run < _LEAST:
            return None
        where = "in this session" if view.session is not None else f"of {view.call.tool}"
        summary = f"the last {run} calls {where} failed"
        if key & _SAME:
            summary += " with the same error"
        record = model.streaks.get(key)
        if record is None or record.total < 1.0:
            return Finding(summary=summary, prevents=False)
        rate = record.failures / record.total
        return Finding(
            summary=f"{summary}; so far {100.0 * rate:.0f} % of the calls after such a run failed too",
            evidence=Evidence(
                failures=round(record.failures, 4),
                successes=round(record.successes, 4),
                calls=round(record.total),
                call_ids=(),
                interval=wilson(rate, record.total),
                last_time=record.time,
            ),
            remedy="Do something else first: repeating has not helped.",
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count how the run went on; lengthen or end it."""
        model = view.own_model()
        key, _ = _key(view, model)
        record = model.streaks.get(key)
        if record is None:
            record = model.streaks[key] = Counted()
        record.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
        if not outcome.failed:
            model.streak = model.streak_same = 0
            return
        template = outcome.classification.template_id
        model.streak_same = min(model.streak_same + 1, _LIMIT) if template == model.streak_template else 1
        model.streak_template = template
        model.streak = min(model.streak + 1, _LIMIT)


def _key(view: View, model: Model) -> tuple[int, int]:
    """The key of the record of runs like the present one, and how long it is: the session's, where there is one."""
    session = view.session
    if session is None:
        run, same = model.streak, model.streak_same > 1
        return _STEPS[min(run, 5)] + (_SAME if same else 0), run
    run = view.run
    same = run > 1 and session.templates[-WIDTH:] == session.templates[-2 * WIDTH : -WIDTH]
    return _STEPS[min(run, 5)] + _HERE + (_SAME if same else 0), run

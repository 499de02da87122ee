"""Failures in a row, of the session or, where no session is named, of the tool: whether they go on is learned.

Three failures with one error in a row are nearly always followed by a fourth with most tools, and seldom with a coding
agent's, which runs a failing test until it passes. So each tool keeps a record of how the next call went after so many
failures in a row, with one error or with several.
"""

from __future__ import annotations

from typing import Final

from ...model.counted import Counted
from ...model.decision import Evidence
from ...native import proposals
from ...native.counts import add
from ..detector import Finding
from ..evidence import wilson
from ..half_life import PERMANENT_HALF_LIFE
from ..view import Outcome, View

_LIMIT: Final = 20
#: A run that long may be the ground of a prevention.
_LEAST: Final = 2


class Streak:
    """See the module."""

    code = "streak"
    about = "whether failures in a row go on"
    needs = ""
    features = (("streak_next", 0.4),)  # log-odds of failing after such a run, over the tool's

    #: How calls after such a run went.
    propose = staticmethod(proposals.streak)

    def explain(self, view: View) -> Finding | None:
        """The run of failures, and how the tool's runs went on before."""
        model = view.model
        if model is None:
            return None
        key, run = proposals.run_of(view, model)
        if run < _LEAST:
            return None
        where = "in this session" if view.session is not None else f"of {view.call.tool}"
        summary = f"the last {run} calls {where} failed"
        if key & proposals.ALIKE:
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
        if outcome.late:
            return
        model = view.own_model()
        key, _ = proposals.run_of(view, model)
        record = model.streaks.get(key)
        if record is None:
            record = model.streaks[key] = Counted()
        add(record, outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
        if not outcome.failed:
            model.streak = model.streak_same = 0
            return
        template = outcome.classification.template_id
        model.streak_same = min(model.streak_same + 1, _LIMIT) if template == model.streak_template else 1
        model.streak_template = template
        model.streak = min(model.streak + 1, _LIMIT)

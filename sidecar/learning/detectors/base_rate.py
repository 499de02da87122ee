"""How often the tool and this kind of call fail: what other evidence is weighed against. Never prevents by itself."""

from __future__ import annotations

from math import log1p
from typing import Final

from ...model.vocabulary import Level
from ..describe import evidence_of
from ..detector import Finding
from ..evidence import logit
from ..half_life import PERMANENT_HALF_LIFE
from ..view import Outcome, View

_STREAK_LIMIT: Final = 20


class BaseRate:
    """See the module."""

    code = "base_rate"
    about = "how often the tool and calls of this kind fail"
    features = (
        ("bias", 0.0),
        ("tool_rate", 1.0),  # log-odds of the tool's failure rate
        ("kind_rate", 0.5),  # the kind of call over the tool
        ("streak", 0.1),  # log of the tool's failures in a row, any session
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """Log-odds of the rates, each over the next wider one."""
        tool = logit(view.p_tool)
        x[at] = 1.0
        x[at + 1] = tool
        x[at + 2] = logit(view.p_kind) - tool
        model = view.model
        if model is not None and model.streak > 1:
            x[at + 3] = log1p(model.streak)

    def explain(self, view: View) -> Finding | None:
        """The tool's rate."""
        pattern = view.tool_pattern
        if pattern is None:
            return None
        return Finding(
            summary=f"{pattern.failures} of {pattern.failures + pattern.successes} calls of {view.call.tool} failed",
            pattern_id=view.id_of(Level.TOOL, b""),
            cause=pattern.cause,
            evidence=evidence_of(pattern, view.now),
            prevents=False,
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count the call for its tool, its kind and the streak."""
        pattern = view.learned(Level.TOOL, b"", f"any call of {view.call.tool}")
        pattern.rate.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
        view.learned_rate(view.features.kind).rate.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
        model = view.own_model()
        model.streak = min(model.streak + 1, _STREAK_LIMIT) if outcome.failed else 0

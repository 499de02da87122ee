"""How often the tool and this kind of call fail: what other evidence is weighed against. Never prevents by itself."""

from __future__ import annotations

from ...model.vocabulary import Level
from ...native import proposals
from ...native.counts import add
from ...native.lessons import learned_rate, learned_tool
from ..describe import evidence_of, of_all
from ..detector import Finding
from ..half_life import PERMANENT_HALF_LIFE
from ..view import Outcome, View


class BaseRate:
    """See the module."""

    code = "base_rate"
    about = "how often the tool and calls of this kind fail"
    needs = ""
    features = (
        ("bias", 0.0),
        ("tool_rate", 1.0),  # log-odds of the tool's failure rate
        ("kind_rate", 0.7),  # the kind of call over the tool
    )

    #: Log-odds of the rates, each over the next wider one.
    propose = staticmethod(proposals.base_rate)

    def explain(self, view: View) -> Finding | None:
        """The tool's rate."""
        pattern = view.tool_pattern
        if pattern is None:
            return None
        return Finding(
            # The counts alone would contradict the sign: after one call that failed, far from all are expected to.
            summary=f"{of_all(pattern.failures, pattern.failures + pattern.successes)} of {view.call.tool} failed; "
            f"of calls like this about {100.0 * view.p_kind:.0f} % are expected to",
            pattern_id=view.id_of(Level.TOOL, b""),
            cause=pattern.cause,
            evidence=evidence_of(pattern, view.now),
            prevents=False,
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count the call for its tool and its kind."""
        pattern = learned_tool(view, Level.TOOL, f"any call of {view.call.tool}")
        add(pattern.rate, outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
        add(learned_rate(view, view.features.kind).rate, outcome.failed, outcome.now, PERMANENT_HALF_LIFE)

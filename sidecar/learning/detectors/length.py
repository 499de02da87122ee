"""Calls that are longer than those of their tool that work: more of everything is in them, and so more to go wrong.

A title with a subtitle, a booking of three flights for two people, a script of five steps. How long a tool's calls
usually are is remembered of the last thirty or so that worked.
"""

from __future__ import annotations

from math import exp, log
from typing import Final

from ...native import proposals
from ..detector import Finding
from ..view import Outcome, View

#: Calls that worked, as far as they are counted.
_USUAL: Final = 30
#: What is less than half as long again, or as short, is not worth a word.
_LEAST_TOLD: Final = 0.4


class Length:
    """See the module."""

    code = "length"
    about = "how long the call is, beside calls that work"
    needs = ""
    features = (("longer", 0.5),)  # log of its length over what it is in calls of the tool that worked

    #: How much longer it is; negative where it is shorter.
    propose = staticmethod(proposals.length)

    def explain(self, view: View) -> Finding | None:
        """How much longer or shorter. That is no ground for a prevention: some things are long."""
        longer = proposals.longer(view)
        if abs(longer) < _LEAST_TOLD:
            return None
        summary = f"the call is {exp(longer):.1f} times as long as calls of {view.call.tool} that worked lately"
        return Finding(summary=summary, prevents=False)

    def learn(self, view: View, outcome: Outcome) -> None:
        """What works says how long calls are."""
        if outcome.failed:
            return
        model = view.own_model()
        model.lengths = min(model.lengths + 1, _USUAL)
        model.usual_length += (_length(view) - model.usual_length) / model.lengths


def _length(view: View) -> float:
    """The log of the characters of the arguments, as far as they are shown: at most 2 KiB."""
    return log(len(view.features.preview) + 1)

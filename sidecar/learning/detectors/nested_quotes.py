"""Text in quotation marks inside of other ones, with a space in it: what wraps the call in quotation marks of its own,
or reads it twice, takes it apart there.

``awk '{print $1 " " $2}'`` is fine in a shell and breaks one that is itself called with ``-c "…"``; so do a query in a
script, a filter in an address. Most tools do not mind, so nothing is assumed: how calls went that are written so, each
tool's own record says. What goes with it word by word, ``phrasing`` learns.
"""

from __future__ import annotations

from typing import Final

from ...model.counted import Counted
from ...native.quotes import NESTED
from ..detector import Finding
from ..evidence import logit
from ..half_life import PERMANENT_HALF_LIFE
from ..view import Outcome, View

_STRENGTH: Final = 4.0
#: Calls of a tool that are written so before that may prevent: of a few, all may have failed for something else.
_KNOWN: Final = 5


class NestedQuotes:
    """See the module."""

    code = "nested_quotes"
    about = "whether quotation marks stand inside of others"
    features = (("nested_quotes", 0.5),)  # log-odds of the tool's calls that are written so, over the kind's

    def propose(self, view: View, x: list[float], at: int) -> None:
        """How calls that are written so went, if this one is."""
        record = _record(view)
        if record is not None:
            x[at] = view.likeness * (logit(record.mean(view.p_kind, _STRENGTH)) - view.base)

    def explain(self, view: View) -> Finding | None:
        """That it is written so, and the counts."""
        record = _record(view)
        if record is None:
            return None
        return Finding(
            summary=f"quotation marks stand inside of others, with a space between them: of {round(record.total)} such "
            f"calls of {view.call.tool}, {round(record.failures)} failed",
            prevents=round(record.total) >= _KNOWN,
            remedy="Write it with one sort of quotation marks, or without spaces inside of the inner ones.",
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count a call that is written so. What passes by itself is not for how a call is written."""
        if not view.wording.quoting & NESTED or outcome.transient:
            return
        model = view.own_model()
        if model.nested_quotes is None:
            model.nested_quotes = Counted()
        model.nested_quotes.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)


def _record(view: View) -> Counted | None:
    """How the tool's calls went that are written so; None for a call that is not, and while there were none."""
    model = view.model
    return model.nested_quotes if model is not None and view.wording.quoting & NESTED else None

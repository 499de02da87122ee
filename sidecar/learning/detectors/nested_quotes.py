"""Quotation marks inside of other ones, with a space between them: some tools take the call apart there.

``awk '{print $1 " " $2}'`` is fine in a shell and breaks one that is itself called with ``-c "…"``; so do a query in a
script, a filter in an address. Most tools do not mind, and some mind double marks inside of single ones but not the
other way round. So nothing is assumed: how calls went that are written so, each tool's own records say. What goes with
it word by word, ``phrasing`` learns.
"""

from __future__ import annotations

from typing import Final

from ...model.counted import Counted
from ...native.quotes import IN_DOUBLE, IN_SINGLE
from ..detector import Finding
from ..evidence import logit
from ..grounds import mark_of_sort
from ..half_life import PERMANENT_HALF_LIFE
from ..view import Outcome, View

_STRENGTH: Final = 4.0
#: Calls of a tool that are written so before that may prevent: of a few, all may have failed for something else.
_KNOWN: Final = 5
_NAMES: Final = {
    IN_SINGLE: "double quotation marks stand inside of single ones",
    IN_DOUBLE: "single quotation marks stand inside of double ones",
}


class NestedQuotes:
    """See the module."""

    code = "nested_quotes"
    needs = "nested_quotes"
    about = "whether quotation marks stand inside of others"
    # Log-odds of the tool's calls with double marks inside of single ones over the kind's, and the other way round.
    features = (("in_single_quotes", 0.5), ("in_double_quotes", 0.5))

    def propose(self, view: View, x: list[float], at: int) -> None:
        """How calls that are written so went, if this one is."""
        if view.wording.quoting >= IN_SINGLE:
            for place, _, record in _records(view):
                x[at + place] = view.likeness * (logit(record.mean(view.p_kind, _STRENGTH)) - view.base)

    def explain(self, view: View) -> Finding | None:
        """That it is written so, and the counts; of two sorts, the one that failed most."""
        records = _records(view)
        if not records:
            return None
        _, sort, record = max(records, key=lambda found: found[2].mean(view.p_kind, _STRENGTH))
        return Finding(
            summary=f"{_NAMES[sort]}, with a space between them: of {round(record.total)} such "
            f"{'call' if round(record.total) == 1 else 'calls'} of "
            f"{view.call.tool}, {round(record.failures)} failed",
            prevents=round(record.total) >= _KNOWN,
            remedy="Write it with one sort of quotation marks, or without spaces inside of the inner ones.",
            mark=mark_of_sort(sort),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count a call that is written so. What passes by itself is not for how a call is written."""
        quoting = view.wording.quoting
        if quoting < IN_SINGLE or outcome.transient:
            return
        records = view.own_model().nested_quotes
        for sort in _NAMES:
            if quoting & sort:
                records.setdefault(sort, Counted()).add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)


def _records(view: View) -> list[tuple[int, int, Counted]]:
    """The ways in which the call is written so: place among the features, sort, record. Of those that have one."""
    quoting, model = view.wording.quoting, view.model
    if quoting < IN_SINGLE or model is None:
        return []
    return [
        (place, sort, model.nested_quotes[sort])
        for place, sort in enumerate(_NAMES)
        if quoting & sort and sort in model.nested_quotes
    ]

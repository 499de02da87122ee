"""Words that tell: an error names the part of the arguments that it objects to, and what carries that fails again.

Once an error has named a word, it has its record: how calls with it went since then, everywhere and in the most telling
scope (an unknown table is unknown in one database). Failing for something else says nothing about a named word. How
calls with any word went, ``phrasing`` knows.
"""

from __future__ import annotations

from typing import Final

from ...model.counted import Counted
from ...model.decision import Evidence
from ...native import proposals
from ...native.counts import add
from ...native.lessons import learned_rate
from ...native.weights import rounded
from ..describe import of_all
from ..detector import Finding
from ..evidence import wilson
from ..half_life import half_life_of
from ..scopes import count_scopes, judge_scopes
from ..view import Outcome, View
from ..wording import named_by, spelled, visible

#: Words that an error has named now, beside those that were looked up.
_ADDED: Final = 3


class TellingWords:
    """See the module."""

    code = "telling_words"
    about = "how calls with the same words in their arguments went"
    needs = ""
    features = (
        ("named_all", 0.4),  # log-odds of the worst word that an error has named, over the kind's
        ("named_scope", 0.25),  # the same in the most telling scope, over everywhere
    )

    #: The record of the worst of the named words, over the kind's.
    propose = staticmethod(proposals.telling_words)

    def explain(self, view: View) -> Finding | None:
        """The word that errors have named, and how calls with it went since."""
        found = proposals.worst_named(view)
        if found is None:
            return None
        word, everywhere, here = found
        rate = view.rate_of(word)
        if rate is None or rate.named is None:
            return None
        text = spelled(word, visible(view.call, view.features))
        successes, failures = rate.named.successes, rate.named.failures
        total = successes + failures
        summary = f"errors of {view.call.tool} have named “{text}”" if text else "errors have named a part of this call"
        summary += f": {of_all(failures, total)} with it since failed so"
        if here is not None and here > everywhere:
            summary += f"; where this one is made, about {100.0 * here:.0f} %"
        return Finding(
            summary=summary,
            evidence=Evidence(
                failures=rounded(failures, 4),
                successes=rounded(successes, 4),
                calls=round(total),
                call_ids=(),
                interval=wilson(failures / total if total else 0.5, total),
                last_time=rate.named.time,
            ),
            remedy=f"Use something else than “{text}”, or make it known first." if text else "",
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count the call for its words; an error's words begin, or go on with, their record as named."""
        failed, now = outcome.failed, outcome.now
        words = proposals.looked_up(view)
        if not failed and not words:
            return  # as of most calls
        half_life = half_life_of(outcome.transient)
        named: frozenset[bytes] = frozenset()
        if failed:
            arguments = visible(view.call, view.features)
            known = view.wording.words
            named = named_by(outcome.error, arguments).intersection([known[i : i + 4] for i in range(0, len(known), 4)])
        more = [word for word in sorted(named) if word not in words][:_ADDED] if named else []
        own = view.own_model()
        if named:
            own.remember_named(named)
        for word in (*words, *more):
            hit = failed and word in named
            if not hit and view.rate_of(word) is None:
                continue  # its bit is another word's
            rate = learned_rate(view, word)
            add(rate.rate, failed, now, half_life)
            if not hit and (failed or rate.named is None):
                continue
            if rate.named is None:
                rate.named = Counted()
            else:
                judge_scopes(own.word_merits, rate.named, rate.scopes, view.scopes, failed)
            add(rate.named, failed, now, half_life)
            count_scopes(rate.scopes, view.scopes, failed, now, half_life)

"""Words that tell: an error names the part of the arguments that it objects to, and what carries that fails again.

Once an error has named a word, it has its record: how calls with it went since then, everywhere and in the most telling
scope (an unknown table is unknown in one database). Failing for something else says nothing about a named word. How
calls with any word went, ``phrasing`` knows.
"""

from __future__ import annotations

from typing import Final

from ...model.counted import Counted
from ...model.decision import Evidence
from ...native.phrases import standing
from ..detector import Finding
from ..evidence import logit, wilson
from ..half_life import half_life_of
from ..scopes import count_scopes, inside, judge_scopes, telling
from ..view import Outcome, View
from ..wording import named_by, spelled, visible

#: Words of one call that are looked up, of those that an error may have named; and more that an error has named now.
LOOKED_UP: Final = 12
_ADDED: Final = 3
_STRENGTH_NAMED: Final = 1.0


class TellingWords:
    """See the module."""

    code = "telling_words"
    about = "how calls with the same words in their arguments went"
    features = (
        ("named_all", 0.4),  # log-odds of the worst word that an error has named, over the kind's
        ("named_scope", 0.25),  # the same in the most telling scope, over everywhere
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """The record of the worst of the named words, over the kind's."""
        words = looked_up(view)
        found = _worst_named(view, words) if words else None
        if found is not None:
            _, everywhere, here = found
            level = logit(everywhere)
            x[at] = level - view.base
            if here is not None:
                x[at + 1] = logit(here) - level

    def explain(self, view: View) -> Finding | None:
        """The word that errors have named, and how calls with it went since."""
        found = _worst_named(view, looked_up(view))
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
        summary += f": {failures:.0f} of {total:.0f} calls with it since failed so"
        if here is not None and here > everywhere:
            summary += f"; where this one is made, about {100.0 * here:.0f} %"
        return Finding(
            summary=summary,
            evidence=Evidence(
                failures=round(failures, 4),
                successes=round(successes, 4),
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
        half_life = half_life_of(outcome.transient)
        words = looked_up(view)
        named: frozenset[bytes] = frozenset()
        if failed:
            arguments = visible(view.call, view.features)
            known = view.wording.words
            named = named_by(outcome.error, arguments).intersection([known[i : i + 4] for i in range(0, len(known), 4)])
        more = [word for word in sorted(named) if word not in words][:_ADDED]
        own = view.own_model()
        if named:
            own.remember_named(named)
        for word in (*words, *more):
            hit = failed and word in named
            if not hit and view.rate_of(word) is None:
                continue  # its bit is another word's
            rate = view.learned_rate(word)
            rate.rate.add(failed, now, half_life)
            if not hit and (failed or rate.named is None):
                continue
            if rate.named is None:
                rate.named = Counted()
            else:
                judge_scopes(own.word_merits, rate.named, rate.scopes, view.scopes, failed)
            rate.named.add(failed, now, half_life)
            count_scopes(rate.scopes, view.scopes, failed, now, half_life)


def looked_up(view: View) -> tuple[bytes, ...]:
    """The keys of the words that errors may have named: of those, the records are read."""
    if view.looked_up is None:
        if view.model is None:
            return ()
        view.looked_up = tuple(standing(view.model.named_bits, view.wording.words, True, LOOKED_UP))
    return view.looked_up


def _worst_named(view: View, words: tuple[bytes, ...]) -> tuple[bytes, float, float | None] | None:
    """Of the words that an error has named, the one most likely to fail: (word, everywhere, here)."""
    found, most = None, -1.0
    scopes = telling(view.model.word_merits, view.scopes) if view.model is not None else []
    p_kind = view.p_kind
    for word, rate in zip(words, view.rates_of(words), strict=True):
        if rate is None or rate.named is None:
            continue
        everywhere = p = rate.named.mean(p_kind, _STRENGTH_NAMED)
        here = None
        records = rate.scopes
        for scope in scopes:
            if scope in records:
                here = inside(rate.named, records[scope], p_kind)
                p = max(p, here)
                break
        if p > most:
            most, found = p, (word, everywhere, here)
    return found

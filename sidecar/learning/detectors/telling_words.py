"""Words that tell: an error names the part of the arguments that it objects to, and what carries that fails again.

Each word of a call has its record: how calls with it went, and, once an error has named it, how they went since then,
everywhere and in the most telling scope (an unknown table is unknown in one database). Failing for something else says
nothing about a named word.
"""

from __future__ import annotations

from typing import Final

from ...model.counted import Counted
from ...model.decision import Evidence
from ..detector import Finding
from ..evidence import logit, wilson
from ..half_life import half_life_of
from ..rates import KindRate
from ..scopes import best_scope, count_scopes, inside, judge_scopes
from ..session import WORD_FAILED, WORD_NAMED
from ..tool_model import NAMED_BITS
from ..view import Outcome, View
from ..wording import named_by, spelled, visible

#: Words of one call that are looked up, those first that an error may have named; and more that an error has named now.
LOOKED_UP: Final = 12
_ADDED: Final = 3
_STRENGTH: Final = 2.0
_STRENGTH_NAMED: Final = 1.0
_CLEARED: Final = 3


class TellingWords:
    """See the module."""

    code = "telling_words"
    about = "how calls with the same words in their arguments went"
    features = (
        ("word_worst", 0.15),  # log-odds of the word with the worst record over the kind's
        ("word_best", 0.05),  # of that with the best
        ("word_mean", 0.35),  # the mean of all
        ("named_all", 0.4),  # of the worst word that an error has named
        ("named_scope", 0.25),  # the same in the most telling scope, over everywhere
        ("words_failed", 0.05),  # share of the words known in the session whose last call failed
        ("named_cleared", -0.1),  # words that an error of the session named, and that worked since
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """The records of the words, over the kind's."""
        p = view.p_kind
        base = logit(p)
        words = looked_up(view)
        levels = []
        for word in words:
            rate = view.rate_of(word)
            if rate is not None and rate.rate.total:
                levels.append(logit(rate.rate.mean(p, _STRENGTH)) - base)
        if levels:
            trust = view.trust
            x[at] = trust * max(levels)
            x[at + 1] = trust * min(levels)
            x[at + 2] = trust * sum(levels) / len(levels)
        found = _worst_named(view, words)
        if found is not None:
            _, everywhere, here = found
            level = logit(everywhere)
            x[at + 3] = level - base
            if here is not None:
                x[at + 4] = logit(here) - level
        session = view.session
        if session is None or not session.word_marks:
            return
        known = failed = cleared = 0
        for word in words:
            mark = session.word_mark(word)
            if mark >= 0:
                known += 1
                failed += mark & WORD_FAILED
                cleared += mark == WORD_NAMED
        if known:
            x[at + 5] = view.trust * failed / known
            x[at + 6] = min(cleared, _CLEARED)

    def explain(self, view: View) -> Finding | None:
        """The word that errors have named, and how calls with it went since."""
        found = _worst_named(view, looked_up(view))
        if found is None:
            return None
        word, everywhere, here = found
        rate = view.rate_of(word)
        if rate is None or rate.named is None:
            return None
        text = spelled(int.from_bytes(word, "big"), visible(view.call, view.features))
        successes, failures = rate.named.successes, rate.named.failures
        total = successes + failures
        summary = f"errors of {view.call.tool} have named “{text}”" if text else "errors have named a part of this call"
        summary += f": {failures:.0f} of {total:.0f} calls with it failed so"
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
        named: frozenset[int] = frozenset()
        if failed:
            arguments = visible(view.call, view.features)
            named = view.named = named_by(outcome.error, arguments).intersection(view.wording.words)
        more = [word for word in map(_key, sorted(named)) if word not in words][:_ADDED]
        own = view.own_model()
        if named:
            own.remember_named(named)
        for word in (*words, *more):
            rate = view.learned_rate(word)
            rate.rate.add(failed, now, half_life)
            hit = failed and int.from_bytes(word, "big") in named
            if not hit and (failed or rate.named is None):
                continue
            if rate.named is None:
                rate.named = Counted()
            else:
                judge_scopes(own.word_merits, rate.named, rate.scopes, view.scopes, failed)
            rate.named.add(failed, now, half_life)
            count_scopes(rate.scopes, view.scopes, failed, now, half_life)


def looked_up(view: View) -> tuple[bytes, ...]:
    """The keys of the words whose records are read."""
    if view.looked_up is None:
        words = view.wording.words
        if len(words) > LOOKED_UP and view.model is not None:
            bits = view.model.named_bits
            first = [word for word in words if bits[word >> 3 & NAMED_BITS] >> (word & 7) & 1]
            words = tuple(dict.fromkeys((*first, *words))) if first else words
        view.looked_up = tuple(map(_key, words[:LOOKED_UP]))
    return view.looked_up


def _worst_named(view: View, words: tuple[bytes, ...]) -> tuple[bytes, float, float | None] | None:
    """Of the words that an error has named, the one most likely to fail: (word, everywhere, here)."""
    found, most = None, -1.0
    merits = view.model.word_merits if view.model is not None else {}
    for word in words:
        rate: KindRate | None = view.rate_of(word)
        if rate is None or rate.named is None:
            continue
        everywhere = rate.named.mean(view.p_kind, _STRENGTH_NAMED)
        scope = best_scope(merits, rate.scopes, view.scopes)
        here = inside(rate.named, scope, view.p_kind) if scope is not None else None
        p = everywhere if here is None else max(everywhere, here)
        if p > most:
            most, found = p, (word, everywhere, here)
    return found


def _key(word: int) -> bytes:
    return word.to_bytes(4, "big")

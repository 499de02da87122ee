"""What a call is written with: words, pairs of them, words in a place and the form of its texts, weighed together.

Where ``telling_words`` knows single words that errors have named, this learns what no error says: a flag that goes with
no such command, a title that is too long, a column that this database has not. Each tool has a small table of weights
(``phrases.py``), which learn from what all detectors together got wrong; counts of how calls with each word went, which
tell from the first call on; and what stood in calls that worked: of guessed names, many fail. Most calls are new in
something, so what counts is how much more is new than in the tool's calls that worked lately.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...model.decision import Evidence
from ...native import proposals
from ...native.words import spell
from ..detector import Finding
from ..evidence import wilson
from ..phrases import Phrases
from ..spelled_forms import beginnings_in_words, forms_in_words
from ..view import Outcome, View
from ..wording import visible

#: Slots for each call of a tool that was learned from, as far as there may be as many.
_SLOTS_PER_CALL: Final = 16
#: What is off by less than this teaches nothing, see ``combiner.py``.
_LEAST_ERROR: Final = 0.001
#: Words that are named to people, and what one must add to the log-odds to be named.
_NAMED: Final = 3
_LEAST_NAMED: Final = 0.05
#: What forms must add together to be named: a form is less particular than a word.
_LEAST_FORMS: Final = 0.25


class Phrasing:
    """See the module."""

    code = "phrasing"
    about = "whether calls written like this one fail"
    needs = ""
    features = (
        ("phrasing", 1.0),  # log-odds by what the call is written with
        ("word_rate", 0.35),  # mean log-odds of calls with its words over the kind's
        ("new_words", 0.2),  # log of words that stood in no call that worked, over what it is in calls that do
        ("new_pairs", 0.1),  # the same of neighbouring words
    )

    #: The marks' weights, how calls with the words went, and how much is new.
    propose = staticmethod(proposals.phrasing)

    def explain(self, view: View) -> Finding | None:
        """The words, or the forms of texts, that go with failures; or what is new, which is no ground to prevent."""
        phrases = view.model.phrases if view.model is not None else None
        if phrases is None:
            return None
        tool = view.call.tool
        worst = _spelled(phrases.worst(view.wording, view.scopes, _LEAST_NAMED), view)
        if worst:
            words = _listed(worst)
            # Which of them is to blame is not known, so there is no advice to do without.
            summary = f"calls of {tool} that are written like this one fail: {words} go with failures"
            return Finding(summary=summary, evidence=_evidence(phrases, worst[0][0]), says_fail=True)
        forms = _worst_forms(view, phrases)
        if forms:
            listed = ", ".join(forms[:_NAMED])
            summary = f"calls of {tool} that are written like this one fail: {listed}"
            return Finding(summary=summary, says_fail=True)
        words = _listed(_spelled(phrases.unseen(view.wording.words), view))
        if not words:
            return None
        return Finding(
            summary=f"{words} stood in no call of {tool} that worked",
            prevents=False,
            remedy="Use what has worked, or find out first what is known.",
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """One step for the call's marks; its words are counted, and known to work if it did."""
        model = view.own_model()
        phrases = model.phrases
        if phrases is None:
            phrases = model.phrases = Phrases()
        pattern = view.tool_pattern
        if pattern is not None:
            phrases.make_room((pattern.failures + pattern.successes) * _SLOTS_PER_CALL)
        written = view.wording
        phrases.count(written.words, failed=outcome.failed)
        if not outcome.failed:
            phrases.settle(written.words)
        error = proposals.believed(view) * (view.p_fail - (1.0 if outcome.failed else 0.0))
        if abs(error) >= _LEAST_ERROR:
            phrases.descend(written, view.scopes, error)


def _worst_forms(view: View, phrases: Phrases) -> list[str]:
    """How texts are that go with failures, in words, the worst first; empty where all forms together add too little."""
    arguments = visible(view.call, view.features)
    words, forms = view.wording.words, view.wording.forms
    root = (len(forms) // 4) ** 0.5
    own = {forms[at : at + 4] for at in range(0, len(forms), 4)}
    # Each is named by what it adds alone, as words are; what it adds here is shared by all of its sort.
    found = [(phrases.weigh_form(mark), root, what) for mark, what in forms_in_words(arguments) if mark in own]
    begins = dict(beginnings_in_words(arguments))
    weights = phrases.weigh_each(view.wording, view.scopes)
    for at, weight in enumerate(weights):
        what = begins.get(words[4 * at : 4 * at + 4], "")
        if what:
            found.append((weight, len(weights) ** 0.5, what))
    if sum(weight / shared for weight, shared, _ in found) < _LEAST_FORMS:
        return []
    return [what for weight, _, what in sorted(found, reverse=True) if weight >= _LEAST_NAMED]


def _spelled(words: Sequence[bytes], view: View) -> list[tuple[bytes, str]]:
    """Those of these words that stand in the call's texts, with how they are written."""
    texts = spell(words, visible(view.call, view.features)) if words else {}
    return [(word, texts[word]) for word in words if word in texts]


def _listed(words: Sequence[tuple[bytes, str]]) -> str:
    """The first few, in quotation marks."""
    return ", ".join([f"“{text}”" for _, text in words[:_NAMED]])


def _evidence(phrases: Phrases, word: bytes) -> Evidence | None:
    """How calls with a word went lately; None where none was counted."""
    failures, successes = phrases.counted(word)
    calls = failures + successes
    if not calls:
        return None
    return Evidence(float(failures), float(successes), calls, wilson(failures / calls, calls), (), 0.0)

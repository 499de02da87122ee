"""Patterns that are used together: measured by support, lift and leverage, tested by Fisher's exact test.

All pairs that occur are tested; p-values are corrected after Benjamini and Hochberg. Lift alone explodes on rare
patterns, so a pair must also make up most uses of the rarer one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from ...model.knowledge import Content, Entity
from ...model.suggestion import Finding, Ground, SuggestionKind
from ..cases import Case, Cases
from ..significance import Association, association, benjamini_hochberg, more_than
from .counted import Known, of_cases, short

#: Workflows that must have used both.
LEAST_CASES: Final = 5
LEAST_LIFT: Final = 1.5
#: Corrected p-value from which on a pair is taken for chance.
ALPHA: Final = 0.01
#: The probability that most uses of the rarer one come with the other.
LEAST_STRENGTH: Final = 0.5
#: Pairs that are tested; the most frequent ones.
TESTED: Final = 500
_CORE: Final = 0.5


def find(cases: Cases, known: Known, pattern_ids: Collection[str]) -> Iterator[Finding]:
    """A finding for each pair that goes together and has one of the patterns in it."""
    frequent = [(pair, both) for pair, both in cases.pairs.most_common(TESTED) if both >= LEAST_CASES]
    measured = [
        (pair, association(both, cases.used[pair[0]], cases.used[pair[1]], cases.using)) for pair, both in frequent
    ]
    corrected = benjamini_hochberg([found.p_value for _, found in measured], len(cases.pairs))
    for (pair, found), p_value in zip(measured, corrected, strict=True):
        if not (p_value <= ALPHA and found.lift >= LEAST_LIFT and found.leverage > 0.0):
            continue
        if not (pair[0] in pattern_ids or pair[1] in pattern_ids):
            continue
        left, right = known(pair[0]), known(pair[1])
        rarer = min(cases.used[pair[0]], cases.used[pair[1]])
        strength = more_than(cases.pairs[pair], rarer, 0.5)
        if left is None or right is None or strength < LEAST_STRENGTH:
            continue
        yield _finding(left, right, cases.together(*pair), rarer, strength, found._replace(p_value=p_value))


def _finding(left: Entity, right: Entity, both: list[Case], rarer: int, strength: float, found: Association) -> Finding:
    reason = (
        f"Users combined “{short(left.description, 80)}” and “{short(right.description, 80)}” in {len(both)} of the "
        f"{rarer} recent workflows that used the rarer of the two, {found.lift:.1f} times as often as chance would."
    )
    added = Counter(name for case in both for name in case.additions)
    often = sorted(name for name, count in added.items() if count > _CORE * len(both))
    resources = tuple(dict.fromkeys((*left.suggested_resources, *right.suggested_resources, *often)))
    return Finding(
        kind=SuggestionKind.CREATE_PATTERN,
        ground=Ground.TOGETHER,
        topic=f"together {left.id} {right.id}",
        elements=("*",),
        evidence=of_cases(
            both, rarer, strength, entity_ids=(left.id, right.id), with_intents=True,
            lift=found.lift, leverage=found.leverage, p_value=found.p_value,
        ),
        reason=reason,
        draft=Content(
            description=f"{short(left.description)}, together with: {short(right.description)}",
            triggers=tuple(dict.fromkeys((*left.triggers, *right.triggers)))[:64],
            rationale=reason,
            suggested_resources=resources[:128],
        ),
    )  # fmt: skip

"""Common configurations: resources that workflows add whatever pattern they use, which is a policy and no pattern's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from ...model.knowledge import Content
from ...model.suggestion import Finding, Ground, SuggestionKind
from ..cases import Case, Cases
from ..significance import more_than
from .additions import known_uses
from .counted import Known, lower_bound, of_cases, percent

#: Workflows that must have added it, and the lower end of the interval of their share.
LEAST_CASES: Final = 10
LEAST_SHARE: Final = 0.4
#: Patterns that have been used so often are looked at; so many of them, and such a share, must mostly see it added.
LEAST_USES: Final = 3
LEAST_PATTERNS: Final = 3
MOSTLY: Final = 0.5


def everywhere(cases: Cases, known: Known) -> dict[str, tuple[str, list[str]]]:
    """Resources that are added everywhere, by their folded name: how they are written, and with which patterns."""
    found: dict[str, tuple[str, list[str]]] = {}
    for folded, times in cases.added.items():
        if times >= LEAST_CASES and lower_bound(times, cases.telling) >= LEAST_SHARE:
            patterns = _adding(cases, known, folded)
            if patterns:
                found[folded] = (_written(cases, folded), patterns)
    return found


def _written(cases: Cases, folded: str) -> str:
    """How a resource is mostly written."""
    written = Counter(name for case in cases.all for name in case.additions if name.casefold() == folded)
    return min(written, key=lambda name: (-written[name], name))


def _adding(cases: Cases, known: Known, folded: str) -> list[str]:
    """The patterns that mostly see it added; none where these are too few."""
    looked_at = 0
    adding = []
    for pattern_id in sorted(cases.uses):
        uses = known_uses(cases, pattern_id)
        if len(uses) < LEAST_USES or known(pattern_id) is None:
            continue
        looked_at += 1
        with_it = sum(any(one.casefold() == folded for one in case.additions) for case in uses)
        if with_it >= MOSTLY * len(uses):
            adding.append(pattern_id)
    return adding if len(adding) >= max(LEAST_PATTERNS, MOSTLY * looked_at) else []


def find(cases: Cases, found: dict[str, tuple[str, list[str]]]) -> Iterator[Finding]:
    """A policy for each of ``everywhere``'s resources."""
    for folded, (name, patterns) in sorted(found.items()):
        every: dict[bytes, Case] = {}
        for pattern_id in patterns:
            every |= {case.workflow_id: case for case in known_uses(cases, pattern_id)}
        newest = sorted(every.values(), key=lambda case: case.time, reverse=True)
        adding = [case for case in newest if any(one.casefold() == folded for one in case.additions)]
        reason = (
            f"Workflows added {name} in {percent(len(adding), len(newest))} of {len(newest)} recent cases, "
            f"with {len(patterns)} different patterns."
        )
        yield Finding(
            kind=SuggestionKind.CREATE_POLICY,
            ground=Ground.CONFIGURATION,
            topic=f"configuration {folded}",
            elements=("*",),
            evidence=of_cases(adding, len(newest), more_than(len(adding), len(newest), 0.5), entity_ids=patterns[:32]),
            reason=reason,
            draft=Content(
                description=f"What is deployed has {name}",
                triggers=(name,),
                rationale=reason,
                suggested_resources=(name,),
            ),
        )

"""Patterns that are often recommended and hardly ever used, where others that match as well are used.

Only likely recommendations count (see ``cases.LIKELY``): that a pattern shows up under an intent of another sort says
nothing against it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from ...model.suggestion import Finding, Ground, SuggestionKind
from ..cases import Cases
from ..significance import less_than
from .counted import Known, of_cases, percent, short

#: Workflows to which it was recommended as a likely one.
LEAST_OFFERS: Final = 20
#: The share of them that a living pattern is used by; and how sure it must be that it is below.
SHARE: Final = 0.1
LEAST_STRENGTH: Final = 0.6
#: Seconds that a pattern is left in peace after it was made or changed.
PEACE: Final = 14 * 86_400.0


def find(cases: Cases, known: Known, pattern_ids: Collection[str]) -> Iterator[Finding]:
    """A finding for each of the patterns that is dead."""
    for pattern_id in sorted(pattern_ids):
        offers = cases.offers.get(pattern_id, ())
        entity = known(pattern_id) if len(offers) >= LEAST_OFFERS else None
        if entity is None or entity.updated_time > cases.newest - PEACE:
            continue
        passed = [case for case in reversed(offers) if pattern_id not in case.used]
        # Uses that nobody recommended count too.
        used = max(len(offers) - len(passed), cases.used[pattern_id])
        out_of = len(passed) + used
        strength = less_than(used, out_of, SHARE)
        if strength < LEAST_STRENGTH:
            continue
        reason = (
            f"“{short(entity.description)}” was recommended to {out_of} recent workflows as a likely one and used "
            f"by {used} of them ({percent(used, out_of)})."
        )
        yield Finding(
            kind=SuggestionKind.DEPRECATE_PATTERN,
            ground=Ground.LOW_USE,
            topic=f"deprecate {pattern_id}",
            elements=("*",),
            evidence=of_cases(passed, out_of, strength, entity_ids=(pattern_id,), with_intents=True),
            reason=reason,
            draft=entity.content,
            target_id=pattern_id,
            base_revision=entity.revision,
        )

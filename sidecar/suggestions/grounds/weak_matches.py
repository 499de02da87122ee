"""Recurring intents that nothing matches well: a pattern that is missing, or one whose triggers do not tell of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from ...model.knowledge import WEAK, Content, Entity
from ...model.suggestion import Finding, Ground, SuggestionKind
from ..cases import Case
from ..clusters import Cluster
from ..significance import more_than
from ..words import stems_of
from .counted import Known, listed, of_cases, short

#: Workflows with such an intent.
LEAST_CASES: Final = 5
#: The share of them that must have generated a resource for it to belong to the pattern.
CORE: Final = 0.5
#: Latest intents that are looked up again: what was missing then may be there now.
LOOKED_UP: Final = 3
_TRIGGERS: Final = 8
_SAME: Final = 0.6
_FOUND: Final = 0.5

#: How well an intent is matched now, 0 to 1.
BestMatch = Callable[[str], float]


def find(clusters: Sequence[Cluster], known: Known, best_match: BestMatch) -> Iterator[Finding]:
    """A finding for each cluster that is large enough and still matched by nothing."""
    for cluster in clusters:
        if len(cluster.cases) < LEAST_CASES or not cluster.terms:
            continue
        newest = list(reversed(cluster.cases))
        looked_up = [best_match(case.intent) for case in newest[:LOOKED_UP]]
        if sorted(looked_up)[len(looked_up) // 2] >= WEAK:
            continue
        used = Counter(one for case in newest for one in case.used)
        same = [one for one, count in used.items() if count >= _SAME * len(newest)]
        if len(same) > 1:
            continue  # they want two things at once, which is another observation
        entity = known(same[0]) if same else None
        found = _trigger(entity, cluster, newest) if entity is not None else _missing(cluster, newest)
        if found is not None:
            yield found


def _missing(cluster: Cluster, newest: list[Case]) -> Finding | None:
    made = Counter(name for case in newest for name in case.resources)
    core = [name for name, count in made.most_common(64) if count > CORE * len(newest)]
    if not core:
        return None
    whole = [case for case in newest if all(name in case.resources for name in core[:3])]
    words = [cluster.word_of(stem) for stem in cluster.terms[:_TRIGGERS]]
    reason = (
        f"{len(newest)} workflows wanted something like “{short(newest[0].intent)}”; no pattern matched well, "
        f"and {len(whole)} of them generated {listed(core[:3])}."
    )
    return Finding(
        kind=SuggestionKind.CREATE_PATTERN,
        ground=Ground.WEAK_MATCHES,
        topic="intents " + " ".join(sorted(cluster.terms)),
        elements=("*",),
        evidence=of_cases(whole, len(newest), more_than(len(whole), len(newest), 0.5), with_intents=True),
        reason=reason,
        draft=Content(
            description=short(f"For intents like: {_typical(cluster, newest)}", 400),
            triggers=tuple(words),
            rationale=reason,
            suggested_resources=tuple(core),
        ),
        terms=cluster.terms,
    )


def _trigger(entity: Entity, cluster: Cluster, newest: list[Case]) -> Finding | None:
    told = set(stems_of(" ".join((*entity.triggers, entity.description))))
    words = [cluster.word_of(stem) for stem in cluster.terms if stem not in told][:_TRIGGERS]
    using = [case for case in newest if entity.id in case.used]
    # Where it was the best match all the same, it was found: words that it lacks are nobody's.
    if not words or sum(case.best == entity.id for case in using) > _FOUND * len(using):
        return None
    reason = (
        f"{len(using)} of {len(newest)} workflows that wanted something like “{short(newest[0].intent)}” used "
        f"“{short(entity.description, 80)}” although it matched badly; it does not tell of {listed(words)}."
    )
    return Finding(
        kind=SuggestionKind.UPDATE_PATTERN,
        ground=Ground.WEAK_MATCHES,
        topic=f"triggers of {entity.id}",
        elements=("*",),
        evidence=of_cases(
            using, len(newest), more_than(len(using), len(newest), 0.5), entity_ids=(entity.id,), with_intents=True
        ),
        reason=reason,
        draft=replace(entity.content, triggers=(*entity.triggers, *words)[:64]),
        target_id=entity.id,
        base_revision=entity.revision,
        terms=cluster.terms,
    )


def _typical(cluster: Cluster, newest: list[Case]) -> str:
    """The intent that has most of the words that most have."""
    terms = set(cluster.terms)
    return max(newest, key=lambda case: (len(terms & set(case.stems)), -len(case.intent))).intent

"""Modifications of a pattern: resources that its workflows add although it does not name them, and leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from msgspec.structs import replace

from ...model.knowledge import Entity
from ...model.suggestion import Finding, Ground, SuggestionKind
from ..cases import Case, Cases
from ..significance import more_than
from .counted import Known, listed, lower_bound, of_cases, percent, short

#: Cases in which a resource must have been added, and the lower end of their share's interval ("8 of 10": 0.49).
LEAST_CASES: Final = 5
LEAST_SHARE: Final = 0.4
#: What is left out must be left out more surely: it was asked for once.
LEAST_CASES_LEFT_OUT: Final = 10
LEAST_SHARE_LEFT_OUT: Final = 0.6
#: Changes in one suggestion.
MOST_CHANGES: Final = 8
_LEAST_APART: Final = 3
_TOGETHER: Final = 0.8
#: What other workflows add half as often is no modification of this pattern; and how many there must be to tell.
_AS_OFTEN: Final = 0.5
_LEAST_OTHERS: Final = 10


def known_uses(cases: Cases, pattern_id: str) -> list[Case]:
    """The latest uses of a pattern that say what was generated, newest first."""
    return [case for case in reversed(cases.uses.get(pattern_id, ())) if case.resources]


def added_by(uses: list[Case], entity: Entity) -> dict[str, list[Case]]:
    """Resources that were added often enough, by the name that they mostly have, with the cases."""
    named = {name.casefold() for name in entity.suggested_resources}
    found: dict[str, list[Case]] = {}
    written: dict[str, Counter[str]] = {}
    for case in uses:
        for name in case.additions:
            folded = name.casefold()
            if folded not in named:
                found.setdefault(folded, []).append(case)
                written.setdefault(folded, Counter())[name] += 1
    return {
        min(written[folded], key=lambda name: (-written[folded][name], name)): with_it
        for folded, with_it in found.items()
        if len(with_it) >= LEAST_CASES and lower_bound(len(with_it), len(uses)) >= LEAST_SHARE
    }


def find(cases: Cases, known: Known, pattern_ids: Collection[str], everywhere: Collection[str]) -> Iterator[Finding]:
    """A finding for each pattern whose workflows change it. ``everywhere``: additions that are no single pattern's."""
    for pattern_id in sorted(pattern_ids):
        entity = known(pattern_id)
        if entity is None:
            continue
        uses = known_uses(cases, pattern_id)
        added = {
            name: with_it
            for name, with_it in added_by(uses, entity).items()
            if name.casefold() not in everywhere
            and not _of_another(cases, pattern_id, name.casefold(), uses, with_it)
            and not _of_all(cases, pattern_id, name.casefold(), len(with_it) / len(uses))
        }
        left_out = _left_out(uses, entity)
        if added or left_out:
            yield _finding(entity, uses, added, left_out)


def _of_another(cases: Cases, pattern_id: str, name: str, uses: list[Case], with_it: list[Case]) -> bool:
    """Whether a resource comes with another pattern, or with both at once, and not with this one."""
    beside = Counter(other for case in with_it for other in case.used if other != pattern_id)
    for other, times in sorted(beside.items()):
        if times < _TOGETHER * len(with_it):
            continue
        alone = [case for case in uses if other not in case.used]
        if len(alone) >= _LEAST_APART:
            if sum(_adds(case, name) for case in alone) < LEAST_SHARE * len(alone):
                return True
            continue
        theirs = [case for case in known_uses(cases, other) if pattern_id not in case.used]
        if len(theirs) >= _LEAST_APART:
            if sum(_adds(case, name) for case in theirs) >= LEAST_SHARE * len(theirs):
                return True
        elif other < pattern_id:
            return True  # never seen apart: one of the two is told
    return False


def _of_all(cases: Cases, pattern_id: str, name: str, share: float) -> bool:
    """Whether workflows without this pattern add a resource nearly as often."""
    others = [case for case in cases.all if case.worked and case.resources and pattern_id not in case.used]
    if len(others) < _LEAST_OTHERS:
        return False
    return sum(_adds(case, name) for case in others) >= _AS_OFTEN * share * len(others)


def _adds(case: Case, name: str) -> bool:
    return any(one.casefold() == name for one in case.additions)


def _left_out(uses: list[Case], entity: Entity) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in uses:
        for name in case.omissions.get(entity.id, ()):
            if name in entity.suggested_resources:
                found.setdefault(name, []).append(case)
    return {
        name: without
        for name, without in found.items()
        if len(without) >= LEAST_CASES_LEFT_OUT and lower_bound(len(without), len(uses)) >= LEAST_SHARE_LEFT_OUT
    }


def _finding(
    entity: Entity, uses: list[Case], added: dict[str, list[Case]], left_out: dict[str, list[Case]]
) -> Finding:
    most = sorted(added, key=lambda name: (-len(added[name]), name))[:MOST_CHANGES]
    least = sorted(left_out, key=lambda name: (-len(left_out[name]), name))[:MOST_CHANGES]
    weakest = min((*(added[name] for name in most), *(left_out[name] for name in least)), key=len)
    parts = []
    if most:
        parts.append(
            "added "
            + listed(f"{name} in {percent(len(added[name]), len(uses))} of {len(uses)} recent cases" for name in most)
        )
    if least:
        parts.append(
            "left out "
            + listed(
                f"{name} in {percent(len(left_out[name]), len(uses))} of {len(uses)} recent cases" for name in least
            )
        )
    reason = f"Workflows that used “{short(entity.description)}” {' and '.join(parts)}."
    kept = tuple(name for name in entity.suggested_resources if name not in least)
    return Finding(
        kind=SuggestionKind.UPDATE_PATTERN,
        ground=Ground.ADDITIONS,
        topic=f"resources of {entity.id}",
        elements=(*(f"+{name}" for name in most), *(f"-{name}" for name in least)),
        evidence=of_cases(
            weakest, len(uses), more_than(len(weakest), len(uses), 0.5), entity_ids=(entity.id,), with_intents=True
        ),
        reason=reason,
        draft=replace(
            entity.content,
            suggested_resources=(*kept, *most),
            rationale=f"{entity.rationale} {reason}".strip(),
        ),
        target_id=entity.id,
        base_revision=entity.revision,
    )


def without(finding: Finding, entity: Entity, refused: Collection[str]) -> Finding | None:
    """The finding without elements that somebody refused; None where nothing is left."""
    elements = tuple(one for one in finding.elements if one not in refused)
    if not elements:
        return None
    if elements == finding.elements:
        return finding
    out = {one[1:] for one in elements if one.startswith("-")}
    kept = tuple(name for name in entity.suggested_resources if name not in out)
    new = tuple(one[1:] for one in elements if one.startswith("+"))
    return replace(finding, elements=elements, draft=replace(finding.draft, suggested_resources=(*kept, *new)))

"""Looking for what speaks for a change: all grounds over the window, or over what some workflows touched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from ..model.suggestion import Finding
from ..store.reader import Reader
from .cases import Case, Cases
from .grounds import additions, configuration, failing_calls, low_use, together, weak_matches
from .grounds.counted import Known
from .grounds.weak_matches import BestMatch

#: Findings of one look; the strongest first.
MOST: Final = 200


def observe(
    cases: Cases, known: Known, best_match: BestMatch, touched: Sequence[Case], between: Callable[[], None]
) -> list[Finding]:
    """Findings that have to do with some cases, strongest first. ``between`` is called between pieces of work."""
    patterns = {one for case in touched for one in (*case.used, *case.offered)}
    clusters = {id(one): one for case in touched if (one := cases.gaps.of(case)) is not None}
    common = configuration.everywhere(cases, known)
    between()
    found: list[Finding] = []
    found += additions.find(cases, known, patterns, common.keys())
    found += configuration.find(cases, common)
    between()
    found += together.find(cases, known, patterns)
    between()
    found += weak_matches.find(list(clusters.values()), known, best_match)
    found += low_use.find(cases, known, patterns)
    return strongest(_told_once(found))


def observe_calls(reader: Reader) -> list[Finding]:
    """Findings of recorded calls."""
    return strongest(failing_calls.find(reader))


def strongest(found: Collection[Finding] | Iterator[Finding]) -> list[Finding]:
    """The strongest first, at most ``MOST``: what the daily limit cuts off is what is least sure."""
    return sorted(found, key=lambda one: (-one.evidence.strength, -one.evidence.cases, one.topic))[:MOST]


def _told_once(found: list[Finding]) -> list[Finding]:
    """Without what a pattern that is to go would have been changed to."""
    going = {one.target_id for one in found if one.kind.name.startswith("DEPRECATE")}
    return [one for one in found if one.target_id not in going or one.kind.name.startswith("DEPRECATE")]

"""Matches by words and by meaning, made one list."""

from __future__ import annotations

from typing import Final

from ...model.knowledge import EntityKind, Semantic
from ..matching import Match, TextIndex
from .combining import joined
from .index import SemanticIndex

#: Candidates of each of the two: an entity that is in neither list is not a match.
CANDIDATES: Final = 50
#: Below this, what shares no word with the text is no match: every text has nearest vectors.
LEAST: Final = 0.05
#: Times the matches that are wanted: how many of those near by meaning alone are scored by words too.
_LOOKED_AT: Final = 2


def search(
    words: TextIndex, semantic: SemanticIndex, text: str, kind: EntityKind, limit: int
) -> tuple[list[Match], Semantic]:
    """At most ``limit`` entities, best first, and whether vectors had a part in it.

    Where they had none, what is told is what words alone would tell.
    """
    listed = max(limit, CANDIDATES)
    by_words = {match.id: match for match in words.search(text, listed)}
    found = semantic.nearest(text, kind, listed, list(by_words))
    if found.state is not Semantic.USED:
        return list(by_words.values())[:limit], found.state
    nothing = Match("", kind, 0.0, 0.0)
    matches = [
        _both(entity_id, by_words.get(entity_id, nothing), found.cosines) for entity_id in {**by_words, **found.cosines}
    ]
    best = sorted(matches, key=_order)[: _LOOKED_AT * limit]
    if len(by_words) == listed:
        # Words list the best only: what is near by meaning may share some with the text all the same.
        unlisted = words.score(text, [match.id for match in best if match.id not in by_words])
        scored = {match.id: _both(match.id, match, found.cosines) for match in unlisted}
        best = sorted((scored.get(match.id, match) for match in best), key=_order)
    return [match for match in best if match.lexical or match.relevance >= LEAST][:limit], Semantic.USED


def _both(entity_id: str, words: Match, cosines: dict[str, float]) -> Match:
    cosine = cosines.get(entity_id, 0.0)  # changed a moment ago: its vector is not there yet
    return Match(entity_id, words.kind, words.score, joined(words.lexical, cosine), words.lexical, cosine)


def _order(match: Match) -> tuple[float, str]:
    return -match.relevance, match.id

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


def search(
    words: TextIndex, semantic: SemanticIndex, text: str, kind: EntityKind, limit: int
) -> tuple[list[Match], Semantic]:
    """At most ``limit`` entities, best first, and whether vectors had a part in it.

    Where they had none, what is told is what words alone would tell.
    """
    by_words = {match.id: match for match in words.search(text, max(limit, CANDIDATES))}
    found = semantic.nearest(text, kind, max(limit, CANDIDATES), list(by_words))
    if found.state is not Semantic.USED:
        return list(by_words.values())[:limit], found.state
    unseen = [entity_id for entity_id in found.cosines if entity_id not in by_words]
    scores = {match.id: match for match in words.score(text, unseen)} | by_words
    matches = []
    for entity_id in {**by_words, **found.cosines}:
        lexical = scores.get(entity_id) or Match(entity_id, kind, 0.0, 0.0)
        cosine = found.cosines.get(entity_id, 0.0)  # changed a moment ago: its vector is not there yet
        relevance = joined(lexical.lexical, cosine)
        if lexical.lexical == 0.0 and relevance < LEAST:
            continue
        matches.append(Match(entity_id, kind, lexical.score, relevance, lexical.lexical, cosine))
    return sorted(matches, key=lambda one: (-one.relevance, one.id))[:limit], Semantic.USED

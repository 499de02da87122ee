"""How good matching is, by words and with meaning: `python -m tests.knowledge.measure_matching` (decision 0030).

`--fit` fits the regression of combining.py anew, on the half of the intents that is not held out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sidecar.knowledge.matching import TextIndex
from sidecar.knowledge.semantic.combining import BIAS, LEXICAL, SEMANTIC, joined
from sidecar.knowledge.semantic.vectors import embedded_text
from sidecar.knowledge.semantic.word_llama import WordLlamaEmbedder
from sidecar.model.knowledge import EntityKind
from tests.knowledge.starter import Asked, entities, intents

Score = Callable[[float, float], float]
SCORES: dict[str, Score] = {"words": lambda words, _: words, "meaning": lambda _, cosine: cosine, "both": joined}
RIDGE = np.array([0.0, 0.0484, 0.0484])
EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True)
class Pair:
    """One intent and one entity: BM25's relevance, the cosine, and whether it is meant."""

    words: float
    cosine: float
    meant: bool
    entity: str


def pairs() -> dict[Asked, list[Pair]]:
    """All pairs of an intent with the entities of its kind."""
    model = WordLlamaEmbedder()
    by_kind = {kind: [one for one in entities() if one.kind is kind] for kind in EntityKind}
    words, vectors = {}, {}
    for kind, some in by_kind.items():
        words[kind] = TextIndex(kind)
        for one in some:
            words[kind].add(one)
        words[kind].commit()
        vectors[kind] = model.vectors([embedded_text(one) for one in some])
    found = {}
    for asked in intents():
        lexical = {match.id: match.lexical for match in words[asked.kind].search(asked.text, 100)}
        cosines = vectors[asked.kind] @ model.vectors([asked.text])[0]
        found[asked] = [
            Pair(lexical.get(one.id, 0.0), float(cosine), one.id == asked.meant, one.id)
            for one, cosine in zip(by_kind[asked.kind], cosines, strict=True)
        ]
    return found


def place(some: Sequence[Pair], score: Score) -> int:
    """The place of what is meant, from 1; 0 where it is not found."""
    best = sorted(some, key=lambda pair: (-score(pair.words, pair.cosine), pair.entity))
    at = next(number for number, pair in enumerate(best, 1) if pair.meant)
    return at if score(best[at - 1].words, best[at - 1].cosine) > 0 else 0


def quality(found: Mapping[Asked, Sequence[Pair]], score: Score, held_out: bool) -> tuple[float, float, float]:
    """Mean reciprocal rank, recall among the first 1 and 3."""
    places = [place(some, score) for asked, some in found.items() if asked.meant and asked.held_out is held_out]
    count = len(places)
    reciprocal = sum(1 / at for at in places if at) / count
    return reciprocal, places.count(1) / count, sum(0 < at <= 3 for at in places) / count


def fitted(some: Sequence[Pair]) -> list[float]:
    """The regression's three numbers, by Newton's method, with a little ridge so that few cases cannot make it sure."""
    columns = np.array([[1.0, pair.words, max(0.0, pair.cosine)] for pair in some])
    meant = np.array([float(pair.meant) for pair in some])
    weights = np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-columns @ weights))
        hessian = columns.T @ (columns * (p * (1 - p))[:, None]) + np.diag(RIDGE)
        weights += np.linalg.solve(hessian, columns.T @ (meant - p) - RIDGE * weights)
    return [float(one) for one in weights]


def main() -> None:
    """Print the numbers."""
    found = pairs()
    for held_out in (False, True):
        for name, score in SCORES.items():
            mrr, first, third = quality(found, score, held_out)
            print(f"held out {held_out!s:5} {name:8} MRR {mrr:.3f}  recall@1 {first:.3f}  recall@3 {third:.3f}")
    for held_out in (False, True):
        some = [pair for asked, few in found.items() if asked.held_out is held_out for pair in few]
        said = [joined(pair.words, pair.cosine) for pair in some]
        loss = -sum(math.log(p if pair.meant else 1 - p) for p, pair in zip(said, some, strict=True)) / len(some)
        brier = sum((p - pair.meant) ** 2 for p, pair in zip(said, some, strict=True)) / len(some)
        print(f"held out {held_out!s:5} log loss {loss:.4f}  Brier {brier:.4f}  pairs {len(some)}")
        for low, high in pairwise(EDGES):
            bin_ = [(p, pair.meant) for p, pair in zip(said, some, strict=True) if low <= p < high]
            if bin_:
                p, was = (sum(column) / len(bin_) for column in zip(*bin_, strict=True))
                print(f"  {low:.2f}–{high:.2f}  {len(bin_):5} pairs  said {p:.3f}  was {was:.3f}")
        best = sorted(
            max(joined(pair.words, pair.cosine) for pair in few)
            for asked, few in found.items()
            if not asked.meant and asked.held_out is held_out and asked.kind is EntityKind.PATTERN
        )
        print(f"  best pattern of {len(best)} foreign intents: {', '.join(f'{one:.2f}' for one in best[-4:])}")
    print("in use:", BIAS, LEXICAL, SEMANTIC)
    if "--fit" in sys.argv:
        print("fitted:", fitted([pair for asked, few in found.items() if not asked.held_out for pair in few]))


if __name__ == "__main__":
    main()

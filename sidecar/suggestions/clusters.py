"""Recurring intents: those that nothing matched well, put together by their words as they come.

A leader algorithm (Hartigan 1975): an intent joins the cluster whose words are most like its own, or begins one.
Likeness is the cosine between the intent's words and the shares of the cluster's intents that have each, where a word
counts by how rare it is among these intents: ln(1 + N / n).
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .cases import Case

#: From this likeness on an intent belongs to a cluster.
ALIKE: Final = 0.45
#: Clusters that are kept. The one that was least recently joined makes way.
CLUSTERS: Final = 400


class Cluster:
    """Intents that are alike."""

    __slots__ = ("cases", "counts")

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.counts: Counter[str] = Counter()

    @property
    def terms(self) -> tuple[str, ...]:
        """Stems that at least half of the intents have, most frequent first."""
        least = len(self.cases) / 2.0
        return tuple(
            stem for stem, count in sorted(self.counts.items(), key=lambda one: (-one[1], one[0])) if count >= least
        )

    def word_of(self, stem: str) -> str:
        """How a stem is mostly written."""
        written = Counter(case.stems[stem] for case in self.cases if stem in case.stems)
        return min(written, key=lambda word: (-written[word], word), default=stem)


class Clusters:
    """See the module. One thread uses it."""

    def __init__(self) -> None:
        self._clusters: dict[int, Cluster] = {}
        self._of: dict[bytes, int] = {}
        self._by_stem: dict[str, set[int]] = {}
        self._frequency: Counter[str] = Counter()
        self._total = 0
        self._next = 0

    def add(self, case: Case) -> None:
        """Put a case where it belongs."""
        if not case.stems or case.workflow_id in self._of:
            return
        self._total += 1
        self._frequency.update(case.stems.keys())
        place = self._nearest(case)
        if place is None:
            place, self._next = self._next, self._next + 1
            self._clusters[place] = Cluster()
            if len(self._clusters) > CLUSTERS:
                self._drop(next(iter(self._clusters)))
        cluster = self._clusters.pop(place)
        self._clusters[place] = cluster  # the last to make way
        cluster.cases.append(case)
        cluster.counts.update(case.stems.keys())
        self._of[case.workflow_id] = place
        for stem in case.stems:
            self._by_stem.setdefault(stem, set()).add(place)

    def remove(self, case: Case) -> None:
        """Take a case out, if it is there."""
        place = self._of.pop(case.workflow_id, None)
        if place is None:
            return
        self._forget(case)
        cluster = self._clusters[place]
        cluster.cases.remove(case)
        for stem in case.stems:
            cluster.counts[stem] -= 1
            if not cluster.counts[stem]:
                del cluster.counts[stem]
                self._leave(stem, place)
        if not cluster.cases:
            del self._clusters[place]

    def of(self, case: Case) -> Cluster | None:
        """The cluster of a case."""
        place = self._of.get(case.workflow_id)
        return self._clusters[place] if place is not None else None

    @property
    def all(self) -> Iterable[Cluster]:
        """Least recently joined first."""
        return list(self._clusters.values())

    def _nearest(self, case: Case) -> int | None:
        near = Counter(place for stem in case.stems for place in self._by_stem.get(stem, ()))
        best, found = ALIKE, None
        own = math.sqrt(sum(self._weight(stem) ** 2 for stem in case.stems))
        for place, _ in near.most_common(32):
            cluster = self._clusters[place]
            size = len(cluster.cases)
            dot = sum(self._weight(stem) ** 2 * cluster.counts[stem] / size for stem in case.stems)
            length = math.sqrt(sum((self._weight(stem) * n / size) ** 2 for stem, n in cluster.counts.items()))
            likeness = dot / (own * length) if own and length else 0.0
            if likeness >= best:
                best, found = likeness, place
        return found

    def _weight(self, stem: str) -> float:
        return math.log1p(self._total / (self._frequency[stem] or 1))

    def _drop(self, place: int) -> None:
        cluster = self._clusters.pop(place)
        for case in cluster.cases:
            del self._of[case.workflow_id]
            self._forget(case)
        for stem in cluster.counts:
            self._leave(stem, place)

    def _forget(self, case: Case) -> None:
        self._total -= 1
        for stem in case.stems:
            self._frequency[stem] -= 1
            if not self._frequency[stem]:
                del self._frequency[stem]

    def _leave(self, stem: str, place: int) -> None:
        places = self._by_stem[stem]
        places.discard(place)
        if not places:
            del self._by_stem[stem]


def alike(left: tuple[str, ...], right: tuple[str, ...]) -> float:
    """The share of two sets of words that both have (Jaccard 1901); 0 where one is empty."""
    a, b = set(left), set(right)
    return len(a & b) / len(a | b) if a and b else 0.0

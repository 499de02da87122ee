"""From relevance to the probability of being used, by what became of earlier recommendations.

Recommendations of completed workflows are counted in twenty bins of relevance, with those that were used. Each bin
starts with ``PRIOR_WEIGHT`` imagined ones, of which as large a share was used as the relevance is. The shares are made
to rise with relevance by pooling adjacent violators (Ayer et al. 1955), weighted by their counts, and read off between
the middles of the bins. So a new store tells the relevance itself, and a used one what happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Bins of relevance.
BINS: Final = 20
#: Imagined recommendations that each bin starts with.
PRIOR_WEIGHT: Final = 4.0


def bin_of(relevance: float) -> int:
    """The bin of a relevance in [0, 1]."""
    return min(BINS - 1, max(0, int(relevance * BINS)))


def probabilities(shown: Sequence[int], used: Sequence[int]) -> list[float]:
    """The probability of use in the middle of each bin; never falling."""
    blocks: list[tuple[float, float, int]] = []  # weight, weight × share, bins
    for place in range(BINS):
        weight = shown[place] + PRIOR_WEIGHT
        blocks.append((weight, used[place] + PRIOR_WEIGHT * (place + 0.5) / BINS, 1))
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][0] > blocks[-1][1] * blocks[-2][0]:
            later, earlier = blocks.pop(), blocks.pop()
            blocks.append((earlier[0] + later[0], earlier[1] + later[1], earlier[2] + later[2]))
    return [total / weight for weight, total, bins in blocks for _ in range(bins)]


def probability(curve: Sequence[float], relevance: float) -> float:
    """The probability of use at a relevance in [0, 1], between the middles of bins in a straight line."""
    place = min(BINS - 1.0, max(0.0, relevance * BINS - 0.5))
    low = int(place)
    high = min(BINS - 1, low + 1)
    return curve[low] + (curve[high] - curve[low]) * (place - low)

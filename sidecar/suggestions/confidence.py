"""From the strength of evidence to the probability that a person takes the suggestion.

Evidence alone says how strong a case is; people say what they take. For each kind of suggestion it is counted how many
of those that were decided were taken, and how many would have been, had people taken as large a share as the strengths
said. The quotient of the two, with ``PRIOR`` imagined suggestions that were taken just as often as they said, corrects
later strengths. What was decided counts for half after ``HALF_LIFE``: a kind that people once had enough of gets
another chance. Nothing that a model writes has a part in it.
"""

from __future__ import annotations

from typing import Final

from ..model.suggestion import DECIDED, TAKEN, KindTotals, SuggestionState

#: Imagined suggestions that were taken as often as their strength said.
PRIOR: Final = 8.0
#: Seconds until a decision counts for half.
HALF_LIFE: Final = 90 * 86_400.0
#: A suggestion is never certain to be taken, nor certain not to be.
LEAST: Final = 0.01
MOST: Final = 0.99


def confidence(totals: KindTotals, strength: float, now: float) -> float:
    """The probability that a suggestion of such strength (0 to 1) is taken."""
    weight = _weight(totals, now)
    quotient = (PRIOR + weight * totals.taken) / (PRIOR + weight * totals.expected)
    return min(MOST, max(LEAST, strength * quotient))


def count_decision(totals: KindTotals, strength: float, state: SuggestionState, now: float, times: int = 1) -> None:
    """Count what was decided; ``times`` is -1 where a decision is taken back."""
    if state not in DECIDED:
        return
    weight = _weight(totals, now)
    totals.expected = max(0.0, totals.expected * weight + times * strength)
    totals.taken = max(0.0, totals.taken * weight + times * (state in TAKEN))
    totals.counted_time = now


def _weight(totals: KindTotals, now: float) -> float:
    """What is left of what was counted."""
    return float(0.5 ** (max(0.0, now - totals.counted_time) / HALF_LIFE))

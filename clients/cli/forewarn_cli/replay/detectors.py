"""Which detector prevented what: the strongest positive reason of each prevented call gets the credit or the blame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict

from forewarn_cli.replay.scores import ratio

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2

NONE = "(none)"
"""The detector of a call that was prevented without a reason that speaks for failure."""


class DetectorRow(TypedDict):
    """What one detector's preventions came to."""

    detector: str
    prevented: int
    right: int
    wrong: int
    share_of_recall: float | None


def detector(reasons: Iterable[model_pb2.Reason]) -> str:
    """The code of the reason that adds most to the log-odds of failure."""
    strongest = max(reasons, key=lambda reason: reason.contribution, default=None)
    return strongest.code if strongest is not None and strongest.contribution > 0 else NONE


class Tally:
    """Right and wrong preventions per detector."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    def add(self, code: str, *, bad: bool) -> None:
        """One prevented call."""
        (self.right if bad else self.wrong)[code] += 1

    def rows(self) -> list[DetectorRow]:
        """Per detector, most preventions first; share_of_recall sums to 1 over the detectors."""
        return table(self.right, self.wrong)


def table(right: Counter[str], wrong: Counter[str]) -> list[DetectorRow]:
    """The rows for these counts."""
    total = right + wrong
    return [
        {
            "detector": code,
            "prevented": count,
            "right": right[code],
            "wrong": wrong[code],
            "share_of_recall": ratio(right[code], right.total()),
        }
        for code, count in sorted(total.items(), key=lambda item: (-item[1], item[0]))
    ]


def merge(tallies: Sequence[Tally]) -> Tally:
    """All of them as one: the counts over several orders."""
    whole = Tally()
    for tally in tallies:
        whole.right += tally.right
        whole.wrong += tally.wrong
    return whole

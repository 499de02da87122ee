"""What a benchmark yields: a number, and the bar that it has to reach where there is one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Literal

#: A bar is missed clearly where the value is off by more than this share: shared machines are noisy.
NOISE = 0.08


@dataclass(frozen=True)
class Row:
    """One line of the table. ``bar`` is the least (or, with ``best="low"``, the largest) that will do; None: for
    information. ``later`` marks a bar that a later issue sets: shown, never a reason to fail.
    """

    name: str
    value: float
    unit: str
    bar: float | None = None
    best: Literal["high", "low"] = "high"
    later: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached; None where there is none."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.best == "high" else self.value <= self.bar

    @property
    def missed_clearly(self) -> bool:
        """Whether the bar is missed by more than noise."""
        if self.bar is None or self.later:
            return False
        if self.best == "high":
            return self.value < self.bar * (1.0 - NOISE)
        return self.value > self.bar * (1.0 + NOISE)

    def as_json(self) -> dict[str, object]:
        """The row as ``build/bench.json`` has it."""
        document = {name: value for name, value in asdict(self).items() if name in ("name", "value", "unit", "bar")}
        return {**document, "value": round(self.value, 4), "met": self.met}


@dataclass(frozen=True)
class Plan:
    """How to measure: where to put files, and whether to hurry."""

    folder: Path
    quick: bool

    def rounds(self, usual: int) -> int:
        """How many interleaved rounds to take."""
        return max(1, usual // 3) if self.quick else usual

    def seconds(self, usual: float) -> float:
        """How long one round lasts."""
        return usual / 2.0 if self.quick else usual


def middle(values: list[float]) -> float:
    """The median; 0 of nothing."""
    return median(values) if values else 0.0

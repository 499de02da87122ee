"""The report: one pass over decisions, one over usage patterns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ...model.decision import DecisionRecord
from ...model.pattern import UsagePattern
from .calibration import Calibration, Ranking
from .judged import judge
from .preventions import Detectors, Tools
from .standouts import Standouts
from .timeline import Timeline
from .totals import Totals

_RANKS: Final = "optimize"


@dataclass(frozen=True, slots=True)
class BudgetStand:
    """How the budget stands by the daemon's own account: shares of ``successes``, in [0, 1]; None before any."""

    budget: float
    spent: float | None = None
    successes: float = 0.0


class Report:
    """Every block, of decisions about ``tool`` (empty: all)."""

    def __init__(self, tool: str = "") -> None:
        self.tool = tool
        self.examined = 0
        #: There are older decisions in the period, and more patterns, than were looked at.
        self.cut = self.patterns_cut = False
        self.budget = BudgetStand(0.0)
        self.totals = Totals()
        self.calibration = Calibration()
        self.ranking = Ranking()
        self.detectors = Detectors()
        self.tools = Tools()
        self.timeline = Timeline()
        self.standouts = Standouts()

    def add_decisions(self, records: Iterable[DecisionRecord]) -> None:
        """Count decisions, which come newest first. Rankings of alternatives judge no call and are left out."""
        blocks = (self.totals, self.calibration, self.ranking, self.detectors, self.tools, self.timeline)
        for record in records:
            self.examined += 1
            if record.question == _RANKS or (self.tool and record.tool != self.tool):
                continue
            one = judge(record)
            for block in blocks:
                block.add(one)

    def add_patterns(self, patterns: Iterable[tuple[bytes, UsagePattern]]) -> None:
        """Look at usage patterns."""
        for pattern_id, pattern in patterns:
            self.standouts.add(pattern_id, pattern)

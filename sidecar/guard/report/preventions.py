"""What each detector contributed, and what was prevented of each tool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ...model.vocabulary import Verdict
from .judged import Judged

OTHER: Final = "(other)"
#: Detectors and tools that are told apart; what comes beyond is counted together or left out, and said to be.
MAX_DETECTORS: Final = 64
MAX_TOOLS: Final = 1_000
#: Examples kept of a tool, by how they ended: wrong, right, no outcome.
_EXAMPLES: Final[dict[bool | None, int]] = {False: 2, True: 2, None: 1}


@dataclass(slots=True)
class Detector:
    """One detector's part. ``pushes`` are log-odds of failure that it added, and over how many calls, by outcome."""

    led: int = 0
    right: int = 0
    wrong: int = 0
    pushes: dict[bool | None, list[float]] = field(
        default_factory=lambda: {True: [0.0, 0], False: [0.0, 0], None: [0.0, 0]}
    )

    @property
    def spoke(self) -> int:
        """Decisions that it was a reason of."""
        return int(sum(count for _, count in self.pushes.values()))

    @property
    def contribution(self) -> float:
        """The log-odds of failure that it added, over all decisions."""
        return sum(total for total, _ in self.pushes.values())


class Detectors:
    """What each detector contributed, by the reasons that decisions keep."""

    def __init__(self) -> None:
        self.by_code: dict[str, Detector] = {}

    def add(self, one: Judged) -> None:
        """Count a decision."""
        reasons = one.record.decision.learned_reasons
        for reason in reasons:
            push = self._of(reason.code).pushes[one.failed]
            push[0] += reason.contribution
            push[1] += 1
        if one.prevents and reasons:
            leader = self._of(reasons[0].code)
            leader.led += 1
            leader.right += one.right
            leader.wrong += one.wrong

    def _of(self, code: str) -> Detector:
        known = self.by_code.get(code)
        if known is None:
            name = code if len(self.by_code) < MAX_DETECTORS - 1 else OTHER
            known = self.by_code.setdefault(name, Detector())
        return known

    def ranked(self) -> list[tuple[str, Detector]]:
        """Most often leading first, then by how often it spoke, then by name."""
        return sorted(self.by_code.items(), key=lambda item: (-item[1].led, -item[1].spoke, item[0]))


@dataclass(slots=True)
class ToolPart:
    """Counts of one tool, and its newest preventions."""

    decisions: int = 0
    failed: int = 0
    worked: int = 0
    would_prevent: int = 0
    prevented: int = 0
    right: int = 0
    wrong: int = 0
    examples: list[Judged] = field(default_factory=list)


class Tools:
    """What was prevented, by tool. Decisions come newest first."""

    def __init__(self) -> None:
        self.by_name: dict[str, ToolPart] = {}

    def add(self, one: Judged) -> None:
        """Count a decision; one of a tool beyond the limit is left out."""
        name = one.record.tool
        part = self.by_name.get(name)
        if part is None:
            if len(self.by_name) >= MAX_TOOLS:
                return
            part = self.by_name[name] = ToolPart()
        part.decisions += 1
        part.failed += one.failed is True
        part.worked += one.failed is False
        part.prevented += one.record.decision.learned_verdict is Verdict.PREVENT
        if one.prevents:
            part.would_prevent += 1
            part.right += one.right
            part.wrong += one.wrong
            if sum(kept.failed is one.failed for kept in part.examples) < _EXAMPLES[one.failed]:
                part.examples.append(one)

    def ranked(self) -> list[tuple[str, ToolPart]]:
        """Most preventions first, then most failures, then most decisions, then by name."""
        return sorted(
            self.by_name.items(),
            key=lambda item: (-item[1].would_prevent, -item[1].failed, -item[1].decisions, item[0]),
        )

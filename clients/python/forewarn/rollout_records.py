"""What rollouts give, as frozen dataclasses. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

RolloutState = Literal["running", "treatment_better", "control_better", "no_decision", "stopped"]
RolloutEnding = Literal["", "promoted", "withdrawn", "changed"]


@dataclass(frozen=True, slots=True)
class RolloutArm:
    """One side: sessions that were compared, and their mean outcome, 0 to 1."""

    units: int
    outcome: float
    used: int
    """Of a pattern: workflows that used it."""
    calls: int
    """Of a policy: calls that were made, and those of them that failed."""
    failed: int


@dataclass(frozen=True, slots=True)
class Rollout:
    """A pattern or policy for a share of sessions (the treatment), compared with the rest (the control)."""

    rollout_id: str
    pattern: str
    """Empty for a policy."""
    policy: str
    """Empty for a pattern."""
    share_percent: float
    state: RolloutState
    ending: RolloutEnding
    treatment: RolloutArm
    control: RolloutArm
    difference: float
    """How much higher the treatment's outcome is, with the 95 % interval, however often it is looked at."""
    difference_low: float
    difference_high: float
    evidence: float
    """That the treatment is better; and that the control is. 40 decides."""
    evidence_against: float
    max_units: int
    started_at: datetime | None
    started_by: str
    reason: str
    decided_at: datetime | None
    stopped_at: datetime | None
    stopped_by: str
    stop_reason: str

"""What is kept of a tool beside its failures: how long its calls take, and what they cost."""

from __future__ import annotations

from typing import Final

from ..model.call import Result
from ..model.tool import Tool

_LATENCIES: Final = 64


def learn_duration(tool: Tool, result: Result, *, failed: bool) -> None:
    """Keep how long a call took, if it succeeded, and what it cost."""
    if result.duration is not None and not failed:
        tool.latencies = [*tool.latencies, result.duration][-_LATENCIES:]
    if result.cost:
        tool.cost_sum += result.cost
        tool.cost_calls += 1

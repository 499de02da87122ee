"""How long a tool's successful calls take."""

from __future__ import annotations

from ..model.tool import Tool


def latency_of(tool: Tool | None) -> float:
    """The median of the last durations of successful calls, in seconds; -1 where none is known."""
    if tool is None or not tool.latencies:
        return -1.0
    ordered = sorted(tool.latencies)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2.0

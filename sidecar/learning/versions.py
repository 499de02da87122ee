"""Whether a tool has another version than before."""

from __future__ import annotations

from typing import Final

from ..model.tool import Tool

#: Seconds of event time for which the version before the last one counts as in use.
IN_USE: Final = 3_600.0


def is_change(tool: Tool, version: str, now: float) -> bool:
    """Whether a version that is told at ``now`` (seconds of event time) is that of a tool that has changed.

    The first version, and none, are no change. Nor is coming back within the hour to the one before: two runtimes use
    two versions side by side, and each call of the one would undo what the calls of the other taught. Who really goes
    back that fast keeps evidence that may not hold, and that gives way to what is seen, as it does whenever a tool
    changes and nobody tells. What was before the last version was told is none either: a record that comes late.
    """
    if not version or not tool.seen_version or version == tool.seen_version or now < tool.version_time:
        return False
    return version != tool.other_version or now - tool.other_time > IN_USE


def changed(tool: Tool, version: str, now: float) -> bool:
    """Note a version that was told at ``now``; whether the tool has changed with it. The caller writes ``tool``."""
    if not version:
        return False
    if version == tool.seen_version:
        tool.version_time = max(tool.version_time, now)
        return False
    if now < tool.version_time:
        if version == tool.other_version or now > tool.other_time:
            tool.other_version, tool.other_time = version, max(tool.other_time, now)
        return False
    change = is_change(tool, version, now)
    tool.other_version, tool.other_time = tool.seen_version, tool.version_time
    tool.seen_version, tool.version_time = version, now
    return change

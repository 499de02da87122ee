"""Whether a tool has another version than before."""

from __future__ import annotations

from typing import Final

from ..model.tool import Tool

#: Seconds of event time for which the version before the last one counts as in use.
IN_USE: Final = 3_600.0


def changed(tool: Tool, version: str, now: float) -> bool:
    """Note a version that was told at ``now``; whether the tool has changed with it. The caller writes ``tool``.

    The first version, and none, are no change. Nor is coming back within the hour to the one before: two runtimes use
    two versions side by side, and each call of the one would undo what the calls of the other taught. Who really goes
    back that fast keeps evidence that may not hold, and that gives way to what is seen, as it does whenever a tool
    changes and nobody tells.
    """
    seen = tool.seen_version
    if not version or version == seen:
        if version:
            tool.version_time = max(tool.version_time, now)
        return False
    both = version == tool.other_version and now - tool.other_time <= IN_USE
    tool.other_version, tool.other_time = seen, tool.version_time
    tool.seen_version, tool.version_time = version, now
    return bool(seen) and not both

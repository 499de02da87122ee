"""What is kept of a tool beside its failures: how long its calls take, what they cost, what is used after it failed."""

from __future__ import annotations

from typing import Final

from ..model.call import Result
from ..model.tool import Tool
from ..store.tables import TOOLS, tool_key
from ..store.transaction import WriteTransaction
from .session import FAILED
from .view import Outcome, View

_LATENCIES: Final = 64
_SUCCESSORS: Final = 16


def learn_duration(tool: Tool, result: Result, *, failed: bool) -> None:
    """Keep how long a call took, if it succeeded, and what it cost."""
    if result.duration is not None and not failed:
        tool.latencies = [*tool.latencies, result.duration][-_LATENCIES:]
    if result.cost:
        tool.cost_sum += result.cost
        tool.cost_calls += 1


def learn_successor(txn: WriteTransaction, view: View, outcome: Outcome) -> None:
    """What a session uses right after a tool failed, and whether that worked: kept with the tool that failed."""
    session = view.session
    if session is None or not session.marks or not session.marks[-1] & FAILED:
        return
    before = session.failed_tool
    if not before or before == view.call.tool:
        return
    key = tool_key(before)
    failed_tool = txn.get(TOOLS, key)
    if failed_tool is None:
        return
    counts = failed_tool.successors.pop(view.call.tool, None) or [0, 0]
    counts[outcome.failed] += 1
    failed_tool.successors[view.call.tool] = counts
    while len(failed_tool.successors) > _SUCCESSORS:
        del failed_tool.successors[next(iter(failed_tool.successors))]
    txn.put(TOOLS, key, failed_tool)

"""What was counted, in all and per tool, since the store was made. Equal to the journal plus what retention removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ..model.decision import DecisionRecord
from ..model.tool import Counts, Tool
from ..model.trial import Standing
from ..model.vocabulary import FAILED, WORKED, Outcome, Verdict
from ..store.codec import struct_codec
from ..store.reader import Reader
from ..store.retention import REMOVED_COUNTS, count_call, count_decision, removed_key
from ..store.tables import DECISIONS, META, TOOLS, Table
from ..store.transaction import WriteTransaction

TOTALS: Final = Table(META.name, struct_codec(Counts), cached=True)
TOTALS_KEY: Final = b"totals"
STANDING: Final = Table(META.name, struct_codec(Standing))
STANDING_KEY: Final = b"standing"
#: In ``meta`` once decisions about a tool were not counted for it.
_TURNED_AWAY: Final = b"tools_turned_away"


def add_call(txn: WriteTransaction, tool: Tool, category: Outcome) -> None:
    """Count a recorded call. The caller writes ``tool``."""
    total = txn.get(TOTALS, TOTALS_KEY) or Counts()
    count_call(total, category)
    count_call(tool.counts, category)
    txn.put(TOTALS, TOTALS_KEY, total)


def room_for_asked(txn: WriteTransaction, limit: int) -> bool:
    """Whether a tool becomes known that is only asked about, of ``limit`` that may be known; notes it where not.

    Agents ask about tools that they made up: those take half of the room.
    """
    if txn.count(TOOLS) < limit // 2:
        return True
    if txn.get_raw(META, _TURNED_AWAY) is None:
        txn.put_raw(META, _TURNED_AWAY, b"1")
    return False


def count_asked(txn: WriteTransaction, tools: Mapping[str, Tool]) -> None:
    """Of tools that become known, by name, count decisions from when they had no room. The caller writes the tools.

    Where none was ever turned away, there are none. Else the journal is read: tenths of a second for 100,000 decisions.
    """
    if not tools or txn.get_raw(META, _TURNED_AWAY) is None:
        return
    for _, record in txn.scan(DECISIONS):
        tool = tools.get(record.tool)
        if tool is not None:
            count_decision(tool.counts, record)
    for name, tool in tools.items():
        removed = txn.get(REMOVED_COUNTS, removed_key(name))
        if removed is not None:
            for field in Counts.__struct_fields__:
                setattr(tool.counts, field, getattr(tool.counts, field) + getattr(removed, field))


def add_decisions(
    txn: WriteTransaction,
    by_tool: dict[str, list[DecisionRecord]],
    also: Callable[[WriteTransaction, Tool, Sequence[DecisionRecord]], None],
) -> None:
    """Count decisions that are being logged, and write their tools, each after ``also`` had its turn."""
    total = txn.get(TOTALS, TOTALS_KEY) or Counts()
    for name, records in by_tool.items():
        tool = txn.get(TOOLS, name.encode())
        for record in records:
            count_decision(total, record)
            if tool is not None:
                count_decision(tool.counts, record)
        if tool is not None:
            also(txn, tool, records)
            txn.put(TOOLS, name.encode(), tool)
    txn.put(TOTALS, TOTALS_KEY, total)


def settle_decision(txn: WriteTransaction, tool: Tool, record: DecisionRecord, category: Outcome) -> None:
    """Count what became of the call of a decision that would have prevented it. The caller writes ``tool``."""
    if record.decision.learned_would_be is not Verdict.PREVENT:
        return
    right, wrong = category in FAILED, category in WORKED
    if not (right or wrong):
        return
    total = txn.get(TOTALS, TOTALS_KEY) or Counts()
    for counts in (total, tool.counts):
        counts.would_prevent_right += right
        counts.would_prevent_wrong += wrong
    txn.put(TOTALS, TOTALS_KEY, total)


def read_standing(source: Reader | WriteTransaction) -> Standing:
    """How false prevention stands over all tools."""
    return source.get(STANDING, STANDING_KEY) or Standing()


def read_totals(reader: Reader) -> Counts:
    """The counts of all tools."""
    return reader.get(TOTALS, TOTALS_KEY) or Counts()

"""The promise that counts equal the journal, as a check of the store."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.tool import Counts
from ..store.reader import Reader
from ..store.retention import REMOVED_COUNTS, count_call, count_decision
from ..store.tables import CALLS, DECISIONS, META, TOOLS
from .totals import read_totals


def counts_match(reader: Reader) -> Iterator[str]:
    """What does not add up: for all tools and for each, counts = rows of the journal + what retention removed.

    Reads both journals whole, about 2 µs a row.
    """
    by_tool: dict[str, Counts] = {}
    total = Counts()
    for _, call in reader.scan(CALLS):
        for counts in (total, by_tool.setdefault(call.tool, Counts())):
            count_call(counts, call.classification.category)
    for _, record in reader.scan(DECISIONS):
        for counts in (total, by_tool.setdefault(record.tool, Counts())):
            count_decision(counts, record)
    prefix = b"removed/"
    for key, raw in reader.scan(META, prefix, b"removed0"):
        removed = REMOVED_COUNTS.decode(key, raw)
        name = key[len(prefix) :].decode("utf-8", "replace")
        for counts in (total, by_tool.setdefault(name, Counts())):
            for field in Counts.__struct_fields__:
                setattr(counts, field, getattr(counts, field) + getattr(removed, field))
    yield from _differences("all tools", read_totals(reader), total)
    for key, tool in reader.scan(TOOLS):
        name = key.decode("utf-8", "replace")
        yield from _differences(name, tool.counts, by_tool.get(name, Counts()))


def _differences(name: str, counted: Counts, found: Counts) -> Iterator[str]:
    for field in Counts.__struct_fields__:
        if getattr(counted, field) != getattr(found, field):
            yield f"{name}: {getattr(counted, field)} {field} counted, {getattr(found, field)} in the journal"

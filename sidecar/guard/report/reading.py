"""Reads the journal and the patterns in small pieces, each in a view of its own.

So neither the store's file nor decisions pay for a long look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ...learning.storage import Criteria, UsagePatternStorage
from ...learning.tables import MODELS, OVERALL
from ...model.decision import DecisionRecord
from ...model.pattern import UsagePattern
from ...store.store import Store
from ...store.tables import DECISIONS
from .whole import BudgetStand, Report

#: Rows read at a time: half a millisecond of work, in which nobody else has the interpreter.
CHUNK: Final = 32
#: Decisions looked at where nothing is said, and usage patterns.
DEFAULT_LIMIT: Final = 100_000
MAX_PATTERNS: Final = 200_000

#: Called between pieces: pauses, or raises to end the work.
Between = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Period:
    """Decisions with ``start <= id < stop`` (None: no end), the newest ``limit`` of them."""

    start: bytes
    stop: bytes | None
    limit: int


def read_report(
    store: Store, storage: UsagePatternStorage, tool: str, period: Period, budget: float, now: float, between: Between
) -> Report:
    """The report on a tool (empty: all). ``budget`` is the share of successes that may be prevented."""
    report = Report(tool)
    report.add_decisions(_decisions(store, period, report, between))
    report.add_patterns(_patterns(store, storage, report, now, between))
    with store.read() as reader:
        overall = reader.get(MODELS, OVERALL)
    account = overall.budget if overall is not None else None
    report.budget = (
        BudgetStand(budget, account.spent / account.seen, account.seen)
        if account is not None and account.seen
        else BudgetStand(budget)
    )
    return report


def _decisions(store: Store, period: Period, report: Report, between: Between) -> Iterator[DecisionRecord]:
    """The period's decisions, newest first."""
    left, stop = period.limit, period.stop
    while True:
        with store.read() as reader:  # one row more than are given, to see whether there are more
            rows = list(reader.scan(DECISIONS, period.start, stop, reverse=True, limit=min(left, CHUNK) + 1))
        piece = rows[: min(left, CHUNK)]
        for _, record in piece:
            yield record
        left -= len(piece)
        if len(rows) == len(piece):
            return
        if not left:
            report.cut = True
            return
        stop = piece[-1][0]
        between()


def _patterns(
    store: Store, storage: UsagePatternStorage, report: Report, now: float, between: Between
) -> Iterator[tuple[bytes, UsagePattern]]:
    """Patterns in force, at most ``MAX_PATTERNS`` rows."""
    start = b""
    for _ in range(MAX_PATTERNS // CHUNK):
        with store.read() as reader:
            rows = list(islice(storage.query(reader, Criteria(tool=report.tool), start, now), CHUNK))
        for key, pattern in rows:
            if pattern is not None:
                yield key, pattern
        if len(rows) < CHUNK:
            return
        start = rows[-1][0] + b"\0"  # the least key after it
        between()
    report.patterns_cut = True

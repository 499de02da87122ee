"""Usage metrics: what one event of the journal adds to what was counted.

``count`` is the only thing that changes metrics. It depends on the event and on what was counted before, on nothing
else (no clock, no look at entities), so metrics can be computed anew from the journal and cannot drift. It is used for
what is kept, for what retention takes from the journal, and for verification.
"""

from __future__ import annotations

from typing import Final, Protocol

from ..model.knowledge import (
    Began,
    Completed,
    Neighbours,
    Usage,
    WorkflowEvent,
    WorkflowOutcome,
    WorkflowTotals,
)
from ..store.transaction import WriteTransaction
from .calibration import bin_of
from .tables import TOGETHER, TOTALS, USAGE, together_key, usage_key

#: Names of resources, and ids of others, that are counted for one entity. The rarest makes way; so counts are never
#: too high.
NAMES: Final = 256
#: Workflows that an entity remembers.
RECENT: Final = 32


class Book(Protocol):
    """Where metrics stand. What is got may be changed and must be put then."""

    def usage(self, entity_id: str, scope: str) -> Usage:
        """Of an entity; new where there is none."""
        ...

    def put_usage(self, entity_id: str, scope: str, usage: Usage) -> None:
        """Write it."""
        ...

    def neighbours(self, entity_id: str) -> Neighbours:
        """Of an entity; new where there are none."""
        ...

    def put_neighbours(self, entity_id: str, neighbours: Neighbours) -> None:
        """Write them."""
        ...

    def totals(self) -> WorkflowTotals:
        """Over all workflows."""
        ...

    def put_totals(self, totals: WorkflowTotals) -> None:
        """Write them."""
        ...


class TransactionBook:
    """The book in the store, on one of its sides."""

    def __init__(self, txn: WriteTransaction, side: bytes) -> None:
        self._txn = txn
        self._side = side

    def usage(self, entity_id: str, scope: str) -> Usage:
        """See ``Book``."""
        return self._txn.get(USAGE, usage_key(self._side, entity_id, scope)) or Usage()

    def put_usage(self, entity_id: str, scope: str, usage: Usage) -> None:
        """See ``Book``."""
        self._txn.put(USAGE, usage_key(self._side, entity_id, scope), usage)

    def neighbours(self, entity_id: str) -> Neighbours:
        """See ``Book``."""
        return self._txn.get(TOGETHER, together_key(self._side, entity_id)) or Neighbours()

    def put_neighbours(self, entity_id: str, neighbours: Neighbours) -> None:
        """See ``Book``."""
        self._txn.put(TOGETHER, together_key(self._side, entity_id), neighbours)

    def totals(self) -> WorkflowTotals:
        """See ``Book``."""
        return self._txn.get(TOTALS, self._side) or WorkflowTotals()

    def put_totals(self, totals: WorkflowTotals) -> None:
        """See ``Book``."""
        self._txn.put(TOTALS, self._side, totals)


def count(book: Book, event: WorkflowEvent) -> None:
    """Add one event."""
    if isinstance(event, Began):
        _count_began(book, event)
    else:
        _count_completed(book, event)


def _count_began(book: Book, event: Began) -> None:
    for one in event.recommended:
        for scope in _scopes(event):
            usage = book.usage(one.id, scope)
            if one.weak:
                usage.weakly_matched += 1
            else:
                usage.times_recommended += 1
                usage.last_recommended = max(usage.last_recommended, event.time)
            book.put_usage(one.id, scope, usage)
    totals = book.totals()
    totals.started += 1
    totals.without_match += event.without_match
    book.put_totals(totals)


def _count_completed(book: Book, event: Completed) -> None:
    used = {one.id: one for one in event.used}
    offered = {one.id for one in event.recommended if not one.weak}
    weak = {one.id for one in event.recommended if one.weak}
    for entity_id in dict.fromkeys((*used, *(one.id for one in event.recommended))):
        for scope in _scopes(event):
            usage = book.usage(entity_id, scope)
            if entity_id in offered:
                usage.offered += 1
                usage.accepted += entity_id in used
            elif entity_id in weak:
                usage.weakly_used += entity_id in used
            if entity_id in used:
                _count_used(usage, event, used[entity_id].omissions)
                if not scope:
                    usage.recent = [*usage.recent[-(RECENT - 1) :], event.workflow_id]
            book.put_usage(entity_id, scope, usage)
    _count_together(book, list(used))
    _count_totals(book, event)


def _count_used(usage: Usage, event: Completed, omissions: tuple[str, ...]) -> None:
    usage.times_used += 1
    usage.last_used = max(usage.last_used, event.time)
    usage.succeeded += event.outcome is WorkflowOutcome.SUCCESS
    usage.failed += event.outcome is WorkflowOutcome.FAILURE
    if event.resources:
        usage.resources_known += 1
        add_names(usage.additions, event.additions)
        add_names(usage.omissions, omissions)


def _count_together(book: Book, used: list[str]) -> None:
    if len(used) < 2:
        return
    for entity_id in used:
        neighbours = book.neighbours(entity_id)
        add_names(neighbours.times, tuple(other for other in used if other != entity_id))
        book.put_neighbours(entity_id, neighbours)


def _count_totals(book: Book, event: Completed) -> None:
    totals = book.totals()
    totals.completed += 1
    totals.succeeded += event.outcome is WorkflowOutcome.SUCCESS
    totals.failed += event.outcome is WorkflowOutcome.FAILURE
    totals.abandoned += event.outcome is WorkflowOutcome.ABANDONED
    totals.using += bool(event.used)
    names = {one.id for one in event.used}
    for one in event.recommended:
        place = bin_of(one.relevance)
        totals.shown[place] += 1
        totals.used[place] += one.id in names
    book.put_totals(totals)


def add_names(counts: dict[str, int], names: tuple[str, ...]) -> None:
    """Count names. Beyond ``NAMES`` of them the rarest (of several, the first in order) makes way."""
    for name in names:
        if name not in counts and len(counts) >= NAMES:
            del counts[min(counts, key=lambda known: (counts[known], known))]
        counts[name] = counts.get(name, 0) + 1


def _scopes(event: WorkflowEvent) -> tuple[str, ...]:
    return ("", event.scope) if event.scope_counted else ("",)

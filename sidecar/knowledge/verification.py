"""Do the metrics say what the journal says? All of them are computed anew and compared, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeVar

from ..model.knowledge import Neighbours, Usage, WorkflowTotals
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import Table, after_prefix
from .journal import events
from .metrics import count
from .tables import KEPT, REMOVED, TOGETHER, TOTALS, USAGE, together_key, usage_key

V = TypeVar("V")

MAX_PROBLEMS: Final = 100
#: Events or rows between two pauses.
_PIECE: Final = 256


class Verified(NamedTuple):
    """What was found; ``problems`` is empty where all is well."""

    problems: list[str]
    events: int
    rows: int


class _Recount:
    """A book in memory that begins with what retention took from the journal."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.usages: dict[bytes, Usage] = {}
        self.together: dict[bytes, Neighbours] = {}
        self.total = self._own(TOTALS, b"") or WorkflowTotals()

    def _own(self, table: Table[V], key: bytes) -> V | None:
        """A record that nobody else has: those of the reader are shared, and this one will be changed."""
        raw = self._reader.get_raw(table, REMOVED + key)
        return None if raw is None else table.decode(key, raw)

    def usage(self, entity_id: str, scope: str) -> Usage:
        return self.usage_at(usage_key(b"", entity_id, scope))

    def usage_at(self, key: bytes) -> Usage:
        found = self.usages.get(key)
        return found if found is not None else self._own(USAGE, key) or Usage()

    def put_usage(self, entity_id: str, scope: str, usage: Usage) -> None:
        self.usages[usage_key(b"", entity_id, scope)] = usage

    def neighbours(self, entity_id: str) -> Neighbours:
        return self.neighbours_at(together_key(b"", entity_id))

    def neighbours_at(self, key: bytes) -> Neighbours:
        found = self.together.get(key)
        return found if found is not None else self._own(TOGETHER, key) or Neighbours()

    def put_neighbours(self, entity_id: str, neighbours: Neighbours) -> None:
        self.together[together_key(b"", entity_id)] = neighbours

    def totals(self) -> WorkflowTotals:
        return self.total

    def put_totals(self, totals: WorkflowTotals) -> None:
        self.total = totals


def verify_metrics(store: Store, between: Callable[[], None] = lambda: None) -> Verified:
    """Compute all metrics anew. ``between`` is called after each piece of work, to pause or, raising, to stop.

    Reads one snapshot all along (some seconds for a million events): pages that are freed meanwhile are used again
    only afterwards.
    """
    problems: list[str] = []
    number = rows = 0
    with store.read() as reader:
        book = _Recount(reader)
        for _, event in events(reader):
            count(book, event)
            number += 1
            if number % _PIECE == 0:
                between()
        for problem in _compared(reader, book):
            rows += 1
            if problem and len(problems) < MAX_PROBLEMS:
                problems.append(problem)
            if rows % _PIECE == 0:
                between()
    return Verified(problems, number, rows)


def _compared(reader: Reader, book: _Recount) -> Iterator[str]:
    """A text for each row that is kept, or should be: empty where it is right."""
    end = after_prefix(KEPT)
    seen: set[bytes] = set()
    for key, kept in reader.scan(USAGE, KEPT, end):
        seen.add(key[1:])
        yield "" if kept == book.usage_at(key[1:]) else _differs("usage", key[1:])
    yield from (_differs("usage", key) for key in book.usages.keys() - seen)
    seen = set()
    for key, neighbours in reader.scan(TOGETHER, KEPT, end):
        seen.add(key[1:])
        yield "" if neighbours == book.neighbours_at(key[1:]) else _differs("usage_together", key[1:])
    yield from (_differs("usage_together", key) for key in book.together.keys() - seen)
    kept_totals = reader.get(TOTALS, KEPT) or WorkflowTotals()
    yield "" if kept_totals == book.total else "usage_totals: what is kept is not what the journal says"


def _differs(table: str, key: bytes) -> str:
    name, _, scope = key.decode("utf-8", "replace").partition("\0")
    where = f" in scope {scope}" if scope else ""
    return f"{table}: {name}{where}: what is kept is not what the journal says"

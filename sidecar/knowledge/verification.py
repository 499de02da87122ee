"""Do the metrics say what the journal says? All of them are computed anew and compared, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from ..model.knowledge import Neighbours, Usage, WorkflowTotals
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import Table, after_prefix
from .journal import events
from .metrics import count
from .retention import WorkflowRetention
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

    def __init__(self) -> None:
        #: The view that what was removed is read from; the caller's to renew.
        self.reader: Reader | None = None
        self.usages: dict[bytes, Usage] = {}
        self.together: dict[bytes, Neighbours] = {}
        self._totals: WorkflowTotals | None = None

    def _own(self, table: Table[V], key: bytes) -> V | None:
        """A record that nobody else has: those of the reader are shared, and this one will be changed."""
        if self.reader is None:
            raise RuntimeError("a recount needs a view")
        raw = self.reader.get_raw(table, REMOVED + key)
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
        if self._totals is None:
            self._totals = self._own(TOTALS, b"") or WorkflowTotals()
        return self._totals

    def put_totals(self, totals: WorkflowTotals) -> None:
        self._totals = totals


def verify_metrics(store: Store, retention: WorkflowRetention, between: Callable[[], None] = lambda: None) -> Verified:
    """Compute all metrics anew. ``between`` is called after each piece of work, to pause or, raising, to stop.

    Works in pieces, each in a view of its own: a view of minutes would keep the file from growing. In each piece the
    recount first catches up with the journal as it is in that view, so rows and recount are always of one moment.
    """
    with retention.held(store):
        return _Verification(store, between).run()


class _Verification:
    """One run. ``retention`` is held, so that what was removed stays what it is."""

    def __init__(self, store: Store, between: Callable[[], None]) -> None:
        self._store = store
        self._between = between
        self._book = _Recount()
        self._last = self._events = self._rows = 0
        self._problems: list[str] = []

    def run(self) -> Verified:
        while not self._catch_up_a_little():
            self._between()
        self._compare(USAGE, self._book.usage_at, self._book.usages)
        self._compare(TOGETHER, self._book.neighbours_at, self._book.together)
        with self._store.read() as reader:
            self._catch_up(reader)
            self._rows += 1
            if (reader.get(TOTALS, KEPT) or WorkflowTotals()) != self._book.totals():
                self._note("usage_totals: what is kept is not what the journal says")
        return Verified(self._problems[:MAX_PROBLEMS], self._events, self._rows)

    def _catch_up_a_little(self) -> bool:
        """Count a piece of the journal; whether that was the end of it."""
        with self._store.read() as reader:
            return self._catch_up(reader, _PIECE) < _PIECE

    def _catch_up(self, reader: Reader, limit: int | None = None) -> int:
        self._book.reader = reader
        number = 0
        for sequence, event in events(reader, self._last, limit):
            count(self._book, event)
            self._last = sequence
            number += 1
        self._events += number
        return number

    def _compare(self, table: Table[V], expected: Callable[[bytes], V], counted: dict[bytes, V]) -> None:
        """Compare the rows that are kept, then look for those that should be."""
        start, end = KEPT, after_prefix(KEPT)
        seen: set[bytes] = set()
        while True:
            with self._store.read() as reader:
                self._catch_up(reader)
                rows = list(reader.scan(table, start, end, limit=_PIECE))
                for key, kept in rows:
                    seen.add(key[1:])
                    self._judge(table, key[1:], kept == expected(key[1:]))
            if len(rows) < _PIECE:
                break
            start = rows[-1][0] + b"\0"
            self._between()
        with self._store.read() as reader:
            self._catch_up(reader)
            for key in counted.keys() - seen:
                self._judge(table, key, reader.get(table, KEPT + key) == expected(key))

    def _judge(self, table: Table[V], key: bytes, right: bool) -> None:
        self._rows += 1
        if not right:
            name, _, scope = key.decode("utf-8", "replace").partition("\0")
            where = f" in scope {scope}" if scope else ""
            self._note(f"{table.name}: {name}{where}: what is kept is not what the journal says")

    def _note(self, problem: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(problem)

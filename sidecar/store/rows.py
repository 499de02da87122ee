"""Decoded rows kept in memory, of tables that every decision and every record reads (``Table.cached``).

Two memories, because readers share records that must not change and the writer changes the ones it has.

``SharedRows`` belongs to readers. A row is kept with the commit that it was read at, and the writer notes, before a
commit can be seen, which rows it changes. A row read at commit ``s`` is right for a reader at commit ``r`` where no
commit up to the later of the two changed it after the earlier one: so a hit gives exactly what the reader's own
snapshot holds.

``WorkingRows`` belongs to the writer's thread. Jobs of one commit share the records that they change, and each is
encoded once. What an aborted transaction may have changed is forgotten.

Both are bounded and say nothing that the file does not. A process that reads what another one writes cannot be told of
changes: it must ``forget`` the shared rows whenever it sees a new commit.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from .tables import Table

#: Rows that each memory keeps; then it begins anew.
LIMIT: Final = 8_192

#: A table's name and a key.
Place = tuple[str, bytes]


class Kept(NamedTuple):
    """A row as readers share it: the commit that it was read at, and the record; None where there is no row."""

    sequence: int
    record: Any


class SharedRows:
    """See the module. Thread-safe: any thread may ``keep``, the writer's thread ``note``."""

    __slots__ = ("changed", "floor", "known")

    def __init__(self) -> None:
        self.known: dict[Place, Kept] = {}
        #: The last commit that changed a row, where that is not before ``floor``.
        self.changed: dict[Place, int] = {}
        #: What was read before this commit may have changed unnoted.
        self.floor = 0

    def find(self, place: Place, sequence: int) -> Kept | None:
        """The row as it is for a reader at commit ``sequence``; None where that is not known."""
        kept = self.known.get(place)
        if kept is None:
            return None
        changed = self.changed.get(place, 0)
        # The floor last: it rises before what is below it is forgotten.
        if changed > kept.sequence or changed > sequence or kept.sequence < self.floor or sequence < self.floor:
            return None
        return kept

    def keep(self, place: Place, sequence: int, record: Any) -> None:
        """Remember what a reader at commit ``sequence`` decoded."""
        if len(self.known) >= LIMIT:
            self.known = {}  # replaced, not cleared: other threads read it
        self.known[place] = Kept(sequence, record)

    def note(self, places: set[Place], sequence: int) -> None:
        """Commit ``sequence``, which nobody sees yet, changes these rows."""
        if len(self.changed) + len(places) > LIMIT:
            self.floor = sequence
            self.known, self.changed = {}, {}
            return  # whatever was read before this commit is past use, changed or not
        for place in places:
            self.changed[place] = sequence

    def forget(self) -> None:
        """Begin anew."""
        self.known = {}


class Row:
    """A row that the writer works on. ``record`` is None, and ``stored`` False, where there is none in the file."""

    __slots__ = ("record", "stored", "table")

    def __init__(self, table: Table[Any], record: Any, *, stored: bool) -> None:
        self.table = table
        self.record = record
        self.stored = stored


#: The writer's: rows as the last commit left them, and changed since by the one under way.
WorkingRows = dict[Place, Row]

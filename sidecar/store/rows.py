"""Decoded rows kept in memory, of tables that every decision and every record reads (``Table.cached``).

Two memories, because readers share records that must not change and the writer changes the ones it has.

``SharedRows`` belongs to the readers of a generation. A row is kept with the snapshot (LMDB's transaction number) that
it was read at, and only where that is the newest; before a commit can be seen, the writer ends the rows that it
changes. So a hit gives exactly what the reader's own snapshot holds: the row was read at it or before, and no commit
up to it changed the row since. Of the rows that it ended, the writer hands over the new bytes once the commit can be
seen: they are what it has just encoded, and the next reader need not look for them in the file.

``WorkingRows`` belongs to the writer's thread. Jobs of one commit share the records that they change, and each is
encoded once. What an aborted transaction may have changed is forgotten.

Both are bounded and say nothing that the file does not. A process that reads what another one writes cannot be told of
changes: it must ``forget`` the shared rows whenever it sees a new commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sidecar.native.kept import Kept, Row

#: Rows of one table that each memory keeps; then it begins anew.
LIMIT: Final = 8_192
#: Commits whose snapshots' numbers are remembered.
_SNAPSHOTS: Final = 64
#: No commit has changed it.
_NEVER: Final = 1 << 62

#: A table's name and a key.
Place = tuple[str, bytes]


class SharedRows:
    """See the module. Thread-safe: any thread may ``keep``, the writer's thread ``note``."""

    __slots__ = ("latest", "meta", "snapshots", "tables")

    def __init__(self, names: Iterable[str], latest: int) -> None:
        self.tables: dict[str, dict[bytes, Kept]] = {name: {} for name in names}
        #: Rows of ``meta``, each with the snapshot that it was read at.
        self.meta: dict[bytes, tuple[int, bytes | None]] = {}
        #: The newest snapshot that there is, or is about to be.
        self.latest = latest
        #: The commit's number by the snapshot's, of the last commits.
        self.snapshots: dict[int, int] = {}

    def keep(self, name: str, key: bytes, snapshot: int, record: Any) -> None:
        """Remember what a reader of ``snapshot`` decoded."""
        if self.latest != snapshot:
            return  # it may have changed since
        rows = self.tables[name]
        if len(rows) >= LIMIT:
            rows = self.tables[name] = {}  # replaced, not cleared: other threads read it
        # A commit may be noted between any two lines. Until it is certain that none was before the row could be found
        # and ended, it is right for this snapshot only.
        kept = rows[key] = Kept(record, snapshot, snapshot + 1)
        if self.latest == snapshot:
            kept.until = _NEVER

    def newest(self, name: str, key: bytes) -> Kept | None:
        """The row as a view that is opened now would find it; None where that is not known."""
        rows = self.tables.get(name)  # there are no tables where the store is closed
        kept = rows.get(key) if rows is not None else None
        return kept if kept is not None and kept.until == _NEVER else None

    def note(self, places: Iterable[Place], snapshot: int, commit: int) -> list[Place]:
        """Commit number ``commit``, which nobody sees yet and which makes ``snapshot``, changes these rows.

        Gives those of them that readers had asked for.
        """
        self.latest = snapshot
        asked: list[Place] = []
        for place in places:
            kept = self.tables[place[0]].pop(place[1], None)
            if kept is not None:
                kept.until = snapshot
                asked.append(place)
        while len(self.snapshots) >= _SNAPSHOTS:
            del self.snapshots[next(iter(self.snapshots))]
        self.snapshots[snapshot] = commit
        return asked

    def hand_over(self, rows: Iterable[tuple[Place, bytes]], snapshot: int) -> None:
        """The bytes of rows as the commit that makes ``snapshot``, the last one that was noted, has left them.

        To be called once it can be seen: of a commit that failed nobody may be given anything.
        """
        for (name, key), raw in rows:
            known = self.tables[name]
            if key not in known and len(known) < LIMIT:  # else a reader was here already
                known[key] = Kept(None, snapshot, _NEVER, raw)

    def forget(self) -> None:
        """Begin anew."""
        self.meta = {}
        for name in self.tables:
            self.tables[name] = {}


class WorkingRows:
    """The writer's: rows as the last commit left them, and changed since by the one under way."""

    __slots__ = ("tables",)

    def __init__(self, names: Iterable[str]) -> None:
        self.tables: dict[str, dict[bytes, Row]] = {name: {} for name in names}

    def clear(self) -> None:
        """Begin anew."""
        for rows in self.tables.values():
            rows.clear()

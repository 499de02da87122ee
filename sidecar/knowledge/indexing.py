"""The index that follows the store: built in the background at start, kept up by one thread.

The thread is told which entities changed, reads them from the store as they are, and commits to the index: so the order
in which it is told does not matter. It works in small pieces with pauses, in which decisions have the processor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Final

from ..model.knowledge import Entity, EntityKind, Semantic
from ..store.store import Store
from .matching import Match, TextIndex
from .semantic import hybrid
from .semantic.index import SemanticIndex
from .tables import ENTITIES, entity_key

log = logging.getLogger(__name__)

#: Entities between two pauses (some milliseconds of work), and the pause in seconds.
PIECE: Final = 16
PAUSE: Final = 0.003
#: Entities of the first build after which they can be found although more are to come.
_FIRST: Final = 8_192


class KnowledgeIndex:
    """A ``Matcher`` over all entities that are not deleted. ``start`` once, ``close`` in the end."""

    def __init__(self, store: Store, semantic: SemanticIndex | None = None) -> None:
        self._store = store
        self.semantic = semantic
        """The vectors beside it; None where matching goes by words alone."""
        self._texts = {kind: TextIndex(kind) for kind in EntityKind}
        self._changed = threading.Condition()
        self._waiting: set[bytes] = set()
        self._asked = self._done = 0
        self._complete = self._closed = False
        self._thread = threading.Thread(target=self._run, name="forewarn-knowledge", daemon=True)

    def start(self) -> None:
        """Begin to build."""
        self._thread.start()
        if self.semantic is not None:
            self.semantic.start()

    def close(self) -> None:
        """Stop following."""
        if self.semantic is not None:
            self.semantic.close()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(10.0)

    @property
    def complete(self) -> bool:
        """Whether the first build is done and no change waits."""
        return self._complete and self._done == self._asked

    @property
    def size(self) -> int:
        """Entities that can be found."""
        return sum(text.size for text in self._texts.values())

    def search(self, text: str, kind: EntityKind, limit: int) -> list[Match]:
        """See ``Matcher``."""
        return self.look_up(text, kind, limit)[0]

    def look_up(self, text: str, kind: EntityKind, limit: int) -> tuple[list[Match], Semantic]:
        """As ``search``, and whether meaning had a part in it."""
        if self.semantic is None:
            return self._texts[kind].search(text, limit), Semantic.OFF
        return hybrid.search(self._texts[kind], self.semantic, text, kind, limit)

    def follow(self, entities: Iterable[tuple[EntityKind, str]]) -> int:
        """Entities have changed, and that is committed. A ticket for ``wait``."""
        entities = list(entities)
        if self.semantic is not None:
            self.semantic.follow(entities)
        with self._changed:
            self._waiting.update(entity_key(kind, entity_id) for kind, entity_id in entities)
            self._asked += 1
            self._changed.notify_all()
            return self._asked

    def wait(self, ticket: int = 0, timeout: float = 5.0) -> bool:
        """Wait until a change can be found; without a ticket, until the first build is done.

        False where that takes longer than ``timeout`` seconds, or will not happen.
        """
        with self._changed:
            return (
                self._changed.wait_for(lambda: self._closed or (self._complete and self._done >= ticket), timeout)
                and not self._closed
            )

    def _run(self) -> None:
        try:
            self._build()
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._done < self._asked)
                    if self._closed:
                        return
                    keys, self._waiting, asked = self._waiting, set(), self._asked
                self._update(sorted(keys))
                self._finish(asked)
        except Exception:
            # What was found until now is found still; nothing else depends on this thread.
            log.exception("the index of knowledge is no longer kept up")
            with self._changed:
                self._complete, self._closed = False, True
                self._changed.notify_all()

    def _build(self) -> None:
        start, count = b"", 0
        while not self._closed:
            with self._store.read() as reader:
                rows = list(reader.scan(ENTITIES, start, limit=PIECE))
            for _, entity in rows:
                self._add(entity)
            if len(rows) < PIECE:
                break
            start = rows[-1][0] + b"\0"
            count += PIECE
            if count == _FIRST:
                self._commit()
            time.sleep(PAUSE)
        self._commit()
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    def _update(self, keys: list[bytes]) -> None:
        for first in range(0, len(keys), PIECE):
            with self._store.read() as reader:
                rows = [(key, reader.get(ENTITIES, key)) for key in keys[first : first + PIECE]]
            for key, entity in rows:
                self._texts[EntityKind(key[0])].remove(key[1:].decode("utf-8", "surrogatepass"))
                if entity is not None:
                    self._add(entity)
            if len(rows) == PIECE:
                time.sleep(PAUSE)
        self._commit()

    def _add(self, entity: Entity) -> None:
        if not entity.deleted_time:
            self._texts[entity.kind].add(entity)

    def _commit(self) -> None:
        for text in self._texts.values():
            text.commit()

    def _finish(self, asked: int) -> None:
        with self._changed:
            self._done = asked
            self._changed.notify_all()

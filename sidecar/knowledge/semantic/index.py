"""The vectors that follow the store, and what is nearest to a text.

A thread of its own loads the model, opens the store of vectors, compares it with the entities, and keeps it up. It is
told which entities changed and reads them as they are, so the order in which it is told does not matter. Nobody waits
for it: until it is done, and whenever vectors cannot be had, matching goes by words alone, and says so.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from ...model.knowledge import Entity, EntityKind, Semantic
from ...store.store import Store
from ..tables import ENTITIES, entity_key
from .circuit import Circuit
from .vectors import Embedder, Item, TooSlowError, VectorStore, VectorsUnavailableError, digest_of, embedded_text

if TYPE_CHECKING:
    from .vectors import Vectors

log = logging.getLogger(__name__)

#: Entities between two pauses, and the pause in seconds: decisions have the processor meanwhile.
PIECE: Final = 32
PAUSE: Final = 0.003
_AGAIN: Final = (1.0, 2.0, 5.0, 10.0, 30.0)


class Nearest(msgspec.Struct, frozen=True):
    """Cosines by entity; none unless ``state`` is USED."""

    state: Semantic
    cosines: dict[str, float] = {}


class SemanticIndex:
    """Nearest entities of a text. ``start`` once, ``close`` in the end. Thread-safe.

    ``seconds`` is the time that one search may take; it is spent only while the store of vectors answers.
    """

    def __init__(
        self,
        store: Store,
        load: Callable[[], Embedder],
        open_vectors: Callable[[Embedder], VectorStore],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._load = load
        self._open_vectors = open_vectors
        self._seconds = seconds
        self._circuit = Circuit(clock)
        self._embedder: Embedder | None = None
        self._vectors: VectorStore | None = None
        self._changed = threading.Condition()
        #: Whether what was told is being embedded: it waits no more, and is not kept yet.
        self._busy = False
        self._waiting: set[bytes] = set()
        self._stale = True
        self._built = self._closed = False
        self._thread = threading.Thread(target=self._run, name="forewarn-vectors", daemon=True)
        self._keys: set[tuple[EntityKind, str]] = set()
        self.fallbacks = 0
        """Searches that went by words alone because vectors could not be had."""

    def start(self) -> None:
        """Begin to load and to build."""
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(10.0)

    @property
    def kept(self) -> int:
        """Entities whose vectors are kept."""
        return len(self._keys)

    @property
    def state(self) -> Semantic:
        """Whether a search would use vectors now."""
        if not self._built:
            return Semantic.BUILDING
        return Semantic.USED if self._circuit.closed else Semantic.UNAVAILABLE

    def follow(self, entities: Iterable[tuple[EntityKind, str]]) -> None:
        """Entities have changed, and that is committed."""
        with self._changed:
            self._waiting.update(entity_key(kind, entity_id) for kind, entity_id in entities)
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until all is kept that was told; False where that takes longer. For tests and tools."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._built and not (self._waiting or self._stale or self._busy), timeout
            )

    def nearest(self, text: str, kind: EntityKind, limit: int, also: Collection[str]) -> Nearest:
        """The ``limit`` nearest entities of a kind, and those of ``also``; in ``seconds`` at the latest."""
        embedder, vectors = self._embedder, self._vectors
        if not self._built or embedder is None or vectors is None:
            return Nearest(Semantic.BUILDING)
        if not self._circuit.admits():
            self.fallbacks += 1
            return Nearest(Semantic.UNAVAILABLE)
        try:
            vector: Vectors = embedder.vectors([text])[0]
            found = vectors.nearest(vector, kind, limit, also, self._seconds) if vector.any() else {}
        except VectorsUnavailableError as error:
            if self._circuit.closed:
                log.warning("matching goes by words alone: %s", error)
            self._circuit.failed()
            self.fallbacks += 1
            if not isinstance(error, TooSlowError):
                with self._changed:
                    self._stale = True  # it may have lost some
                    self._changed.notify_all()
            return Nearest(Semantic.UNAVAILABLE)
        self._circuit.worked()
        return Nearest(Semantic.USED, found)

    def _run(self) -> None:
        try:
            self._embedder = self._load()
            failures = 0
            while not self._closed:
                try:
                    self._catch_up(self._embedder)
                    failures = 0
                except VectorsUnavailableError as error:
                    if not failures:
                        log.warning("vectors are not kept up: %s", error)
                    with self._changed:
                        self._stale = True
                        self._changed.wait_for(lambda: self._closed, _AGAIN[min(failures, len(_AGAIN) - 1)])
                    failures += 1
        except Exception:
            # Words still match; nothing else depends on this thread.
            log.exception("matching goes by words alone from now on")
            self._built = False
        finally:
            self._let_go()

    def _catch_up(self, embedder: Embedder) -> None:
        """Wait for something to do, and do it."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._waiting or self._stale)
            if self._closed:
                return
            keys, self._waiting = self._waiting, set()
            self._busy = True
            stale, self._stale = self._stale, False
        try:
            if self._vectors is None:
                self._vectors = self._open_vectors(embedder)
            if stale:
                self._compare(embedder, self._vectors)
            else:
                self._update(embedder, self._vectors, sorted(keys))
        except VectorsUnavailableError:
            with self._changed:
                self._waiting |= keys
            raise

    def _compare(self, embedder: Embedder, vectors: VectorStore) -> None:
        """Keep exactly the entities that there are, and embed only what is new or different."""
        kept = dict(vectors.kept())
        start = b""
        keys: set[tuple[EntityKind, str]] = set()
        while not self._closed:
            with self._store.read() as reader:
                rows = list(reader.scan(ENTITIES, start, limit=PIECE))
            alive = [entity for _, entity in rows if not entity.deleted_time]
            found = {(entity.kind, entity.id) for entity in alive}
            self._put(embedder, vectors, [one for one in alive if not _is_kept(kept, one)])
            keys |= found
            self._keys |= found
            if len(rows) < PIECE:
                break
            start = rows[-1][0] + b"\0"
            time.sleep(PAUSE)
        else:
            return
        gone = list(kept)
        for first in range(0, len(gone), PIECE):
            vectors.remove(gone[first : first + PIECE])
        self._keys = keys
        self._built = True

    def _update(self, embedder: Embedder, vectors: VectorStore, keys: list[bytes]) -> None:
        for first in range(0, len(keys), PIECE):
            with self._store.read() as reader:
                rows = [(key, reader.get(ENTITIES, key)) for key in keys[first : first + PIECE]]
            alive = [entity for _, entity in rows if entity is not None and not entity.deleted_time]
            gone = [_kind_and_id(key) for key, entity in rows if entity is None or entity.deleted_time]
            vectors.remove(gone)
            self._put(embedder, vectors, alive)
            self._keys.difference_update(gone)
            self._keys.update((entity.kind, entity.id) for entity in alive)
            if len(rows) == PIECE:
                time.sleep(PAUSE)

    def _put(self, embedder: Embedder, vectors: VectorStore, entities: list[Entity]) -> None:
        if not entities:
            return
        texts = [embedded_text(entity) for entity in entities]
        rows = embedder.vectors(texts)
        vectors.put(
            [
                Item(entity.kind, entity.id, digest_of(text), row)
                for entity, text, row in zip(entities, texts, rows, strict=True)
            ]
        )

    def _let_go(self) -> None:
        self._built = False
        if self._vectors is None:
            return
        try:
            self._vectors.close()
        except VectorsUnavailableError:
            log.debug("the store of vectors did not close")


def _is_kept(kept: dict[tuple[EntityKind, str], str], entity: Entity) -> bool:
    """Whether the vector of what the entity says now is kept; takes it out of ``kept``."""
    return kept.pop((entity.kind, entity.id), "") == digest_of(embedded_text(entity))


def _kind_and_id(key: bytes) -> tuple[EntityKind, str]:
    return EntityKind(key[0]), key[1:].decode("utf-8", "surrogatepass")

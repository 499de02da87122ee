"""Vectors in Qdrant, through its own client: embedded in a folder, or a server by its URL.

Each question is asked by a thread of our own, so that whoever recommends waits for its share of time and no longer,
whatever the server, the network or the disk do. The embedded form looks at every vector in Python: good for some
thousand entities.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
import uuid
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ...model.knowledge import EntityKind
from .vectors import Item, TooSlowError, VectorsUnavailableError

if TYPE_CHECKING:
    from .vectors import Vectors

log = logging.getLogger(__name__)
T = TypeVar("T")

_SPACE: Final = uuid.UUID("6f1d3a0c-6d0b-4a53-9c1e-0d6c5b7c2f10")
_PAGE: Final = 1_000
#: Seconds that the client itself may take: what bounds a thread that nobody waits for any more.
_CLIENT_SECONDS: Final = 5
_THREADS: Final = 2


def is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("qdrant_client") is not None


class QdrantVectors:
    """See ``vectors.VectorStore``. ``folder`` is the embedded form's; else ``url``, with a key where one is needed."""

    def __init__(self, collection: str, dimensions: int, *, folder: Path | None, url: str = "", key: str = "") -> None:
        self._collection = collection
        self._dimensions = dimensions
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="forewarn-qdrant")
        # The embedded form is plain Python over SQLite: one at a time.
        self._alone: AbstractContextManager[Any] = nullcontext() if folder is None else threading.Lock()
        self._client: Any = self._guarded(lambda: _client(folder, url, key))

    def kept(self) -> Mapping[tuple[EntityKind, str], str]:
        """See ``VectorStore``. Makes the collection where there is none."""
        return self._guarded(self._kept)

    def put(self, items: Sequence[Item]) -> None:
        """See ``VectorStore``."""
        from qdrant_client import models

        points = [
            models.PointStruct(
                id=_point(item.kind, item.id),
                vector=item.vector.tolist(),
                payload={"kind": int(item.kind), "id": item.id, "digest": item.digest},
            )
            for item in items
        ]
        if points:
            self._guarded(lambda: self._client.upsert(self._collection, points, wait=True))

    def remove(self, keys: Collection[tuple[EntityKind, str]]) -> None:
        """See ``VectorStore``."""
        points = [_point(kind, entity_id) for kind, entity_id in keys]
        if points:
            self._guarded(lambda: self._client.delete(self._collection, points, wait=True))

    def nearest(
        self, vector: Vectors, kind: EntityKind, limit: int, also: Collection[str], seconds: float
    ) -> dict[str, float]:
        """See ``VectorStore``."""
        try:
            future = self._pool.submit(self._guarded, lambda: self._nearest(vector, kind, limit, also))
        except RuntimeError:  # closed
            raise VectorsUnavailableError("it was closed") from None
        try:
            return future.result(seconds)
        except TooLateError:
            future.cancel()
            raise TooSlowError(f"no answer in {seconds:g} s") from None

    def close(self) -> None:
        """See ``VectorStore``."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._guarded(self._client.close)

    def _kept(self) -> dict[tuple[EntityKind, str], str]:
        from qdrant_client import models

        if not self._client.collection_exists(self._collection):
            config = models.VectorParams(size=self._dimensions, distance=models.Distance.COSINE)
            self._client.create_collection(self._collection, vectors_config=config)
        kept: dict[tuple[EntityKind, str], str] = {}
        place: Any = None
        while True:
            points, place = self._client.scroll(self._collection, limit=_PAGE, offset=place, with_vectors=False)
            for point in points:
                told = point.payload or {}
                kept[EntityKind(told["kind"]), str(told["id"])] = str(told["digest"])
            if place is None:
                return kept

    def _nearest(self, vector: Vectors, kind: EntityKind, limit: int, also: Collection[str]) -> dict[str, float]:
        from qdrant_client import models

        of_kind = models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchValue(value=int(kind)))])
        query = vector.tolist()
        requests = [models.QueryRequest(query=query, filter=of_kind, limit=limit, with_payload=True)]
        if also:
            points: list[Any] = [_point(kind, entity_id) for entity_id in also]
            named = models.Filter(must=[models.HasIdCondition(has_id=points)])
            requests.append(models.QueryRequest(query=query, filter=named, limit=len(also), with_payload=True))
        answers = self._client.query_batch_points(self._collection, requests)
        return {str(point.payload["id"]): float(point.score) for answer in answers for point in answer.points}

    def _guarded(self, work: Callable[[], T]) -> T:
        """What ``work`` gives; whatever the client raises is that vectors are unavailable."""
        try:
            with self._alone:
                return work()
        except Exception as error:
            # Its text may hold the URL and what the server sent: the kind of error is enough for the log.
            log.debug("qdrant: %s", type(error).__name__)
            raise VectorsUnavailableError(f"qdrant: {type(error).__name__}") from error


def _client(folder: Path | None, url: str, key: str) -> Any:
    from qdrant_client import QdrantClient

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a key goes over HTTP: the settings refuse that where it matters
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return QdrantClient(path=str(folder), force_disable_check_same_thread=True)
        return QdrantClient(url=url, api_key=key or None, timeout=_CLIENT_SECONDS, check_compatibility=False)


def _point(kind: EntityKind, entity_id: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{int(kind)}:{entity_id}"))

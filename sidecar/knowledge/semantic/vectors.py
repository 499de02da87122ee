"""The two interfaces of matching by meaning, and what of an entity is put into a vector."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from ...model.knowledge import Entity, EntityKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


class VectorsUnavailableError(Exception):
    """Nearest vectors cannot be had now: the store of vectors is slow or down, or refuses. The text says why."""


class TooSlowError(VectorsUnavailableError):
    """There was no answer in time."""


class Embedder(Protocol):
    """Vectors of texts. Used by one thread that indexes and by those that search, at the same time."""

    @property
    def name(self) -> str:
        """The model with all that changes its vectors: vectors of another name are not comparable."""
        ...

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        ...

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row for each text, of length 1 (0 for a text without any known word)."""
        ...


class Item(msgspec.Struct, frozen=True):
    """An entity to keep. ``digest`` names the text that its vector was made of."""

    kind: EntityKind
    id: str
    digest: str
    vector: Vectors


class VectorStore(Protocol):
    """Nearest vectors. One thread changes it; any may ask, meanwhile."""

    def kept(self) -> Mapping[tuple[EntityKind, str], str]:
        """The digest of each entity that is kept already, when it is opened. Raises VectorsUnavailableError."""
        ...

    def put(self, items: Sequence[Item]) -> None:
        """Keep entities, in place of what is kept of them. Raises VectorsUnavailableError."""
        ...

    def remove(self, keys: Collection[tuple[EntityKind, str]]) -> None:
        """Forget entities; those that are not kept are no error. Raises VectorsUnavailableError."""
        ...

    def nearest(
        self, vector: Vectors, kind: EntityKind, limit: int, also: Collection[str], seconds: float
    ) -> dict[str, float]:
        """The cosine of the ``limit`` nearest entities of a kind, and of those of ``also`` that are kept.

        Raises VectorsUnavailableError, after ``seconds`` at the latest.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def embedded_text(entity: Entity) -> str:
    """What a model sees of an entity. Resources and rationale made it no better: see decision 0030."""
    return f"{entity.description}. {', '.join(entity.triggers)}"


def digest_of(text: str) -> str:
    """Names a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

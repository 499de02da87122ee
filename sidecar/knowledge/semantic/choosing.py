"""Which model and which store of vectors, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ...model.errors import InvalidArgumentError
from ...store.store import Store
from . import qdrant_store, word_llama
from .in_memory import MemoryVectors
from .index import SemanticIndex
from .vectors import Embedder, VectorStore

_KEY_CHARS: Final = 4_096
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
#: Seconds that a search in memory may take: it takes two milliseconds, and is not watched.
_UNWATCHED: Final = 1.0


class Choice(msgspec.Struct, frozen=True):
    """The settings of matching by meaning. ``qdrant_url`` empty: embedded, in ``folder``."""

    embeddings: str
    vectors: str
    folder: Path
    qdrant_url: str
    qdrant_key_file: Path | None
    qdrant_collection: str
    qdrant_seconds: float


def semantic_index(store: Store, choice: Choice) -> SemanticIndex | None:
    """The index; None where there are no embeddings. InvalidArgumentError where a setting cannot be used.

    Nothing heavy is imported and nobody is called here: the index's own thread does that.
    """
    if choice.embeddings == "off":
        return None
    if not word_llama.is_installed():
        raise InvalidArgumentError("embeddings", "wordllama needs its package: install forewarn[embeddings]")
    seconds = choice.qdrant_seconds if choice.vectors == "qdrant" else _UNWATCHED
    return SemanticIndex(store, word_llama.WordLlamaEmbedder, _opener(choice), seconds)


def _opener(choice: Choice) -> Callable[[Embedder], VectorStore]:
    if choice.vectors == "memory":
        return lambda model: MemoryVectors(model.dimensions)
    if not qdrant_store.is_installed():
        raise InvalidArgumentError("vectors", "qdrant needs the package “qdrant-client”: install forewarn[qdrant]")
    key = _key(choice.qdrant_key_file)
    url = choice.qdrant_url
    if url:
        _check(url, key)
    folder = None if url else choice.folder

    def connect(model: Embedder) -> VectorStore:
        # A name for each model: another model's vectors are never compared with this one's.
        collection = f"{choice.qdrant_collection}-{model.name}"
        return qdrant_store.QdrantVectors(collection, model.dimensions, folder=folder, url=url, key=key)

    return connect


def _check(url: str, key: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise InvalidArgumentError("qdrant_url", str(error)) from None
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.password:
        raise InvalidArgumentError("qdrant_url", "must be http://HOST[:PORT] or https://…, without user or password")
    if key and parts.scheme == "http" and host not in _LOCAL:
        raise InvalidArgumentError("qdrant_url", "must be https where there is a key: it would go over the wire plain")


def _key(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise InvalidArgumentError("qdrant_key_file", f"cannot be read ({type(error).__name__})") from None
    if not key or len(key) > _KEY_CHARS or any(letter.isspace() for letter in key):
        raise InvalidArgumentError("qdrant_key_file", "must hold one key and nothing else")
    return key

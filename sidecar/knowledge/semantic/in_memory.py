"""Vectors in memory: exact search while they are few, and beyond that exact over the best by sign bits.

100,000 vectors of 256 floats are 100 MB, which a core reads in 10 ms. Their signs are 3 MB: the 768 vectors whose
signs differ least from the text's (Hamming distance, 64 dimensions a word) are looked at exactly. Rows are appended and
never written again, so a search needs no lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ...model.knowledge import EntityKind
from .vectors import Item

if TYPE_CHECKING:
    from .vectors import Vectors

#: Vectors that are all looked at exactly; above, so many by their signs.
EXACT: Final = 4_096
CANDIDATES: Final = 768
_FIRST: Final = 1_024
_CHUNK: Final = 16_384


class _Rows:
    """The vectors of one kind. ``size`` rows are valid; one that is no entity's any more is ``gone`` and has no id."""

    def __init__(self, capacity: int, dimensions: int) -> None:
        import numpy as np

        self.vectors = np.zeros((capacity, dimensions), np.float32)
        self.signs = np.zeros((dimensions // 64, capacity), np.uint64)
        self.gone = np.zeros(capacity, np.bool_)
        self.ids: list[str] = []
        self.place: dict[str, int] = {}
        self.size = 0

    def append(self, entity_id: str, vector: Vectors) -> None:
        """Add a row, in place of the entity's old one."""
        row = self.size
        self.vectors[row] = vector
        self.signs[:, row] = _signs(vector)
        self.ids.append(entity_id)
        self.remove(entity_id)
        self.place[entity_id] = row
        self.size = row + 1  # last: from here on it is found

    def remove(self, entity_id: str) -> None:
        """Take an entity out, if it is there."""
        row = self.place.pop(entity_id, None)
        if row is not None:
            self.gone[row] = True
            self.ids[row] = ""

    def grown(self, more: int) -> _Rows:
        """Itself where ``more`` rows fit, else a larger copy of what is still an entity's."""
        import numpy as np

        if self.size + more <= len(self.vectors):
            return self
        rows = sorted(self.place.values())
        made = _Rows(max(_FIRST, 2 * (len(rows) + more)), self.vectors.shape[1])
        made.size = len(rows)
        kept = np.array(rows, np.intp)
        made.vectors[: made.size] = self.vectors[kept]
        made.signs[:, : made.size] = self.signs[:, kept]
        made.ids = [self.ids[row] for row in rows]
        made.place = {entity_id: row for row, entity_id in enumerate(made.ids)}
        return made


class MemoryVectors:
    """See ``vectors.VectorStore``. Never unavailable."""

    def __init__(self, dimensions: int) -> None:
        if dimensions % 64:
            raise ValueError("signs are kept in words of 64")
        self._rows = {kind: _Rows(_FIRST, dimensions) for kind in EntityKind}

    def kept(self) -> Mapping[tuple[EntityKind, str], str]:
        """See ``VectorStore``: nothing is kept over a restart."""
        return {}

    def put(self, items: Sequence[Item]) -> None:
        """See ``VectorStore``."""
        for kind in EntityKind:
            mine = [item for item in items if item.kind is kind]
            rows = self._rows[kind].grown(len(mine))
            for item in mine:
                rows.append(item.id, item.vector)
            self._rows[kind] = rows

    def remove(self, keys: Collection[tuple[EntityKind, str]]) -> None:
        """See ``VectorStore``."""
        for kind, entity_id in keys:
            self._rows[kind].remove(entity_id)

    def nearest(
        self, vector: Vectors, kind: EntityKind, limit: int, also: Collection[str], _: float = 0.0
    ) -> dict[str, float]:
        """See ``VectorStore``."""
        import numpy as np

        rows = self._rows[kind]
        size = rows.size
        if not size:
            return {}
        wanted = [row for entity_id in also if (row := rows.place.get(entity_id)) is not None]
        if size <= EXACT:
            near = np.flatnonzero(~rows.gone[:size])
        else:
            near = _by_signs(rows.signs[:, :size], rows.gone[:size], _signs(vector))
        scores = rows.vectors[near] @ vector
        if len(near) > limit:
            best = np.argpartition(scores, -limit)[-limit:]
            near, scores = near[best], scores[best]
        found = {rows.ids[row]: float(score) for row, score in zip(near.tolist(), scores.tolist(), strict=True)}
        if wanted:
            also_scores = rows.vectors[wanted] @ vector
            found |= {rows.ids[row]: float(score) for row, score in zip(wanted, also_scores.tolist(), strict=True)}
        found.pop("", None)
        return found

    def close(self) -> None:
        """See ``VectorStore``."""


def _signs(vector: Vectors) -> Any:
    import numpy as np

    return np.packbits(vector > 0).view(np.uint64)


def _by_signs(signs: Any, gone: Any, wanted: Any) -> Any:
    """Rows whose signs differ in the fewest places: ``CANDIDATES``, and as many again that are as near as the last."""
    import numpy as np

    size = signs.shape[1]
    apart = np.zeros(size, np.uint16)
    differ, places = np.empty(_CHUNK, np.uint64), np.empty(_CHUNK, np.uint8)
    for start in range(0, size, _CHUNK):  # pieces that stay in the core's cache
        part = apart[start : start + _CHUNK]
        for word, mine in zip(signs, wanted, strict=True):
            np.bitwise_xor(word[start : start + _CHUNK], mine, out=differ[: len(part)])
            np.bitwise_count(differ[: len(part)], out=places[: len(part)])
            part += places[: len(part)]
    apart[gone] = 64 * len(signs) + 1
    at_most = int(np.searchsorted(np.cumsum(np.bincount(apart)), CANDIDATES))
    return np.concatenate([np.flatnonzero(apart < at_most), np.flatnonzero(apart == at_most)])[: 2 * CANDIDATES]

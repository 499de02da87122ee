"""WordLlama: a static model of 256 numbers a word that ships in its package (16 MB), so nothing is downloaded.

A text is the mean of its words' vectors: 0.1 ms, no network, no threads. It knows which words are used alike, not their
order. Importing and loading take about two seconds, and are done by a thread of their own.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .vectors import Vectors

DIMENSIONS: Final = 256
#: A text's beginning that counts: about as many words as the model was made for.
_CHARS: Final = 2_000


def is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("wordllama") is not None


class WordLlamaEmbedder:
    """See ``vectors.Embedder``. Making one imports and loads the model."""

    def __init__(self) -> None:
        # One search is too small to share, and idle BLAS threads spin. Read when NumPy is imported.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        root = logging.getLogger()
        before = list(root.handlers), root.level
        import wordllama

        root.handlers[:], _ = before  # it calls logging.basicConfig
        root.setLevel(before[1])
        # Its own look-up misses the files in its package and would download them.
        folder = Path(wordllama.__file__).parent
        self._model: Any = wordllama.WordLlama.load(cache_dir=folder, disable_download=True, dim=DIMENSIONS)

    @property
    def name(self) -> str:
        """See ``Embedder``. The number counts changes of what is embedded."""
        return "wordllama-256-1"

    @property
    def dimensions(self) -> int:
        """See ``Embedder``."""
        return DIMENSIONS

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        import numpy as np

        made: Vectors = np.asarray(self._model.embed([text[:_CHARS] for text in texts]), dtype=np.float32)
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        unit: Vectors = (made / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        return unit

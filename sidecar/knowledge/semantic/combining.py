"""Words and meaning joined: the probability that an entity is what a text wants.

A logistic regression of two numbers: BM25's relevance, and the cosine of the vectors. Fitted on half of the intents in
tests/knowledge/intents.yaml over the starter set, checked on the other half; see docs/decisions/0030-embeddings.md.
"""

from __future__ import annotations

import math
from typing import Final

BIAS: Final = -5.955
LEXICAL: Final = 5.985
SEMANTIC: Final = 14.698


def joined(lexical: float, semantic: float) -> float:
    """The probability, for a relevance by words in [0, 1] and a cosine in [-1, 1]. Rises with both."""
    return 1.0 / (1.0 + math.exp(-(BIAS + LEXICAL * lexical + SEMANTIC * max(0.0, semantic))))

"""The tables of this room. Each is written by jobs of the store's one writer.

=======================  =====================================  ================================================
table                    key                                    value
=======================  =====================================  ================================================
``suggestions``          16-byte id, rises with time            ``Suggestion``
``suggestions_open``     16-byte id                             nothing: the pending ones
``suggestion_topics``    kind (1 byte), hash16(topic)           ``Remembered``
``suggestion_history``   u64 sequence                           ``HistoryEntry``
``suggestion_totals``    kind (1 byte)                          ``KindTotals``
``suggestion_days``      ``today``                              ``Spent``
=======================  =====================================  ================================================
"""

from __future__ import annotations

from typing import Final

from ..model.suggestion import HistoryEntry, KindTotals, Remembered, Spent, Suggestion, SuggestionKind
from ..store.codec import RAW, struct_codec
from ..store.tables import Table, hash16

SUGGESTIONS: Final = Table("suggestions", struct_codec(Suggestion))
OPEN: Final = Table("suggestions_open", RAW)
TOPICS: Final = Table("suggestion_topics", struct_codec(Remembered))
HISTORY: Final = Table("suggestion_history", struct_codec(HistoryEntry))
TOTALS: Final = Table("suggestion_totals", struct_codec(KindTotals))
DAYS: Final = Table("suggestion_days", struct_codec(Spent))

ALL: Final = (SUGGESTIONS, OPEN, TOPICS, HISTORY, TOTALS, DAYS)

TODAY: Final = b"today"


def topic_key(kind: SuggestionKind, topic: str) -> bytes:
    """The key of a topic."""
    return bytes((kind,)) + hash16(topic)


def totals_key(kind: SuggestionKind) -> bytes:
    """The key of a kind's totals."""
    return bytes((kind,))

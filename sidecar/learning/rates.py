"""How often calls fail that have something in common: their kind, how they end, what went before, a word.

The key in RATES is the tool's subject key and what they share: 8 bytes of a kind (``capture/fingerprint.py``) or of an
ending, 9 of a turn, 4 of a word (``wording.py``).
"""

from __future__ import annotations

import msgspec

from ..model.counted import Counted


class KindRate(msgspec.Struct, array_like=True):
    """The record of calls of one tool that share something. Append fields only, with a default."""

    tool: str
    rate: Counted = msgspec.field(default_factory=Counted)
    #: The record per context value (by its hash), least recently used first: of a word, of ``named``; else of ``rate``.
    scopes: dict[bytes, Counted] = {}
    #: Of a word that an error has named: how calls with it went since; failing for something else does not count.
    named: Counted | None = None

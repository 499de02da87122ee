"""The tables whose records are learning's own; see ``sidecar/store/tables.py`` for all of them."""

from __future__ import annotations

from typing import Final

from ..store.codec import struct_codec
from ..store.tables import Table
from .names_row import Names
from .rates import KindRate
from .session import Session
from .spread import Spread
from .tool_model import Model

SESSIONS: Final = Table("sessions", struct_codec(Session), cached=True)
MODELS: Final = Table("models", struct_codec(Model), cached=True)
RATES: Final = Table("rates", struct_codec(KindRate), cached=True)
#: One row, under OVERALL; apart from the model, as decisions read that and not this.
SPREADS: Final = Table("spreads", struct_codec(Spread), cached=True)
NAMES: Final = Table("names", struct_codec(Names), cached=True)

#: The key in MODELS of the model of all tools; a tool's own stands under its 8-byte subject key.
OVERALL: Final = b"overall"

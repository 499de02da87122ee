"""The tables whose records are the guard's own; see ``sidecar/store/tables.py`` for all of them."""

from __future__ import annotations

from typing import Final

from ..model.journal import Appeal
from ..store.codec import struct_codec
from ..store.tables import Table

#: By decision id and the hash of who appealed: one appeal a caller.
APPEALS: Final = Table("appeals", struct_codec(Appeal))

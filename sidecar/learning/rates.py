"""How often calls of one kind fail: calls of a tool that start alike (see ``capture/fingerprint.py``)."""

from __future__ import annotations

import msgspec

from ..model.counted import Counted


class KindRate(msgspec.Struct, array_like=True):
    """The record of one kind of call of one tool. Append fields only, with a default."""

    tool: str
    rate: Counted = msgspec.field(default_factory=Counted)

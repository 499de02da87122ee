"""The record of ``known_names``: what is known to exist for one tool in one scope."""

from __future__ import annotations

import msgspec


class Names(msgspec.Struct, array_like=True):
    """``words`` are the newest last; ``values`` counts, per argument, values (as JSON) of calls that worked."""

    tool: str
    words: list[str] = []
    values: dict[str, dict[str, int]] = {}
    time: float = 0.0

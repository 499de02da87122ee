"""The record of ``known_names``: what is known to exist for one tool in one scope."""

from __future__ import annotations

import msgspec


class Names(msgspec.Struct, array_like=True):
    """``words`` are the newest last, each between line breaks: one text is read and written faster than a hundred.

    ``values`` counts, per argument, values (as JSON) of calls that worked.
    """

    tool: str
    words: str = "\n"
    values: dict[str, dict[str, int]] = {}
    time: float = 0.0

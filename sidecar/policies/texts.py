"""Messages of rules with fields in braces: ``{call.arguments.table} is production``. ``{{`` is a brace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from .facts import Values

_PLACE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
#: Characters of one value in a message, and how many values of a list.
_CHARS: Final = 80
_VALUES: Final = 3


def places(message: str) -> Iterator[str]:
    """The fields that a message names."""
    return (found[1] for found in _PLACE.finditer(message) if found[1] is not None)


def filled(message: str, values: Callable[[str], Values]) -> str:
    """The message with values in place of fields. They come from the call: redact the text before it is kept."""
    if "{" not in message and "}" not in message:
        return message
    return "".join([text if path is None else text + _shown(values(path)) for text, path in _parts(message)])


@lru_cache(maxsize=4_096)
def _parts(message: str) -> tuple[tuple[str, str | None], ...]:
    """The message as texts, each with the field that comes after it."""
    parts: list[tuple[str, str | None]] = []
    at = 0
    for found in _PLACE.finditer(message):
        before = message[at : found.start()]
        parts.append((before + found[0][0], None) if found[1] is None else (before, found[1]))
        at = found.end()
    return (*parts, (message[at:], None))


def _shown(values: Values) -> str:
    if not values:
        return "(none)"
    if len(values) == 1 and isinstance(values[0], str) and len(values[0]) <= _CHARS:
        return values[0]
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values[:_VALUES]]
    more = f" and {len(values) - _VALUES} more" if len(values) > _VALUES else ""
    return ", ".join(text if len(text) <= _CHARS else text[: _CHARS - 1] + "…" for text in texts) + more

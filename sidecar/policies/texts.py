"""Messages of rules with fields in braces: ``{call.arguments.table} is production``. ``{{`` is a brace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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
    return _PLACE.sub(lambda found: found[0][0] if found[1] is None else _shown(values(found[1])), message)


def _shown(values: Values) -> str:
    if not values:
        return "(none)"
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values[:_VALUES]]
    more = f" and {len(values) - _VALUES} more" if len(values) > _VALUES else ""
    return ", ".join(text if len(text) <= _CHARS else text[: _CHARS - 1] + "…" for text in texts) + more

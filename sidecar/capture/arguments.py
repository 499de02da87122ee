r"""The text of a call's arguments as a value: one JSON object (RFC 8259), within limits.

Promises: the value can be encoded again, walked recursively and compared; whatever the text, the only error is
:class:`InvalidArgumentError` for ``call.arguments_json``. The usual text costs one C decode and two counts.

Three spellings that JSON allows are settled here. Of a duplicate key the last value counts. A lone surrogate, written
as ``\ud800`` or standing in the text, becomes U+FFFD, because UTF-8 cannot hold it. An empty text means ``{}``.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ..model.call import JSON
from ..model.errors import InvalidArgumentError

#: Limits of ``call.arguments_json``: bytes of UTF-8, objects and arrays inside each other, keys over all objects.
MAX_BYTES: Final = 1_048_576
MAX_DEPTH: Final = 64
MAX_KEYS: Final = 10_000

FIELD: Final = "call.arguments_json"

_decode: Final = msgspec.json.Decoder().decode

# A JSON escape: a surrogate pair, a single UTF-16 unit, or anything else. Consuming every escape keeps "\\ud800" (an
# escaped backslash before plain letters) apart from a real one.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def parse(arguments_json: str) -> dict[str, JSON]:
    """The arguments as a dict.

    Raises :class:`InvalidArgumentError` when the text is not one JSON object, holds NaN or Infinity or a number that
    no double can hold (1e400, more than 4,300 digits), or exceeds ``MAX_BYTES``, ``MAX_DEPTH`` or ``MAX_KEYS``.
    """
    if not arguments_json or arguments_json.isspace():
        return {}
    if len(arguments_json) > MAX_BYTES // 4:
        _check_size(arguments_json)
    try:
        value = _decode(arguments_json)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        value = _decode_repaired(arguments_json)
    except RecursionError:
        raise InvalidArgumentError(FIELD, f"nested more than {MAX_DEPTH} deep", limit=str(MAX_DEPTH)) from None
    if type(value) is not dict:
        raise InvalidArgumentError(FIELD, "must be a JSON object")
    # Brackets bound the depth and colons the keys: only a text that could break a limit is walked.
    if arguments_json.count("{") + arguments_json.count("[") > MAX_DEPTH or arguments_json.count(":") > MAX_KEYS:
        _check_limits(value)
    return value


def well_formed(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced by U+FFFD, so that UTF-8 can hold it."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _check_size(text: str) -> None:
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise InvalidArgumentError(FIELD, f"longer than {MAX_BYTES} bytes", limit=str(MAX_BYTES))


def _decode_repaired(text: str) -> JSON:
    """Decode once more with lone surrogates replaced; what fails now is really wrong."""
    repaired = _ESCAPE.sub(lambda match: "\ufffd" if match[1] else match[0], well_formed(text))
    try:
        value: JSON = _decode(repaired)
    except RecursionError:
        raise InvalidArgumentError(FIELD, f"nested more than {MAX_DEPTH} deep", limit=str(MAX_DEPTH)) from None
    except msgspec.MsgspecError as error:
        # The decoder's words name an offset or a JSON path, never a value.
        raise InvalidArgumentError(FIELD, f"not a JSON object within limits: {error}") from None
    return value


def _check_limits(root: dict[str, JSON]) -> None:
    level: list[JSON] = [root]
    depth = keys = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise InvalidArgumentError(FIELD, f"nested more than {MAX_DEPTH} deep", limit=str(MAX_DEPTH))
        inner: list[JSON] = []
        for value in level:
            if isinstance(value, dict):
                keys += len(value)
                inner.extend(child for child in value.values() if isinstance(child, dict | list))
            elif isinstance(value, list):
                inner.extend(child for child in value if isinstance(child, dict | list))
        if keys > MAX_KEYS:
            raise InvalidArgumentError(FIELD, f"more than {MAX_KEYS} keys", limit=str(MAX_KEYS))
        level = inner

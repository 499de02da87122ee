"""Reading in pages: bounded work per request, and a token that says where to go on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from ..model.errors import InvalidArgumentError
from ..store.tables import MAX_KEY_BYTES

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_SIZE: Final = 50
#: Rows that a page examines before it stops short of its size.
EXAMINED: Final = 20_000


def position_of(token: str) -> bytes:
    """The key at which a page starts; empty for the first page. Raises InvalidArgumentError."""
    try:
        key = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error, UnicodeEncodeError):
        key = None
    if key is None or len(key) > MAX_KEY_BYTES:
        raise InvalidArgumentError("page_token", "is not a token that a page gave")
    return key


def token_of(key: bytes) -> str:
    """The token of a page that starts at ``key``."""
    return base64.urlsafe_b64encode(key).decode("ascii")


def page(
    rows: Iterator[tuple[bytes, T]], size: int, keep: Callable[[bytes, T], R | None], *, reverse: bool = False
) -> tuple[list[R], str]:
    """The kept of the first rows, at most ``size`` (0: 50), and the token of the next page, empty at the end.

    Rows come in the order of their keys. Going up, a token names the next key; going down, the last key that was seen,
    which a scan leaves out as its stop.
    """
    size = size or DEFAULT_SIZE
    found: list[R] = []
    previous = b""
    for count, (key, row) in enumerate(rows):
        if len(found) >= size or count >= EXAMINED:
            return found, token_of(previous if reverse else key)
        previous = key
        kept = keep(key, row)
        if kept is not None:
            found.append(kept)
    return found, ""

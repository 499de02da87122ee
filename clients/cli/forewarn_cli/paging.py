"""Reads lists page by page until there are enough entries or no more."""

from __future__ import annotations

from typing import Any

from forewarn_cli.connection import Door

PAGE = 1000
"""The largest page that the daemon gives."""


def read(door: Door, method: str, request: Any, field: str, limit: int) -> Any:
    """One response with up to `limit` entries in its repeated `field`, and the token to go on with.

    A page may be short, even empty, before the end: only an empty token ends the list.
    """
    whole: Any = None
    missing = limit
    while True:
        request.page_size = min(missing, PAGE)
        page = door(method, request)
        if whole is None:
            whole = page
        else:
            getattr(whole, field).extend(getattr(page, field))
            whole.next_page_token = page.next_page_token
        missing = limit - len(getattr(whole, field))
        if not whole.next_page_token or missing <= 0:
            return whole
        request.page_token = whole.next_page_token

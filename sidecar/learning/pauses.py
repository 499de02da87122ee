"""The pause that a tool or its server asked for (Retry-After), as far as it is not over."""

from __future__ import annotations

from .view import View


def wait_of(view: View) -> float:
    """Seconds that the tool or its server asked to be left alone for, from now; 0 when neither did."""
    tool = view.tool_pattern
    until = tool.retry_until if tool is not None else 0.0
    server = view.server_pattern() if view.server else None
    if server is not None and server.retry_until > until:
        until = server.retry_until
    return until - view.now if until > view.now else 0.0

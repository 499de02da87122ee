"""The pause that a tool or its server asked for (Retry-After), as far as it is not over."""

from __future__ import annotations

from .view import View


def wait_of(view: View) -> float:
    """Seconds that the tool or its server asked to be left alone for, from now; 0 when neither did."""
    until = max(
        (pattern.retry_until for pattern in (view.tool_pattern, view.server_pattern()) if pattern is not None),
        default=0.0,
    )
    return max(0.0, until - view.now)

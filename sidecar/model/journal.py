"""What is kept beside calls and decisions: events of note, and appeals."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, array_like=True):
    """Something that an administrator may want to know. ``time`` is when it was recorded (seconds)."""

    time: float
    kind: str
    tool: str
    pattern_id: bytes
    summary: str


class Appeal(msgspec.Struct, array_like=True):
    """Somebody said that a prevention was wrong. Texts are redacted."""

    decision_id: bytes
    tool: str
    reason: str
    caller: str
    time: float
    pattern_ids: tuple[bytes, ...]

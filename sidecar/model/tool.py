"""What is known of a tool, and what is counted."""

from __future__ import annotations

import msgspec

from .trial import Standing
from .vocabulary import Mode


class ToolDescriptor(msgspec.Struct, frozen=True, array_like=True):
    """What a runtime says about a tool. ``input_schema_json`` is a JSON Schema, empty where there is none."""

    tool: str
    description: str = ""
    input_schema_json: str = ""
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    server: str = ""
    version: str = ""
    alternatives: tuple[str, ...] = ()
    volatile_arguments: tuple[str, ...] = ()


class Counts(msgspec.Struct, array_like=True):
    """Calls by category and decisions, since the store was made. Fields are only ever appended, with a default."""

    success: int = 0
    failure: int = 0
    retry: int = 0
    timeout: int = 0
    prevented: int = 0
    unknown: int = 0
    cancelled: int = 0
    decisions: int = 0
    would_prevent: int = 0
    would_prevent_right: int = 0
    would_prevent_wrong: int = 0
    #: Of those that would prevent: let through by lot, and by the blast cap.
    held_out: int = 0
    capped: int = 0


class Recent(msgspec.Struct, array_like=True):
    """Decisions about a tool's calls and those that learning really prevented, fading by event time (``time``).

    ``told`` is when it was last told that there were too many.
    """

    decided: float = 0.0
    prevented: float = 0.0
    time: float = 0.0
    told: float = 0.0


class Tool(msgspec.Struct, array_like=True):
    """A tool as it is known. Fields are only ever appended, with a default.

    ``epoch`` counts resets: it is part of every key of evidence about the tool's arguments, so that a reset is one
    write and what was learned before is left for eviction. ``latencies`` holds the last durations of successful
    calls in seconds, at most 64; ``cost_sum`` / ``cost_calls`` give the mean cost.
    """

    descriptor: ToolDescriptor
    registered: bool = False
    mode: Mode = Mode.INHERIT
    counts: Counts = msgspec.field(default_factory=Counts)
    epoch: int = 0
    seen_version: str = ""
    latencies: list[float] = []
    cost_sum: float = 0.0
    cost_calls: int = 0
    first_time: float = 0.0
    last_time: float = 0.0
    #: Usage patterns and kinds of calls kept of it.
    patterns: int = 0
    kinds: int = 0
    #: What sessions used right after it failed, see ``sidecar/learning/successions.py``.
    successors: dict[str, list[int]] = {}
    #: Rows of known names kept of it, see ``sidecar/learning/known_names.py``.
    name_rows: int = 0
    recent: Recent = msgspec.field(default_factory=Recent)
    standing: Standing = msgspec.field(default_factory=Standing)
    #: When ``seen_version`` was last told, which was told before it, and when that was. See ``learning/versions.py``.
    version_time: float = 0.0
    other_version: str = ""
    other_time: float = 0.0
    #: Calls of sessions, of whatever tool, right after a failure of this one.
    after_failures: int = 0
    #: After which tools it came when those had worked, and how often.
    preceded: dict[str, int] = {}

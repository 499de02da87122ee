"""A call before it is made, and an observation of it afterwards."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from .vocabulary import Cause, Outcome

#: A JSON value as ``msgspec.json.decode`` gives it.
JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


class Call(msgspec.Struct, frozen=True):
    """One attempt to use a tool, as a runtime announces it. Raw: nothing of it may be kept.

    ``time`` is seconds since the epoch (event time). ``arguments_json`` is the text as it came, ``arguments`` its
    value. Empty strings mean "not said".
    """

    tool: str
    arguments: dict[str, JSON]
    arguments_json: str
    context: dict[str, str]
    session_id: str
    caller: str
    call_id: str
    server: str
    tool_version: str
    time: float
    attempt: int = 0
    caller_roles: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """How a call went, as a runtime reports it. Raw: nothing of it may be kept.

    ``duration`` and ``retry_after`` are seconds, or None where unknown. ``cost`` is in the runtime's own unit.
    """

    outcome: Outcome
    error: str = ""
    error_code: str = ""
    duration: float | None = None
    cost: float = 0.0
    result_excerpt: str = ""
    retry_after: float | None = None


class Features(msgspec.Struct, frozen=True):
    """What capture keeps of a call: nothing here holds a secret.

    ``fingerprint`` (16 bytes) is equal for calls with equal tool and arguments; ``shape`` (8 bytes) for calls with
    equal argument names and types; ``kind`` (8 bytes) for calls that start alike (argument names and the first word
    of the longest text argument). ``preview`` is the arguments as JSON, redacted, at most 2 KiB. ``redacted`` says
    whether anything had to be hidden.
    """

    fingerprint: bytes
    shape: bytes
    kind: bytes
    preview: str
    context: dict[str, str]
    redacted: bool = False


class Classification(msgspec.Struct, frozen=True, array_like=True):
    """How an outcome was understood. Confidences are in [0, 1]; see ``sidecar/capture/classifier.py``."""

    category: Outcome
    category_confidence: float
    cause: Cause
    cause_confidence: float
    transient: bool
    template: str
    template_id: bytes


class Observation(msgspec.Struct, array_like=True):
    """A call with its outcome, redacted and reduced to what may be kept: one row of the journal.

    Fields are only ever appended, with a default. Times are seconds since the epoch; ``duration`` is seconds, -1
    where unknown.
    """

    sequence: int
    call_id: str
    tool: str
    server: str
    session_id: str
    caller: str
    fingerprint: bytes
    shape: bytes
    kind: bytes
    preview: str
    context: dict[str, str]
    classification: Classification
    error: str
    duration: float
    cost: float
    time: float
    recorded_time: float
    decision_id: str
    attempt: int
    had_result: bool
    retry_after: float = -1.0
    tool_version: str = ""
    caller_roles: tuple[str, ...] = ()

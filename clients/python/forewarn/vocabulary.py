"""The closed sets of words: verdicts, outcomes, causes, modes, levels, states.

They are strings (``Verdict.PREVENT == "prevent"``). The order of the members is that of the numbers in
``proto/forewarn/v1/model.proto``, from 0; a test holds the two together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class _Word(StrEnum):
    @classmethod
    def from_number(cls, number: int) -> Self:
        """The word of a protobuf number; a number that a newer daemon sends and we do not know is UNSPECIFIED."""
        words = list(cls)
        return words[number] if 0 <= number < len(words) else words[0]

    @property
    def number(self) -> int:
        """The word's number in protobuf."""
        return list(type(self)).index(self)


class Outcome(_Word):
    """How a call ended; also the category under which a record is kept."""

    UNSPECIFIED = "unspecified"
    SUCCESS = "success"
    FAILURE = "failure"
    RETRY = "retry"
    """Succeeded, but only after a failed attempt. The daemon finds these: report SUCCESS."""
    TIMEOUT = "timeout"
    PREVENTED = "prevented"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Cause(_Word):
    """Why a call failed."""

    UNSPECIFIED = "unspecified"
    INVALID_ARGUMENT = "invalid_argument"
    NOT_FOUND = "not_found"
    PERMISSION = "permission"
    PRECONDITION = "precondition"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    INTERNAL = "internal"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    UNIMPLEMENTED = "unimplemented"
    OTHER = "other"


class Verdict(_Word):
    """What a decision says about a call."""

    UNSPECIFIED = "unspecified"
    ALLOW = "allow"
    WARN = "warn"
    PREVENT = "prevent"
    REQUIRE_APPROVAL = "require_approval"
    REWRITE = "rewrite"


class Mode(_Word):
    """How far the daemon's decisions reach."""

    UNSPECIFIED = "unspecified"
    OFF = "off"
    SHADOW = "shadow"
    WARN = "warn"
    ENFORCE = "enforce"


class Level(_Word):
    """What a usage pattern speaks of."""

    UNSPECIFIED = "unspecified"
    CALL = "call"
    ERROR = "error"
    TOOL = "tool"
    SERVER = "server"
    GROUND = "ground"


class State(_Word):
    """Where a usage pattern stands."""

    UNSPECIFIED = "unspecified"
    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    SUSPENDED = "suspended"


class ApprovalState(_Word):
    """Where the approval of a call stands."""

    UNSPECIFIED = "unspecified"
    PENDING = "pending"
    """A person is waited for."""
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    """Nobody agreed in time, or it was not used in time."""
    USED = "used"
    """The call was made as often as was agreed."""

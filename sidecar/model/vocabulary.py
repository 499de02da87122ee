"""The closed sets of words: outcomes, causes, verdicts, modes, levels, states.

The numbers are those of ``proto/forewarn/v1/model.proto`` (a test holds them together), so that translation at the
edge is ``Enum(value)`` and what is stored never changes its meaning.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Outcome(IntEnum):
    """How a call ended; also the category of a recorded call."""

    SUCCESS = 1
    FAILURE = 2
    RETRY = 3
    TIMEOUT = 4
    PREVENTED = 5
    UNKNOWN = 6
    CANCELLED = 7


class Cause(IntEnum):
    """Why a call failed. ``NONE`` for calls that did not."""

    NONE = 0
    INVALID_ARGUMENT = 1
    NOT_FOUND = 2
    PERMISSION = 3
    PRECONDITION = 4
    CONFLICT = 5
    RATE_LIMITED = 6
    UNAVAILABLE = 7
    TIMEOUT = 8
    INTERNAL = 9
    RESOURCE_EXHAUSTED = 10
    UNIMPLEMENTED = 11
    OTHER = 12


class Verdict(IntEnum):
    """What a decision says about a call."""

    ALLOW = 1
    WARN = 2
    PREVENT = 3
    REQUIRE_APPROVAL = 4
    REWRITE = 5


class Mode(IntEnum):
    """How far decisions reach. ``INHERIT`` only where a tool follows the mode for all."""

    INHERIT = 0
    OFF = 1
    SHADOW = 2
    WARN = 3
    ENFORCE = 4


class Level(IntEnum):
    """What a usage pattern speaks of."""

    CALL = 1
    ERROR = 2
    TOOL = 3
    SERVER = 4
    GROUND = 5


class State(IntEnum):
    """Where a usage pattern stands."""

    CANDIDATE = 1
    CONFIRMED = 2
    REFUTED = 3
    SUSPENDED = 4


#: Outcomes that are evidence that calls like this work, and that they do not. The rest are no evidence.
WORKED: Final = frozenset({Outcome.SUCCESS, Outcome.RETRY})
FAILED: Final = frozenset({Outcome.FAILURE, Outcome.TIMEOUT})

#: Causes that pass by themselves. They attach to the tool or its server, never to the arguments.
TRANSIENT: Final = frozenset({Cause.RATE_LIMITED, Cause.UNAVAILABLE, Cause.TIMEOUT})

#: Causes that say nothing about the arguments when they come from a server as a whole.
SERVER_WIDE: Final = frozenset({Cause.UNAVAILABLE, Cause.TIMEOUT})

"""What is kept of rollouts. Each table is written by jobs of the store's one writer.

====================  ==========================================  ================================================
table                 key                                         value
====================  ==========================================  ================================================
``rollouts``          16-byte id, rises with time                 ``Rollout``: what its events add up to
``rollout_events``    id, u64 sequence                            ``RolloutEvent``: the append-only journal
``rollout_units``     id, hash16(session)                         ``Unit``: a session that takes part
``rollout_due``       u64 microseconds, id, hash16(session)       nothing: when a session's outcome is counted
``rollout_leavings``  "u" or "e", id                              nothing: units or events that are to be removed
====================  ==========================================  ================================================

Records only ever get further fields, with a default. Times are seconds since the epoch; 0: never.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from ..model.knowledge import EntityKind
from ..store.codec import RAW, struct_codec
from ..store.tables import Table, hash16, u64
from .comparing import Comparison


class RolloutState(IntEnum):
    """Where a rollout stands. Numbers as in ``rollout.proto``. Sessions keep their sides until it is ``STOPPED``."""

    RUNNING = 1
    TREATMENT_BETTER = 2
    CONTROL_BETTER = 3
    NO_DECISION = 4
    STOPPED = 5


class EventKind(IntEnum):
    """What happened: it was started, a unit's outcome was counted, it was stopped."""

    STARTED = 1
    COUNTED = 2
    STOPPED = 3


class RolloutEvent(msgspec.Struct, array_like=True, frozen=True):
    """One event. ``outcome``, 0 to 1, ``calls``, ``failed`` and ``used`` are of a unit; ``ending`` is of a stop."""

    time: float
    kind: EventKind
    treated: bool = False
    outcome: float = 0.0
    calls: int = 0
    failed: int = 0
    used: bool = False
    actor: str = ""
    reason: str = ""
    ending: str = ""


class Side(msgspec.Struct, array_like=True):
    """Of one arm, beside the test: tool calls, those that failed, workflows that used the pattern."""

    calls: int = 0
    failed: int = 0
    used: int = 0


class Rollout(msgspec.Struct, array_like=True):
    """A rollout: what it is about (``subject`` is a pattern's id or a policy's name) and what came of it.

    ``share`` is the probability of treatment. ``window`` is how long (seconds) a session is watched after a policy
    first spoke in it. ``ending`` of a stopped one is ``promoted``, ``withdrawn``, or ``changed`` (somebody changed the
    policy).
    """

    rollout_id: bytes
    kind: EntityKind
    subject: str
    share: float
    max_units: int
    window: float
    policy_revision: int = 0
    state: RolloutState = RolloutState.RUNNING
    started_time: float = 0.0
    started_by: str = ""
    reason: str = ""
    comparison: Comparison = msgspec.field(default_factory=Comparison)
    treatment: Side = msgspec.field(default_factory=Side)
    control: Side = msgspec.field(default_factory=Side)
    decided_time: float = 0.0
    stopped_time: float = 0.0
    stopped_by: str = ""
    stop_reason: str = ""
    ending: str = ""
    events: int = 0


class Unit(msgspec.Struct, array_like=True):
    """A session in a rollout. ``due`` is when its outcome is counted, in microseconds; 0 once it was."""

    treated: bool
    due: int = 0
    calls: int = 0
    failed: int = 0


ROLLOUTS: Final = Table("rollouts", struct_codec(Rollout))
EVENTS: Final = Table("rollout_events", struct_codec(RolloutEvent))
UNITS: Final = Table("rollout_units", struct_codec(Unit))
DUE: Final = Table("rollout_due", RAW)
LEAVINGS: Final = Table("rollout_leavings", RAW)
ALL: Final = (ROLLOUTS, EVENTS, UNITS, DUE, LEAVINGS)

OF_UNITS: Final = b"u"
OF_EVENTS: Final = b"e"


def event_key(rollout_id: bytes, sequence: int) -> bytes:
    """The key of an event."""
    return rollout_id + u64(sequence)


def unit_key(rollout_id: bytes, lot: str) -> bytes:
    """The key of a session in a rollout."""
    return rollout_id + hash16(lot)


def due_key(due: int, unit: bytes) -> bytes:
    """The key of when the outcome of the unit with this key is counted."""
    return u64(due) + unit

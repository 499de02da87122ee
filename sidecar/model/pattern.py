"""Something learned: "calls of this tool that look like this, in this scope, end with this cause".

A usage pattern is its evidence: there is no second record beside it, so what an administrator sees is what decides.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

import msgspec

from .counted import Counted
from .trial import Trial
from .vocabulary import Cause, Level, State

#: Bytes of a pattern's id: 8 of the tool (or server), 1 of the level, 11 of what it covers.
PATTERN_ID_BYTES: Final = 20
MAX_SCOPES: Final = 16
MAX_CALL_IDS: Final = 3
MAX_FIXES: Final = 3
MAX_EDITS: Final = 6
MAX_FAILING: Final = 2
EVERYWHERE: Final = "*"


class Fix(msgspec.Struct, array_like=True):
    """A call that succeeded where another had failed before it in the same session, and how often that was so.

    ``failed`` counts sessions that made it after such a failure, in vain. ``session`` is the beginning of the
    key of the session in which it worked first (as far as is known), ``several`` whether it worked in others too.
    """

    tool: str
    preview: str
    fingerprint: bytes
    worked: int
    time: float
    failed: int = 0
    session: bytes = b""
    several: bool = False

    def seen_in(self, session: bytes) -> None:
        """Note that it worked in a session (the beginning of its key)."""
        self.session, self.several = _seen(self.session, session, several=self.several)


class Edit(msgspec.Struct, array_like=True):
    """One change to the arguments of a call, see ``sidecar/learning/edits.py``, and how calls went that were made so.

    ``argument`` is a path to one value, ``before`` and ``after`` are texts (at kinds ``set`` and ``add`` JSON).
    ``session`` and ``several`` are as in ``Fix``.
    """

    kind: str
    argument: str
    before: str
    after: str
    worked: int = 0
    failed: int = 0
    time: float = 0.0
    session: bytes = b""
    several: bool = False

    def seen_in(self, session: bytes) -> None:
        """Note that it worked in a session (the beginning of its key)."""
        self.session, self.several = _seen(self.session, session, several=self.several)


class UsagePattern(msgspec.Struct, array_like=True):
    """What was learned of the calls that it covers. Fields are only ever appended, with a default.

    ``covers`` is what makes the id: a fingerprint, a template's id, a tool's or a server's name; at level ground it is
    the detector's code. ``rate`` is the decayed record of all calls it covers (at level ground: of those that were to
    be prevented on it and were made), ``failures`` and ``successes`` the plain counts, ``ratio`` the sequential
    test's. ``scopes`` holds the record per context value (by the value's 8-byte hash), at most ``MAX_SCOPES``, least
    recently used first. ``plain`` and ``changed`` are kept at level error: how repeats after such an error went, with
    nothing and with something done in between; ``failures`` there fade too. ``fixes`` names what worked instead.

    While it prevents, ``probe_due`` is the event time from which one call may be let through to see whether it still
    fails, and ``backoff`` how often that was in vain. ``prevented`` counts decisions that prevented because of it (or
    would have), ``right`` and ``wrong`` what became of those whose call was made all the same.
    """

    level: Level
    tool: str
    server: str
    covers: bytes
    description: str
    state: State = State.CANDIDATE
    cause: Cause = Cause.NONE
    transient: bool = False
    template: str = ""
    last_error: str = ""
    rate: Counted = msgspec.field(default_factory=Counted)
    failures: int = 0
    successes: int = 0
    ratio: float = 0.0
    scopes: dict[bytes, Counted] = {}
    call_ids: list[str] = []
    first_time: float = 0.0
    last_time: float = 0.0
    last_failed: bool = False
    backoff: int = 0
    probe_due: float = 0.0
    prevented: int = 0
    right: int = 0
    wrong: int = 0
    appeals: int = 0
    suspended_reason: str = ""
    plain: Counted = msgspec.field(default_factory=Counted)
    changed: Counted = msgspec.field(default_factory=Counted)
    fixes: list[Fix] = []
    scope: str = EVERYWHERE
    retry_until: float = 0.0
    #: The tool's epoch in which it was learned: patterns of earlier epochs are history, see ``Tool.epoch``.
    epoch: int = 0
    #: At level error: how the session's next call of the same kind, with other arguments, went after such an error.
    kin: Counted = msgspec.field(default_factory=Counted)
    #: At level error: what was changed in calls that ended so and then worked; at most ``MAX_EDITS``.
    edits: list[Edit] = []
    #: At level error: after which pause the same call again worked, see ``sidecar/learning/repeats.py``.
    delays: dict[int, list[float]] = {}
    #: What became of calls that were to be prevented because of it, weighted by propensity.
    trial: Trial = msgspec.field(default_factory=Trial)
    #: Nobody suspended it: its own record did.
    automatic: bool = False
    #: At level server: the tools, at most ``MAX_FAILING``, that failed since anything on it answered.
    failing: list[str] = []

    @property
    def suspended(self) -> bool:
        """An administrator set it aside, or its own record did (``automatic``)."""
        return self.state is State.SUSPENDED


def _seen(known: bytes, session: bytes, *, several: bool) -> tuple[bytes, bool]:
    if not known or not session:
        return known or session, several
    return known, several or known != session


def covered_call(fingerprint: bytes) -> bytes:
    """What a pattern of one call covers: the fingerprint's first 8 bytes, which is what sessions remember."""
    return fingerprint[:8]


def covered_ground(code: str, mark: bytes) -> bytes:
    """What a pattern at level ground covers: a detector, and what ``mark`` tells apart within it."""
    return code.encode() + b"\0" + mark


def is_ground(key: bytes) -> bool:
    """Whether an id is that of a pattern at level ground."""
    return key[_LEVEL_AT : _LEVEL_AT + 1] == _LEVELS[Level.GROUND]


@lru_cache(maxsize=4_096)
def subject_key(name: str) -> bytes:
    """The first 8 bytes of the ids of all patterns of a tool; of a server with ``"server:" + name``."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()


@lru_cache(maxsize=4_096)
def pattern_id(subject: bytes, level: Level, covered: bytes) -> bytes:
    """The id of the pattern that speaks of ``covered`` (a fingerprint, a template's id, …) at ``level``."""
    return subject + _LEVELS[level] + (hashlib.blake2b(covered, digest_size=11).digest() if covered else _NOTHING)


#: Each level as its byte, and what covers nothing in particular: the tool, or the server.
_LEVELS: Final = tuple([bytes((number,)) for number in range(max(Level) + 1)])
_LEVEL_AT: Final = 8
_NOTHING: Final = hashlib.blake2b(b"", digest_size=11).digest()

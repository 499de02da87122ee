"""The tables of the store: what is kept, under which key, as which record.

========================  =====================================================  =======================
table                     key                                                    value
========================  =====================================================  =======================
``meta``                  text, see ``meta keys``                                bytes
``calls``                 u64 sequence of arrival                                Observation
``call_ids``              hash16(call id)                                        u64: key in ``calls``
``decisions``             16-byte id, ordered by time                            DecisionRecord
``decision_calls``        hash16(call id)                                        16-byte id in ``decisions``: the last
                                                                                 decision about that call
``tools``                 name, UTF-8, 1–256 bytes                               Tool
``patterns``              20-byte pattern id                                     UsagePattern
``sessions``              hash16(session id)                                     the learning room's record
``session_ages``          u64 µs of last use + key in ``sessions``               empty
``models``                8-byte subject key of a tool; ``overall``              the learning room's record
``rates``                 8-byte subject key + what calls share                  the learning room's record
``names``                 8-byte subject key + 8-byte scope                      the learning room's record
``leases``                20-byte ground, see ``model/lease.py``                 Lease
``appeals``               the guard room's                                       the guard room's record
``events``                u64 number                                             the learning room's record
(five more)               see ``sidecar/guard/policy/records.py``                the guard room's records
========================  =====================================================  =======================

Meta keys: ``schema_version``, ``sequence`` (last number given by ``next_sequence``), ``commit_sequence`` (u64 each),
``removed`` (what retention took away), ``removed/<tool>`` (the same by tool), ``tools_turned_away`` (see
``sidecar/learning/totals.py``), ``superseded_by`` (see ``backup.py``).

A call or decision without a call id has no index row. Rooms declare the tables whose records are theirs with
``Table(name, struct_codec(Record))``; all tables named here exist in every store whether declared or not, and further
names are given to ``Environment.open``. Keys are 1–511 bytes. Ids that callers choose are hashed, so that they may
have any length; a collision of 128-bit hashes is not provided for.
"""

from __future__ import annotations

import hashlib
from typing import Final, Generic, TypeVar

from sidecar.model.call import Observation
from sidecar.model.decision import DecisionRecord
from sidecar.model.errors import InvalidArgumentError
from sidecar.model.lease import Lease
from sidecar.model.pattern import UsagePattern
from sidecar.model.tool import Tool

from .codec import RAW, U64, Codec, raise_corrupt, struct_codec

V = TypeVar("V")

MAX_TOOL_NAME_BYTES: Final = 256
MAX_KEY_BYTES: Final = 511
#: Names of tables of which decoded rows are kept in memory.
CACHED: Final[set[str]] = set()

#: Every table of schema version 1. Names are part of the file format.
NAMES: Final = (
    "meta", "calls", "call_ids", "decisions", "decision_calls", "tools", "patterns", "sessions", "session_ages",
    "models", "rates", "leases", "appeals", "events", "names",
)  # fmt: skip


class Table(Generic[V]):
    """A name and the record kept under it. Declaring costs nothing; it may be done at import and more than once.

    ``cached``: decoded rows stay in memory, see ``rows.py``. Readers are given the same record again and again, so they
    must not change it; a job of the writer must put every record that it changes.
    """

    __slots__ = ("_decode", "cached", "encode", "name", "record")

    def __init__(self, name: str, codec: Codec[V], *, cached: bool = False) -> None:
        self.name = name
        self.cached = cached
        if cached:
            CACHED.add(name)
        self.record = codec.kind
        self.encode = codec.encode
        self._decode = codec.decode

    def decode(self, key: bytes, raw: bytes) -> V:
        """The record, or CorruptStoreError naming table and key."""
        try:
            return self._decode(raw)
        except ValueError as error:
            raise_corrupt(self.name, key, error)

    def __repr__(self) -> str:
        return f"Table({self.name!r}, {self.record})"


META: Final = Table("meta", RAW)
CALLS: Final = Table("calls", struct_codec(Observation))
CALL_IDS: Final = Table("call_ids", U64)
DECISIONS: Final = Table("decisions", struct_codec(DecisionRecord))
DECISION_CALLS: Final = Table("decision_calls", RAW)
LEASES: Final = Table("leases", struct_codec(Lease))
TOOLS: Final = Table("tools", struct_codec(Tool), cached=True)
PATTERNS: Final = Table("patterns", struct_codec(UsagePattern), cached=True)
SESSION_AGES: Final = Table("session_ages", RAW)
#: For those who only move or delete the records of other rooms (retention, verification).
SESSION_KEYS: Final = Table("sessions", RAW)


def u64(number: int) -> bytes:
    """A number in [0, 2**64) as a key that sorts by it. OverflowError outside."""
    return number.to_bytes(8, "big")


def hash16(text: str) -> bytes:
    """The key of an id that a caller chose: 16 bytes of blake2b."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def tool_key(name: str) -> bytes:
    """The key of a tool. InvalidArgumentError where the name is empty or longer than 256 bytes."""
    key = name.encode("utf-8", "surrogatepass")
    if not 1 <= len(key) <= MAX_TOOL_NAME_BYTES:
        raise InvalidArgumentError("tool", f"a name has 1 to {MAX_TOOL_NAME_BYTES} bytes, not {len(key)}")
    return key


def age_key(microseconds: int, session: bytes) -> bytes:
    """The key in ``session_ages`` of a session (its 16-byte key) last used at a time (µs since the epoch, ≥ 0)."""
    return u64(microseconds) + session


def after_prefix(prefix: bytes) -> bytes | None:
    """The least key above all that begin with ``prefix``; None for no prefix or where there is no such key."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes((trimmed[-1] + 1,)) if trimmed else None

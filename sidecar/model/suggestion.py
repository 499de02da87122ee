"""Suggestions: drafted changes of what is known, with what speaks for them. Fields are only ever appended."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from .knowledge import Content, EntityKind


class SuggestionKind(IntEnum):
    """What is suggested. Numbers as in ``suggestion.proto``."""

    CREATE_PATTERN = 1
    UPDATE_PATTERN = 2
    CREATE_POLICY = 3
    DEPRECATE_PATTERN = 4

    @property
    def of(self) -> EntityKind:
        """The kind of entity that it is about."""
        return EntityKind.POLICY if self is SuggestionKind.CREATE_POLICY else EntityKind.PATTERN


class SuggestionState(IntEnum):
    """Where a suggestion stands. Numbers as in ``suggestion.proto``."""

    PENDING = 1
    APPROVED = 2
    MODIFIED = 3
    REJECTED = 4
    DISMISSED = 5
    EXPIRED = 6
    SUPERSEDED = 7
    REVERTED = 8


#: States in which somebody took the suggestion, and in which somebody decided at all.
TAKEN: Final = frozenset({SuggestionState.APPROVED, SuggestionState.MODIFIED})
DECIDED: Final = TAKEN | {SuggestionState.REJECTED, SuggestionState.DISMISSED}


class Ground(IntEnum):
    """Which observation a suggestion stands on. Numbers as in ``suggestion.proto``."""

    ADDITIONS = 1
    TOGETHER = 2
    WEAK_MATCHES = 3
    LOW_USE = 4
    CONFIGURATION = 5
    FAILING_CALLS = 6


class Drafting(IntEnum):
    """Who wrote the draft. Numbers as in ``suggestion.proto``.

    ``WAITING``: plain statistics did, and a model is being asked for better words. ``FAILED``: it was asked, and what
    statistics wrote stays.
    """

    STATISTICS = 1
    WAITING = 2
    MODEL = 3
    FAILED = 4


class Evidence(msgspec.Struct, array_like=True, frozen=True):
    """What speaks for a suggestion: ``cases`` of ``out_of`` recent ones.

    ``low`` and ``high`` are the 95 % interval of the share. ``p_value`` is corrected for the number of tests; 1 where
    nothing was tested. ``lift`` is 1 where two things have nothing to do with each other, 0 where it was not measured.
    ``strength`` is the probability, by these cases alone, that what is claimed holds in general.
    """

    cases: int
    out_of: int
    low: float
    high: float
    strength: float
    lift: float = 0.0
    leverage: float = 0.0
    p_value: float = 1.0
    sessions: int = 0
    #: The latest cases, newest first; at most 32.
    workflow_ids: tuple[bytes, ...] = ()
    call_ids: tuple[str, ...] = ()
    #: Usage patterns (hexadecimal) and entities that it is about.
    usage_pattern_ids: tuple[str, ...] = ()
    entity_ids: tuple[str, ...] = ()
    #: Intents of some cases, as they are kept.
    intents: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The share of cases, 0 to 1."""
        return self.cases / self.out_of if self.out_of else 0.0


class Finding(msgspec.Struct, frozen=True):
    """Something that was observed and that a change would answer, before anybody was asked.

    ``topic`` names what it is about, the same whenever it is found again. ``elements`` are the single changes, which
    people can refuse one by one: "+Redis", "-Ingress"; "*" where there is but one. ``terms`` are words of the intents
    behind it: two findings of weak matches are the same where these are alike.
    """

    kind: SuggestionKind
    ground: Ground
    topic: str
    elements: tuple[str, ...]
    evidence: Evidence
    reason: str
    draft: Content
    target_id: str = ""
    base_revision: int = 0
    terms: tuple[str, ...] = ()


class Suggestion(msgspec.Struct, array_like=True):
    """A suggestion in the inbox. Times are seconds since the epoch; 0: never. Texts are redacted.

    ``confidence`` is the probability that somebody takes it, from ``evidence`` and past decisions alone. ``applied_id``
    and ``applied_revision`` name what approving it made, ``before_revision`` what was there before.
    """

    suggestion_id: bytes
    kind: SuggestionKind
    ground: Ground
    topic: str
    elements: tuple[str, ...]
    state: SuggestionState
    evidence: Evidence
    confidence: float
    reason: str
    draft: Content
    target_id: str
    base_revision: int
    terms: tuple[str, ...]
    created_time: float
    updated_time: float
    revision: int = 1
    decided_time: float = 0.0
    decided_by: str = ""
    decision_reason: str = ""
    drafting: Drafting = Drafting.STATISTICS
    drafted_by: str = ""
    drafting_detail: str = ""
    attempts: int = 0
    next_attempt: float = 0.0
    applied_id: str = ""
    applied_revision: int = 0
    before_revision: int = 0
    superseded_by: bytes = b""
    #: The policy of the policy book that approving it applied, and its revision there.
    applied_policy: str = ""
    applied_policy_revision: int = 0


class Remembered(msgspec.Struct, array_like=True):
    """What became of a topic: its latest suggestion, and until when (seconds) which elements must not come back."""

    suggestion_id: bytes
    open: bool
    terms: tuple[str, ...] = ()
    refused: dict[str, float] = msgspec.field(default_factory=dict)


class HistoryEntry(msgspec.Struct, array_like=True, frozen=True):
    """That a suggestion came into a state. ``actor`` is empty where the daemon did it."""

    time: float
    suggestion_id: bytes
    kind: SuggestionKind
    state: SuggestionState
    confidence: float
    actor: str = ""
    reason: str = ""


class KindTotals(msgspec.Struct, array_like=True):
    """What became of suggestions of one kind.

    ``expected`` and ``taken`` are decayed sums as of ``counted_time`` (seconds); see ``confidence.py``.
    """

    generated: int = 0
    merged: int = 0
    approved: int = 0
    modified: int = 0
    rejected: int = 0
    dismissed: int = 0
    expired: int = 0
    superseded: int = 0
    reverted: int = 0
    expected: float = 0.0
    taken: float = 0.0
    counted_time: float = 0.0


class Spent(msgspec.Struct, array_like=True):
    """What a day (days since the epoch, UTC) has cost: suggestions made, requests to a model, tokens."""

    day: int = 0
    created: int = 0
    requests: int = 0
    tokens: int = 0

"""One call as detectors see it: every record that is read for it is loaded once, and saved once when it was changed.

Before a call a view reads from a snapshot of the store; after it, from the write transaction, so that what is learned
is computed from the same records that it changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeVar

import msgspec

from ..model.call import Classification
from ..model.pattern import UsagePattern, covered_call, pattern_id, subject_key
from ..model.vocabulary import TRANSIENT, Cause, Level
from ..native.seen import Places, Seen
from ..store.tables import PATTERNS, Table, hash16
from .names_row import Names
from .rates import KindRate
from .scopes import scopes_of
from .spread import Spread, first_spread
from .steps import steps_of
from .tables import MODELS, NAMES, OVERALL, RATES, SESSIONS, SPREADS
from .tool_model import Model, new_model
from .wording import Wordings, visible

V = TypeVar("V")


class Source(Protocol):
    """Where records come from: ``store.Reader`` or ``store.WriteTransaction``."""

    def get(self, table: Table[V], key: bytes) -> V | None:
        """The record, or None."""


#: Seconds that a tool may ask to be left alone. More is no pause but a mistake, such as a time instead of a duration:
#: nothing is learned of it, since a tool that is believed in it would be lost.
LONGEST_PAUSE: Final = 86_400.0


class Outcome(msgspec.Struct, frozen=True):
    """How a call went, as far as detectors learn from it. Only calls that succeeded or failed are learned from.

    ``retry_after`` is at most ``LONGEST_PAUSE`` seconds, -1 where the tool asked for no pause. ``late`` is an
    outcome from so long before the newest of its tool that it says nothing of how things are now, see ``clock.BEHIND``.
    """

    failed: bool
    classification: Classification
    error: str
    silent: bool
    call_id: str
    now: float
    retry_after: float = -1.0
    cost: float = 0.0
    late: bool = False

    @property
    def transient(self) -> bool:
        """Whether the failure passes by itself."""
        return self.classification.transient

    @property
    def cause(self) -> Cause:
        """Why it failed."""
        return self.classification.cause


class View(Seen):
    """See the module. ``server`` is the call's or the registered one; ``epoch`` keeps evidence before a reset apart.

    What every judgement reads is read when it is made, by the kernel.
    """

    __slots__ = ()

    def what_it_does(self) -> dict[bytes, str]:
        """The marks of what the call does, with their words (``steps.py``), found once."""
        if self.steps is None:
            self.steps = steps_of(visible(self.call, self.features))
        return self.steps

    def id_of(self, level: Level, covers: bytes) -> bytes:
        """The id of the pattern of this tool at ``level`` that covers ``covers``, in the tool's current epoch."""
        known = self._patterns.get((level, covers))
        return known[0] if known is not None else self._id(level, covers)

    def _id(self, level: Level, covers: bytes) -> bytes:
        if level is Level.TOOL:
            return self.tool_id
        if level is Level.SERVER:
            return pattern_id(subject_key("server:" + self.server), level, b"")
        return pattern_id(self.subject, level, covers + self.epoch.to_bytes(4, "big") if self.epoch else covers)

    def pattern(self, level: Level, covers: bytes) -> UsagePattern | None:
        """A pattern, loaded once."""
        known = self._patterns.get((level, covers))
        if known is None:
            key = self._id(level, covers)
            found = self.tool_pattern if level is Level.TOOL else self._source.get(PATTERNS, key)
            known = self._patterns[level, covers] = key, found
        return known[1]

    def names_of(self, scope: bytes) -> Names | None:
        """What is known to exist for the tool in a scope, see ``known_names.py``. Not kept: few ask."""
        return self._source.get(NAMES, self.subject + scope)

    def learned_rate(self, shared: bytes) -> KindRate:
        """Such a record that is about to change: loaded, or made."""
        found = self.rate_of(shared)
        if found is None:
            found = self._rates[shared] = KindRate(self.call.tool)
            self.created_rates = (*self.created_rates, self.subject + shared)
        if self._changed_rates is None:
            self._changed_rates = set()
        self._changed_rates.add(shared)
        return found

    def changed_rates(self) -> list[tuple[bytes, KindRate]]:
        """The records of this sort that changed, with their keys."""
        rates, subject = self._rates, self.subject
        return [
            (subject + shared, rate)
            for shared in sorted(self._changed_rates or ())
            if (rate := rates[shared]) is not None
        ]

    def forget(self) -> None:
        """Let go of the patterns that were read: the tool has just started a new epoch."""
        self._patterns.clear()
        self._known_call = None
        self.tool_pattern = self._source.get(PATTERNS, self.tool_id)

    def own_model(self) -> Model:
        """The tool's model, made when there is none; for learning."""
        if self.model is None:
            self.model = new_model([0.0] * len(self.overall.values))
        return self.model

    def learned_spread(self, size: int) -> Spread:
        """The covariance of the first ``size`` weights of all tools, made when there is none; for learning."""
        if self.spread is None:
            self.spread = self._source.get(SPREADS, OVERALL) or first_spread(self.overall.squares[:size])
        return self.spread

    def was_transient(self, seen: int) -> bool:
        """Whether the session's call at ``seen`` failed for a cause that passes by itself."""
        return self.session is not None and self.session.cause(seen) in TRANSIENT

    @property
    def repeats_transient(self) -> bool:
        """Whether this very call last failed in the session, for a cause that passes by itself."""
        session, seen = self.session, self.seen
        return session is not None and seen >= 0 and session.failed(seen) and session.cause(seen) in TRANSIENT

    def known_call(self) -> UsagePattern | None:
        """The pattern of this very call, if it ever failed."""
        known = self._known_call
        if known is None:
            # As ``pattern``, in one go: each judgement asks, most calls never failed.
            covers = covered_call(self.features.fingerprint)
            found = self._patterns.get((Level.CALL, covers))
            if found is None:
                key = pattern_id(
                    self.subject, Level.CALL, covers + self.epoch.to_bytes(4, "big") if self.epoch else covers
                )
                found = self._patterns[Level.CALL, covers] = key, self._source.get(PATTERNS, key)
            known = self._known_call = (found[1],)
        return known[0]

    def server_pattern(self) -> UsagePattern | None:
        """The pattern of the call's server, if it is known."""
        return self.pattern(Level.SERVER, b"") if self.server else None

    def last_error(self) -> UsagePattern | None:
        """The pattern of the error that this very call last ended with in this session."""
        if self.session is None or self.seen < 0 or not self.session.failed(self.seen):
            return None
        return self.pattern(Level.ERROR, self.session.template(self.seen))

    def by_id(self, key: bytes) -> UsagePattern | None:
        """A pattern that was read for this call, by its id."""
        for known, pattern in self._patterns.values():
            if known == key:
                return pattern
        return self.tool_pattern if key == self.tool_id else None

    def learned(self, level: Level, covers: bytes, description: str) -> UsagePattern:
        """A pattern that is about to change: loaded, or made."""
        found = self.pattern(level, covers)
        key = self.id_of(level, covers)
        if found is None:
            found = UsagePattern(
                level=level,
                tool="" if level is Level.SERVER else self.call.tool,
                server=self.server,
                covers=covers,
                description=description,
                first_time=self.now,
                epoch=self.epoch,
            )
            self._patterns[level, covers] = key, found
            self.created = (*self.created, key)
            self._known_call = None
        if self._changed is None:
            self._changed = set()
        self._changed.add(key)
        return found

    def changed(self) -> list[tuple[bytes, UsagePattern]]:
        """The patterns that changed, with their ids."""
        patterns = dict(self._patterns.values())
        return [(key, pattern) for key in self._changed or () if (pattern := patterns[key]) is not None]


@lru_cache(maxsize=4_096)
def ids_of(tool: str) -> tuple[bytes, bytes]:
    """The key of a tool's records, and the id of its pattern."""
    subject = subject_key(tool)
    return subject, pattern_id(subject, Level.TOOL, b"")


def places_of(first_values: Sequence[float], wordings: Wordings) -> Places:
    """Where a view finds its records."""
    return Places(
        MODELS,
        SESSIONS,
        PATTERNS,
        RATES,
        OVERALL,
        ids_of=ids_of,
        session_key_of=hash16,
        new_model=lambda: new_model(first_values),
        scopes_of=scopes_of,
        wording_of=wordings.of,
    )

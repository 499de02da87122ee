"""One call as detectors see it: every record that is read for it is loaded once, and saved once when it was changed.

Before a call a view reads from a snapshot of the store; after it, from the write transaction, so that what is learned
is computed from the same records that it changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, Protocol, TypeVar

import msgspec

from ..model.call import Call, Classification, Features
from ..model.pattern import UsagePattern, covered_call, pattern_id, subject_key
from ..model.tool import Tool
from ..model.vocabulary import TRANSIENT, Cause, Level
from ..store.tables import PATTERNS, Table, hash16
from .evidence import logit
from .names_row import Names
from .rates import KindRate
from .scopes import Scopes, scopes_of
from .session import Session
from .spread import Spread, first_spread
from .tables import MODELS, NAMES, OVERALL, RATES, SESSIONS, SPREADS
from .tool_model import Model, new_model
from .wording import Wording, Wordings

V = TypeVar("V")
_UNREAD: Final[Any] = object()

#: What is assumed of a tool that was never called: a tenth of calls fail.
BASE_RATE: Final = 0.1
STRENGTH_TOOL: Final = 10.0
STRENGTH_KIND: Final = 4.0
#: Calls of a tool after which likeness between its calls counts for half.
HALF_KNOWN: Final = 10.0


class Source(Protocol):
    """Where records come from: ``store.Reader`` or ``store.WriteTransaction``."""

    def get(self, table: Table[V], key: bytes) -> V | None:
        """The record, or None."""


#: Seconds that a tool may ask to be left alone. More is no pause but a mistake, such as a time instead of a duration:
#: nothing is learned of it, since a tool that is believed in it would be lost.
LONGEST_PAUSE: Final = 86_400.0


class Outcome(msgspec.Struct, frozen=True):
    """How a call went, as far as detectors learn from it. Only calls that succeeded or failed are learned from.

    ``retry_after`` is at most ``LONGEST_PAUSE`` seconds, -1 where the tool asked for no pause.
    """

    failed: bool
    classification: Classification
    error: str
    silent: bool
    call_id: str
    now: float
    retry_after: float = -1.0
    cost: float = 0.0

    @property
    def transient(self) -> bool:
        """Whether the failure passes by itself."""
        return self.classification.transient

    @property
    def cause(self) -> Cause:
        """Why it failed."""
        return self.classification.cause


class View:
    """See the module. ``server`` is the call's or the registered one; ``epoch`` keeps evidence before a reset apart."""

    __slots__ = (
        "_changed", "_changed_rates", "_found", "_ids", "_known_call", "_patterns", "_rates", "_scopes", "_source",
        "_wording", "_wordings", "base", "base_tool", "call", "conditions", "created", "created_rates", "epoch",
        "features", "lasting", "likeness", "looked_up", "model", "now", "overall", "p_fail", "p_kind", "p_tool",
        "rate", "run", "seen", "server", "session", "session_key", "spread", "subject", "tool", "tool_pattern",
        "trust",
    )  # fmt: skip

    def __init__(
        self,
        source: Source,
        call: Call,
        features: Features,
        tool: Tool | None,
        first_values: tuple[float, ...],
        wordings: Wordings,
    ) -> None:
        get = source.get
        self._source = source
        self._patterns: dict[bytes, UsagePattern | None] = {}
        self._ids: dict[tuple[Level, bytes], bytes] = {}  # detectors ask for the same few again and again
        self._found: dict[tuple[Level, bytes], UsagePattern | None] = {}  # the same patterns, by what they cover
        self._changed: set[bytes] = set()
        self.created: list[bytes] = []
        self._rates: dict[bytes, KindRate | None] = {}
        self._changed_rates: set[bytes] = set()
        self.created_rates: list[bytes] = []
        self._known_call: Any = _UNREAD
        self._wording: Wording | None = None
        self._wordings = wordings
        self._scopes: Scopes | None = None
        #: The words whose records are read, once they are chosen.
        self.looked_up: tuple[bytes, ...] | None = None
        #: What the form of the arguments is, see ``forms.py``, once it is asked for.
        self.conditions: Collection[int] | None = None
        self.call = call
        self.features = features
        self.now = call.time
        self.subject = subject_key(call.tool)
        self.tool = tool
        self.epoch = self.tool.epoch if self.tool is not None else 0
        self.server = call.server or (self.tool.descriptor.server if self.tool is not None else "")
        self.overall: Model = get(MODELS, OVERALL) or new_model(first_values)
        self.model: Model | None = get(MODELS, self.subject)
        self.session: Session | None = None
        self.session_key = b""
        self.seen = -1
        if call.session_id:
            self.session_key = hash16(call.session_id)
            self.session = get(SESSIONS, self.session_key)
            if self.session is not None:
                self.seen = self.session.last_index(features.fingerprint)
        #: Once it was asked for, see ``learned_spread``.
        self.spread: Spread | None = None
        #: What the call was given, once it was judged.
        self.p_fail = 0.0
        #: The session's failures in a row, up to now.
        self.run = self.session.trailing_failures() if self.session is not None else 0
        self.rate: KindRate | None = self.rate_of(features.kind)
        self.tool_pattern = self.pattern(Level.TOOL, b"")
        seen = 0.0 if self.tool_pattern is None else self.tool_pattern.rate.total
        #: Which share of the tool's failures is for what is called, and not for a state that passes by itself.
        self.lasting = 1.0 if self.model is None else self.model.lasting_share
        #: What a tool's history counts for, from 0 for a new tool towards 1: of few calls, all are alike in something.
        self.trust = seen / (seen + HALF_KNOWN)
        #: What likeness between its calls counts for.
        self.likeness = self.lasting * self.trust
        self.p_tool = BASE_RATE if self.tool_pattern is None else self.tool_pattern.rate.mean(BASE_RATE, STRENGTH_TOOL)
        self.p_kind = self.p_tool if self.rate is None else self.rate.rate.mean(self.p_tool, STRENGTH_KIND)
        #: Log-odds of both.
        self.base_tool = logit(self.p_tool)
        self.base = logit(self.p_kind)

    def id_of(self, level: Level, covers: bytes) -> bytes:
        """The id of the pattern of this tool at ``level`` that covers ``covers``, in the tool's current epoch."""
        known = self._ids.get((level, covers))
        if known is not None:
            return known
        if level is Level.SERVER:
            found = pattern_id(subject_key("server:" + self.server), level, b"")
        elif level is not Level.TOOL and self.epoch:
            found = pattern_id(self.subject, level, covers + self.epoch.to_bytes(4, "big"))
        else:
            found = pattern_id(self.subject, level, covers)
        self._ids[level, covers] = found
        return found

    def pattern(self, level: Level, covers: bytes) -> UsagePattern | None:
        """A pattern, loaded once."""
        found: UsagePattern | None = self._found.get((level, covers), _UNREAD)
        if found is _UNREAD:
            key = self.id_of(level, covers)
            found = self._found[level, covers] = self._patterns[key] = self._source.get(PATTERNS, key)
        return found

    @property
    def wording(self) -> Wording:
        """The words of the call, and its form."""
        if self._wording is None:
            volatile = self.tool.descriptor.volatile_arguments if self.tool is not None else ()
            self._wording = self._wordings.of(self.call, self.features, volatile)
        return self._wording

    @property
    def scopes(self) -> Scopes:
        """The scopes that the call is made in."""
        if self._scopes is None:
            self._scopes = scopes_of(self.features.context)
        return self._scopes

    def names_of(self, scope: bytes) -> Names | None:
        """What is known to exist for the tool in a scope, see ``known_names.py``. Not kept: few ask."""
        return self._source.get(NAMES, self.subject + scope)

    def rate_of(self, shared: bytes) -> KindRate | None:
        """The record of the tool's calls that share this with the call, loaded once."""
        if shared in self._rates:
            return self._rates[shared]
        found = self._rates[shared] = self._source.get(RATES, self.subject + shared)
        return found

    def rates_of(self, several: Iterable[bytes]) -> list[KindRate | None]:
        """The same of several at once."""
        rates, get, subject = self._rates, self._source.get, self.subject
        found = []
        for shared in several:
            if shared in rates:
                found.append(rates[shared])
            else:
                rate = rates[shared] = get(RATES, subject + shared)
                found.append(rate)
        return found

    def learned_rate(self, shared: bytes) -> KindRate:
        """Such a record that is about to change: loaded, or made."""
        found = self._rates.get(shared) or self.rate_of(shared)
        if found is None:
            found = self._rates[shared] = KindRate(self.call.tool)
            self.created_rates.append(self.subject + shared)
        self._changed_rates.add(shared)
        return found

    def changed_rates(self) -> list[tuple[bytes, KindRate]]:
        """The records of this sort that changed, with their keys."""
        rates, subject = self._rates, self.subject
        return [
            (subject + shared, rate) for shared in sorted(self._changed_rates) if (rate := rates[shared]) is not None
        ]

    def forget(self) -> None:
        """Let go of the patterns that were read: the tool has just started a new epoch."""
        self._patterns.clear()
        self._found.clear()
        self._ids.clear()
        self._known_call = _UNREAD
        self.tool_pattern = self.pattern(Level.TOOL, b"")

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
        found = self._known_call
        if found is _UNREAD:
            found = self._known_call = self.pattern(Level.CALL, covered_call(self.features.fingerprint))
        known: UsagePattern | None = found
        return known

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
        return self._patterns.get(key)

    def learned(self, level: Level, covers: bytes, description: str) -> UsagePattern:
        """A pattern that is about to change: loaded, or made."""
        found = self.pattern(level, covers)
        key = self.id_of(level, covers)
        if found is None:
            found = self._found[level, covers] = self._patterns[key] = UsagePattern(
                level=level,
                tool="" if level is Level.SERVER else self.call.tool,
                server=self.server,
                covers=covers,
                description=description,
                first_time=self.now,
                epoch=self.epoch,
            )
            self.created.append(key)
            self._known_call = _UNREAD
        self._changed.add(key)
        return found

    def changed(self) -> list[tuple[bytes, UsagePattern]]:
        """The patterns that changed, with their ids."""
        patterns = self._patterns
        return [(key, pattern) for key in self._changed if (pattern := patterns[key]) is not None]

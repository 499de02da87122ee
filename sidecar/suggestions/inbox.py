"""The inbox: suggestions, the states they go through, and what people decide. Each change is one transaction.

    pending ─▶ approved, modified ─▶ reverted        (undo)
            ─▶ rejected, dismissed ─▶ pending        (undo)
            ─▶ expired, superseded                   (by the daemon)

Findings come in through ``proposing.py``; what a change of state writes is in ``states.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from ..capture.extractor import Extractor
from ..clock import Clock
from ..model.errors import InvalidArgumentError, PreconditionError
from ..model.knowledge import Content, Entity
from ..model.suggestion import TAKEN, Drafting, Finding, Suggestion, SuggestionKind, SuggestionState
from ..store.reader import Reader
from ..store.store import Store
from ..store.transaction import WriteTransaction
from . import history
from .applying import Application, merged
from .confidence import count_decision
from .policy_text import require_shadow_policy
from .proposing import Proposals, Proposed
from .settings import Limits
from .states import States, key_of
from .tables import OPEN, SUGGESTIONS

#: Characters of a reason that somebody gives.
REASON_BYTES: Final = 1024


#: What somebody else does to their own tables in the transaction of a decision, and may note on the suggestion.
Also: TypeAlias = Callable[[WriteTransaction, Suggestion], None]


class Decided(NamedTuple):
    """A suggestion after a decision, and the entity that was changed by it."""

    suggestion: Suggestion
    entity: Entity | None


class Inbox:
    """See the module. Thread-safe. Methods that change give futures, which complete when the change is durable.

    Futures raise NotFoundError, PreconditionError (not in a state that allows it), EtagMismatchError, and what the
    knowledge repository raises. ``drafter`` names who will be asked for a better draft; empty: nobody.
    """

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        application: Application,
        clock: Clock,
        ids: Callable[[], bytes],
        limits: Limits,
        drafter: str = "",
    ) -> None:
        self._store = store
        self._extractor = extractor
        self._application = application
        self._clock = clock
        self._limits = limits
        self._drafter = drafter
        self._states = States(limits)
        self._proposals = Proposals(application, self._states, ids, limits, drafter)

    # What the daemon does.

    def propose(self, findings: Sequence[Finding]) -> Future[list[Proposed]]:
        """Take findings in: new suggestions, or new evidence for those that are open. In order of the findings."""
        now = self._clock()

        def job(txn: WriteTransaction) -> list[Proposed]:
            return [self._proposals.take_in(txn, finding, now) for finding in findings]

        return self._store.submit(job)

    def expire(self) -> Future[int]:
        """Expire what waited too long, and supersede what was overtaken. How many."""
        now = self._clock()

        def job(txn: WriteTransaction) -> int:
            gone = 0
            for key, _ in list(txn.scan(OPEN)):
                suggestion = txn.get(SUGGESTIONS, key)
                if suggestion is None:
                    txn.delete(OPEN, key)
                elif not self._application.is_current(txn, suggestion):
                    self._states.close(
                        txn,
                        suggestion,
                        SuggestionState.SUPERSEDED,
                        now,
                        0.0,
                        "what it would change is changed already, or gone",
                    )
                    gone += 1
                elif suggestion.updated_time < now - self._limits.expire:
                    self._states.close(txn, suggestion, SuggestionState.EXPIRED, now, self._limits.after_expired)
                    gone += 1
            return gone

        return self._store.submit(job)

    def drafted(
        self,
        suggestion_id: bytes,
        drafting: Drafting,
        detail: str,
        *,
        content: Content | None = None,
        attempts: int = 0,
        next_attempt: float = 0.0,
    ) -> Future[bool]:
        """What became of asking a model. Changes nothing that somebody has decided; False there."""
        if content is not None:
            content = self._application.checked(content)

        def job(txn: WriteTransaction) -> bool:
            suggestion = txn.get(SUGGESTIONS, suggestion_id)
            if suggestion is None or suggestion.state is not SuggestionState.PENDING:
                return False
            if suggestion.drafting is not Drafting.WAITING:
                return False
            suggestion.drafting, suggestion.drafting_detail = drafting, self._extractor.observation_text(detail, 512)
            suggestion.attempts, suggestion.next_attempt = attempts, next_attempt
            if content is not None:
                # Words only: what is suggested, for what and on which evidence, stays what statistics made it.
                suggestion.draft = replace(
                    suggestion.draft,
                    description=content.description,
                    triggers=content.triggers or suggestion.draft.triggers,
                    rationale=content.rationale or suggestion.draft.rationale,
                )
                suggestion.drafted_by = self._drafter
                suggestion.revision += 1
            txn.put(SUGGESTIONS, suggestion_id, suggestion)
            return True

        return self._store.submit(job)

    # What people do.

    def approve(
        self, suggestion_id: str, *, revision: int = 0, actor: str = "", also: Also | None = None
    ) -> Future[Decided]:
        """Do what is suggested. ``also`` is done in the same transaction, before the suggestion is written."""
        return self._take(suggestion_id, SuggestionState.APPROVED, None, revision, actor, "", also)

    def modify(
        self,
        suggestion_id: str,
        draft: Content,
        *,
        revision: int = 0,
        actor: str = "",
        reason: str = "",
        also: Also | None = None,
    ) -> Future[Decided]:
        """Do it with another draft. Raises InvalidArgumentError at once where that cannot be kept."""
        return self._take(suggestion_id, SuggestionState.MODIFIED, self.checked(draft), revision, actor, reason, also)

    def checked(self, draft: Content) -> Content:
        """A draft as it may be kept. Raises InvalidArgumentError, naming a field of ``draft``."""
        draft = self._application.checked(draft)
        require_shadow_policy(draft.policy_document)
        return draft

    def reject(self, suggestion_id: str, reason: str, *, actor: str = "") -> Future[Decided]:
        """Say no. It does not come back for a long time. A reason is wanted: InvalidArgumentError without."""
        if not reason.strip():
            raise InvalidArgumentError("reason", "must say why, for those who read the history")
        return self._refuse(suggestion_id, SuggestionState.REJECTED, reason, actor, self._limits.after_rejected)

    def dismiss(self, suggestion_id: str, *, reason: str = "", actor: str = "") -> Future[Decided]:
        """Not now."""
        return self._refuse(suggestion_id, SuggestionState.DISMISSED, reason, actor, self._limits.after_dismissed)

    def undo(
        self, suggestion_id: str, *, reason: str = "", actor: str = "", also: Also | None = None
    ) -> Future[Decided]:
        """Take a decision back: what was applied is reverted, what was refused is pending again.

        ``also`` is done in the same transaction, first.
        """
        key, told, who, now = key_of(suggestion_id), self._told(reason), self._extractor.label(actor), self._clock()

        def job(txn: WriteTransaction) -> Decided:
            suggestion = self._states.load(txn, key)
            if also is not None:
                also(txn, suggestion)
            before = suggestion.state
            totals = history.totals_of(txn, suggestion.kind)
            count_decision(totals, suggestion.evidence.strength, before, now, -1)
            history.put_totals(txn, suggestion.kind, totals)
            if before in TAKEN:
                entity = self._application.take_back(txn, suggestion, who, now)
                self._states.close(
                    txn, suggestion, SuggestionState.REVERTED, now, self._limits.after_rejected, told, who
                )
                return Decided(suggestion, entity)
            if before not in (SuggestionState.REJECTED, SuggestionState.DISMISSED):
                raise PreconditionError(f"the suggestion is {before.name.lower()}: there is no decision to take back")
            self._states.reopen(txn, suggestion, now, told, who)
            return Decided(suggestion, None)

        return self._store.submit(job)

    # Reading.

    def get(self, reader: Reader, suggestion_id: str) -> Suggestion:
        """A suggestion. Raises NotFoundError and InvalidArgumentError."""
        return self._states.load(reader, key_of(suggestion_id))

    def newest(self, reader: Reader, stop: bytes | None = None) -> Iterator[tuple[bytes, Suggestion]]:
        """All suggestions, newest first."""
        return reader.scan(SUGGESTIONS, b"", stop, reverse=True)

    def pending(self, reader: Reader) -> list[Suggestion]:
        """Those that wait for a person, oldest first. There are at most ``Limits.pending``."""
        found = (reader.get(SUGGESTIONS, key) for key, _ in reader.scan(OPEN))
        return [one for one in found if one is not None]

    def _take(
        self,
        suggestion_id: str,
        state: SuggestionState,
        draft: Content | None,
        revision: int,
        actor: str,
        reason: str,
        also: Also | None,
    ) -> Future[Decided]:
        key, who, told, now = key_of(suggestion_id), self._extractor.label(actor), self._told(reason), self._clock()

        def job(txn: WriteTransaction) -> Decided:
            suggestion = self._states.pending(txn, key, revision)
            if draft is not None:
                if suggestion.kind is SuggestionKind.DEPRECATE_PATTERN:
                    raise PreconditionError("there is nothing to modify: approve, reject or dismiss it")
                suggestion.draft = merged(suggestion, draft)
            entity = self._application.apply(txn, suggestion, suggestion.draft, who, now)
            suggestion.applied_id, suggestion.applied_revision = entity.id, entity.revision
            if also is not None:
                also(txn, suggestion)
            self._states.decide(txn, suggestion, state, now, self._limits.after_taken, told, who)
            return Decided(suggestion, entity)

        return self._store.submit(job)

    def _refuse(
        self, suggestion_id: str, state: SuggestionState, reason: str, actor: str, cool_down: float
    ) -> Future[Decided]:
        key, who, told, now = key_of(suggestion_id), self._extractor.label(actor), self._told(reason), self._clock()

        def job(txn: WriteTransaction) -> Decided:
            suggestion = self._states.pending(txn, key, 0)
            self._states.decide(txn, suggestion, state, now, cool_down, told, who)
            return Decided(suggestion, None)

        return self._store.submit(job)

    def _told(self, reason: str) -> str:
        return self._extractor.observation_text(reason.strip(), REASON_BYTES)

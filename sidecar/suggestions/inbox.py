"""The inbox: suggestions, the states they go through, and what people decide. Each change is one transaction.

    pending ─▶ approved, modified ─▶ reverted        (undo)
            ─▶ rejected, dismissed ─▶ pending        (undo)
            ─▶ expired, superseded                   (by the daemon)

A finding whose topic is open already renews that suggestion's evidence. What somebody decided is remembered by topic,
and does not come back until a cool-down has passed. Nothing is suggested below a confidence, nor more than so many
times a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from ..capture.extractor import Extractor
from ..clock import Clock
from ..knowledge.errors import EtagMismatchError
from ..model.errors import InvalidArgumentError, NotFoundError, PreconditionError
from ..model.knowledge import Content, Entity
from ..model.suggestion import (
    TAKEN,
    Drafting,
    Finding,
    KindTotals,
    Remembered,
    Suggestion,
    SuggestionKind,
    SuggestionState,
)
from ..store.reader import Reader
from ..store.store import Store
from ..store.transaction import WriteTransaction
from . import history
from .applying import Application, merged
from .clusters import alike
from .confidence import confidence, count_decision
from .grounds.additions import without
from .policy_text import require_shadow_policy
from .settings import Limits
from .tables import OPEN, SUGGESTIONS, TOPICS, topic_key

#: From this likeness of words on two findings of weak matches are about the same.
SAME_INTENTS: Final = 0.5
#: Characters of a reason that somebody gives.
REASON_BYTES: Final = 1024
_ID_BYTES: Final = 16
#: Topics that are looked through for one of like words.
_TOPICS: Final = 2_000


#: What somebody else does to their own tables in the transaction of a decision, and may note on the suggestion.
Also: TypeAlias = Callable[[WriteTransaction, Suggestion], None]


class Proposed(NamedTuple):
    """What became of a finding: ``created``, ``renewed``, ``refused`` (a cool-down), ``unsure``, or ``too_many``."""

    outcome: str
    suggestion: Suggestion | None


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
        self._ids = ids
        self._limits = limits
        self._drafter = drafter

    # What the daemon does.

    def propose(self, findings: Sequence[Finding]) -> Future[list[Proposed]]:
        """Take findings in: new suggestions, or new evidence for those that are open. In order of the findings."""
        now = self._clock()

        def job(txn: WriteTransaction) -> list[Proposed]:
            return [self._propose(txn, finding, now) for finding in findings]

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
                    self._close(
                        txn,
                        suggestion,
                        SuggestionState.SUPERSEDED,
                        now,
                        0.0,
                        "what it would change is changed already, or gone",
                    )
                    gone += 1
                elif suggestion.updated_time < now - self._limits.expire:
                    self._close(txn, suggestion, SuggestionState.EXPIRED, now, self._limits.after_expired)
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
        key, told, who, now = _key(suggestion_id), self._told(reason), self._extractor.label(actor), self._clock()

        def job(txn: WriteTransaction) -> Decided:
            suggestion = self._load(txn, key)
            if also is not None:
                also(txn, suggestion)
            before = suggestion.state
            totals = history.totals_of(txn, suggestion.kind)
            count_decision(totals, suggestion.evidence.strength, before, now, -1)
            history.put_totals(txn, suggestion.kind, totals)
            if before in TAKEN:
                entity = self._application.take_back(txn, suggestion, who, now)
                self._close(txn, suggestion, SuggestionState.REVERTED, now, self._limits.after_rejected, told, who)
                return Decided(suggestion, entity)
            if before not in (SuggestionState.REJECTED, SuggestionState.DISMISSED):
                raise PreconditionError(f"the suggestion is {before.name.lower()}: there is no decision to take back")
            self._reopen(txn, suggestion, now, told, who)
            return Decided(suggestion, None)

        return self._store.submit(job)

    # Reading.

    def get(self, reader: Reader, suggestion_id: str) -> Suggestion:
        """A suggestion. Raises NotFoundError and InvalidArgumentError."""
        return self._load(reader, _key(suggestion_id))

    def newest(self, reader: Reader, stop: bytes | None = None) -> Iterator[tuple[bytes, Suggestion]]:
        """All suggestions, newest first."""
        return reader.scan(SUGGESTIONS, b"", stop, reverse=True)

    def pending(self, reader: Reader) -> list[Suggestion]:
        """Those that wait for a person, oldest first. There are at most ``Limits.pending``."""
        found = (reader.get(SUGGESTIONS, key) for key, _ in reader.scan(OPEN))
        return [one for one in found if one is not None]

    # Within jobs.

    def _propose(self, txn: WriteTransaction, finding: Finding, now: float) -> Proposed:
        key, remembered = self._remembered(txn, finding)
        if remembered is not None:
            refused = {element for element, until in remembered.refused.items() if until > now}
            left = _without(finding, refused, self._application.target(txn, finding.target_id))
            if left is None:
                return Proposed("refused", None)
            finding = left
        totals = history.totals_of(txn, finding.kind)
        sure = confidence(totals, finding.evidence.strength, now)
        before = txn.get(SUGGESTIONS, remembered.suggestion_id) if remembered is not None and remembered.open else None
        if before is not None and before.elements == finding.elements and before.base_revision == finding.base_revision:
            return self._renew(txn, before, finding, sure, now, totals)
        if sure < self._limits.min_confidence:
            return Proposed("unsure", None)
        if before is None and (txn.count(OPEN) >= self._limits.pending or not self._may_create(txn, now)):
            return Proposed("too_many", None)
        suggestion = self._new(finding, sure, now)
        if before is not None:
            before.superseded_by = suggestion.suggestion_id
            self._close(txn, before, SuggestionState.SUPERSEDED, now, 0.0, "there is newer evidence")
        refusals = remembered.refused if remembered is not None else {}
        txn.put(TOPICS, key, Remembered(suggestion.suggestion_id, True, finding.terms, refusals))
        txn.put(SUGGESTIONS, suggestion.suggestion_id, suggestion)
        txn.put(OPEN, suggestion.suggestion_id, b"")
        totals.generated += 1
        history.put_totals(txn, finding.kind, totals)
        history.add(txn, suggestion, now, self._limits.history)
        self._forget_oldest(txn)
        return Proposed("created", suggestion)

    def _renew(
        self, txn: WriteTransaction, before: Suggestion, finding: Finding, sure: float, now: float, totals: KindTotals
    ) -> Proposed:
        before.evidence, before.confidence, before.reason = finding.evidence, sure, finding.reason
        before.updated_time = now
        if before.drafting is not Drafting.MODEL:
            draft = self._application.checked(finding.draft)
            # Numbers in a sentence change with every case: who has read it has read it.
            before.revision += replace(draft, rationale="") != replace(before.draft, rationale="")
            before.draft = draft
        txn.put(SUGGESTIONS, before.suggestion_id, before)
        totals.merged += 1
        history.put_totals(txn, before.kind, totals)
        return Proposed("renewed", before)

    def _new(self, finding: Finding, sure: float, now: float) -> Suggestion:
        asked = self._drafter and finding.kind is not SuggestionKind.DEPRECATE_PATTERN
        return Suggestion(
            suggestion_id=self._ids(),
            kind=finding.kind,
            ground=finding.ground,
            topic=finding.topic,
            elements=finding.elements,
            state=SuggestionState.PENDING,
            evidence=finding.evidence,
            confidence=sure,
            reason=finding.reason,
            draft=self._application.checked(finding.draft),
            target_id=finding.target_id,
            base_revision=finding.base_revision,
            terms=finding.terms,
            created_time=now,
            updated_time=now,
            drafting=Drafting.WAITING if asked else Drafting.STATISTICS,
            drafted_by="statistics",
        )

    def _remembered(self, txn: WriteTransaction, finding: Finding) -> tuple[bytes, Remembered | None]:
        """What is known of a finding's topic; of intents also under another name, where the words are alike."""
        key = topic_key(finding.kind, finding.topic)
        found = txn.get(TOPICS, key)
        if found is not None or not finding.terms or finding.target_id:
            return key, found
        best, nearest = SAME_INTENTS, None
        for other, row in txn.scan(TOPICS, bytes((finding.kind,)), bytes((finding.kind + 1,)), limit=_TOPICS):
            likeness = alike(row.terms, finding.terms)
            if likeness >= best:
                best, nearest = likeness, (other, row)
        return nearest or (key, None)

    def _may_create(self, txn: WriteTransaction, now: float) -> bool:
        spent = history.today(txn, now)
        if spent.created >= self._limits.per_day:
            return False
        spent.created += 1
        history.put_today(txn, spent)
        return True

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
        key, who, told, now = _key(suggestion_id), self._extractor.label(actor), self._told(reason), self._clock()

        def job(txn: WriteTransaction) -> Decided:
            suggestion = self._pending(txn, key, revision)
            if draft is not None:
                if suggestion.kind is SuggestionKind.DEPRECATE_PATTERN:
                    raise PreconditionError("there is nothing to modify: approve, reject or dismiss it")
                suggestion.draft = merged(suggestion, draft)
            entity = self._application.apply(txn, suggestion, suggestion.draft, who, now)
            suggestion.applied_id, suggestion.applied_revision = entity.id, entity.revision
            if also is not None:
                also(txn, suggestion)
            self._decide(txn, suggestion, state, now, self._limits.after_taken, told, who)
            return Decided(suggestion, entity)

        return self._store.submit(job)

    def _refuse(
        self, suggestion_id: str, state: SuggestionState, reason: str, actor: str, cool_down: float
    ) -> Future[Decided]:
        key, who, told, now = _key(suggestion_id), self._extractor.label(actor), self._told(reason), self._clock()

        def job(txn: WriteTransaction) -> Decided:
            suggestion = self._pending(txn, key, 0)
            self._decide(txn, suggestion, state, now, cool_down, told, who)
            return Decided(suggestion, None)

        return self._store.submit(job)

    def _decide(
        self,
        txn: WriteTransaction,
        suggestion: Suggestion,
        state: SuggestionState,
        now: float,
        cool_down: float,
        reason: str,
        actor: str,
    ) -> None:
        totals = history.totals_of(txn, suggestion.kind)
        count_decision(totals, suggestion.evidence.strength, state, now)
        history.put_totals(txn, suggestion.kind, totals)
        suggestion.decided_time, suggestion.decided_by, suggestion.decision_reason = now, actor, reason
        self._close(txn, suggestion, state, now, cool_down, reason, actor)

    def _close(
        self,
        txn: WriteTransaction,
        suggestion: Suggestion,
        state: SuggestionState,
        now: float,
        cool_down: float,
        reason: str = "",
        actor: str = "",
    ) -> None:
        """Bring a suggestion into a state other than pending, and remember for how long it shall not come back."""
        suggestion.state, suggestion.updated_time = state, now
        suggestion.revision += 1
        if suggestion.drafting is Drafting.WAITING:
            suggestion.drafting, suggestion.drafting_detail = Drafting.STATISTICS, "decided before a model answered"
        txn.put(SUGGESTIONS, suggestion.suggestion_id, suggestion)
        txn.delete(OPEN, suggestion.suggestion_id)
        key, remembered = self._topic_of(txn, suggestion)
        remembered.open = False
        for element in suggestion.elements:
            remembered.refused[element] = now + cool_down
        remembered.refused = {one: until for one, until in remembered.refused.items() if until > now}
        txn.put(TOPICS, key, remembered)
        history.count_state(txn, suggestion.kind, state)
        history.add(txn, suggestion, now, self._limits.history, actor, reason)

    def _reopen(self, txn: WriteTransaction, suggestion: Suggestion, now: float, reason: str, actor: str) -> None:
        key, remembered = self._topic_of(txn, suggestion)
        if remembered.open and remembered.suggestion_id != suggestion.suggestion_id:
            raise PreconditionError("there is a newer suggestion of this; decide that one")
        history.count_state(txn, suggestion.kind, suggestion.state, -1)
        suggestion.state, suggestion.updated_time = SuggestionState.PENDING, now
        suggestion.decided_time, suggestion.decided_by, suggestion.decision_reason = 0.0, "", ""
        suggestion.revision += 1
        txn.put(SUGGESTIONS, suggestion.suggestion_id, suggestion)
        txn.put(OPEN, suggestion.suggestion_id, b"")
        remembered.open, remembered.suggestion_id = True, suggestion.suggestion_id
        for element in suggestion.elements:
            remembered.refused.pop(element, None)
        txn.put(TOPICS, key, remembered)
        history.add(txn, suggestion, now, self._limits.history, actor, reason)

    def _topic_of(self, txn: WriteTransaction, suggestion: Suggestion) -> tuple[bytes, Remembered]:
        """The row of a suggestion's topic; of intents it may stand under the name that they had at first."""
        key = topic_key(suggestion.kind, suggestion.topic)
        found = txn.get(TOPICS, key)
        if found is None and suggestion.terms and not suggestion.target_id:
            for other, row in txn.scan(TOPICS, bytes((suggestion.kind,)), bytes((suggestion.kind + 1,)), limit=_TOPICS):
                if row.suggestion_id == suggestion.suggestion_id:
                    return other, row
        return key, found or Remembered(suggestion.suggestion_id, False, suggestion.terms)

    def _pending(self, txn: WriteTransaction, key: bytes, revision: int) -> Suggestion:
        suggestion = self._load(txn, key)
        if suggestion.state is not SuggestionState.PENDING:
            raise PreconditionError(
                f"the suggestion is {suggestion.state.name.lower()} already", state=suggestion.state.name.lower()
            )
        if revision and revision != suggestion.revision:
            raise EtagMismatchError(
                "the draft has changed since it was read; look at it again", revision=str(suggestion.revision)
            )
        return suggestion

    @staticmethod
    def _load(reader: Reader | WriteTransaction, key: bytes) -> Suggestion:
        suggestion = reader.get(SUGGESTIONS, key)
        if suggestion is None:
            raise NotFoundError("there is no such suggestion, or it is kept no longer")
        return suggestion

    def _forget_oldest(self, txn: WriteTransaction) -> None:
        """Keep the number of suggestions within bounds; what is pending stays."""
        if txn.count(SUGGESTIONS) <= self._limits.kept:
            return
        for key, suggestion in txn.scan(SUGGESTIONS, limit=self._limits.pending + 1):
            if suggestion.state is not SuggestionState.PENDING:
                txn.delete(SUGGESTIONS, key)
                return

    def _told(self, reason: str) -> str:
        return self._extractor.observation_text(reason.strip(), REASON_BYTES)


def _without(finding: Finding, refused: set[str], target: Entity | None) -> Finding | None:
    if refused.isdisjoint(finding.elements):
        return finding
    if "*" in refused or target is None:
        return None
    return without(finding, target, refused)


def _key(suggestion_id: str) -> bytes:
    try:
        key = bytes.fromhex(suggestion_id)
    except ValueError:
        key = b""
    if len(key) != _ID_BYTES:
        raise InvalidArgumentError("suggestion_id", f"must be {2 * _ID_BYTES} hexadecimal digits")
    return key

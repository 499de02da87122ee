"""The states that a suggestion goes through, and what is remembered of each topic. Within jobs of the store."""

from __future__ import annotations

from typing import Final

from ..knowledge.errors import EtagMismatchError
from ..model.errors import InvalidArgumentError, NotFoundError, PreconditionError
from ..model.suggestion import Drafting, Remembered, Suggestion, SuggestionState
from ..store.reader import Reader
from ..store.transaction import WriteTransaction
from . import history
from .confidence import count_decision
from .settings import Limits
from .tables import OPEN, SUGGESTIONS, TOPICS, topic_key

#: Topics that are looked through for one of like words.
TOPICS_AT_MOST: Final = 2_000
_ID_BYTES: Final = 16


class States:
    """Brings suggestions from one state into another, with history, totals and cool-downs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    @staticmethod
    def load(reader: Reader | WriteTransaction, key: bytes) -> Suggestion:
        """A suggestion. Raises NotFoundError."""
        suggestion = reader.get(SUGGESTIONS, key)
        if suggestion is None:
            raise NotFoundError("there is no such suggestion, or it is kept no longer")
        return suggestion

    def pending(self, txn: WriteTransaction, key: bytes, revision: int) -> Suggestion:
        """One that can be decided. PreconditionError where it is not pending, EtagMismatchError where it changed."""
        suggestion = self.load(txn, key)
        if suggestion.state is not SuggestionState.PENDING:
            raise PreconditionError(
                f"the suggestion is {suggestion.state.name.lower()} already", state=suggestion.state.name.lower()
            )
        if revision and revision != suggestion.revision:
            raise EtagMismatchError(
                "the draft has changed since it was read; look at it again", revision=str(suggestion.revision)
            )
        return suggestion

    def decide(
        self,
        txn: WriteTransaction,
        suggestion: Suggestion,
        state: SuggestionState,
        now: float,
        cool_down: float,
        reason: str,
        actor: str,
    ) -> None:
        """Note a person's decision, and what it says of confidence."""
        totals = history.totals_of(txn, suggestion.kind)
        count_decision(totals, suggestion.evidence.strength, state, now)
        history.put_totals(txn, suggestion.kind, totals)
        suggestion.decided_time, suggestion.decided_by, suggestion.decision_reason = now, actor, reason
        self.close(txn, suggestion, state, now, cool_down, reason, actor)

    def close(
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

    def reopen(self, txn: WriteTransaction, suggestion: Suggestion, now: float, reason: str, actor: str) -> None:
        """Make one pending again. PreconditionError where a newer one of its topic is open."""
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
            for other, row in txn.scan(
                TOPICS, bytes((suggestion.kind,)), bytes((suggestion.kind + 1,)), limit=TOPICS_AT_MOST
            ):
                if row.suggestion_id == suggestion.suggestion_id:
                    return other, row
        return key, found or Remembered(suggestion.suggestion_id, False, suggestion.terms)


def key_of(suggestion_id: str) -> bytes:
    """The key of a suggestion. Raises InvalidArgumentError."""
    try:
        key = bytes.fromhex(suggestion_id)
    except ValueError:
        key = b""
    if len(key) != _ID_BYTES:
        raise InvalidArgumentError("suggestion_id", f"must be {2 * _ID_BYTES} hexadecimal digits")
    return key

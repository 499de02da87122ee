"""Findings on their way into the inbox: new suggestions, newer evidence for open ones, or nothing. Within jobs.

A finding whose topic is open already renews that suggestion's evidence. What somebody decided is remembered by topic,
and does not come back until a cool-down has passed. Nothing is suggested below a confidence, nor more than so many
times a day.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec.structs import replace

from ..model.knowledge import Entity
from ..model.suggestion import (
    Drafting,
    Finding,
    KindTotals,
    Remembered,
    Suggestion,
    SuggestionKind,
    SuggestionState,
)
from ..store.transaction import WriteTransaction
from . import history
from .applying import Application
from .clusters import alike
from .confidence import confidence
from .grounds.additions import without
from .settings import Limits
from .states import TOPICS_AT_MOST, States
from .tables import OPEN, SUGGESTIONS, TOPICS, topic_key

#: From this likeness of words on two findings of weak matches are about the same.
SAME_INTENTS: Final = 0.5


class Proposed(NamedTuple):
    """What became of a finding: ``created``, ``renewed``, ``refused`` (a cool-down), ``unsure``, or ``too_many``."""

    outcome: str
    suggestion: Suggestion | None


class Proposals:
    """Takes findings in. ``drafter`` names who will be asked for a better draft; empty: nobody."""

    def __init__(
        self, application: Application, states: States, ids: Callable[[], bytes], limits: Limits, drafter: str
    ) -> None:
        self._application = application
        self._states = states
        self._ids = ids
        self._limits = limits
        self._drafter = drafter

    def take_in(self, txn: WriteTransaction, finding: Finding, now: float) -> Proposed:
        """One finding. ``now`` is seconds since the epoch."""
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
            self._states.close(txn, before, SuggestionState.SUPERSEDED, now, 0.0, "there is newer evidence")
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
        for other, row in txn.scan(TOPICS, bytes((finding.kind,)), bytes((finding.kind + 1,)), limit=TOPICS_AT_MOST):
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

    def _forget_oldest(self, txn: WriteTransaction) -> None:
        """Keep the number of suggestions within bounds; what is pending stays."""
        if txn.count(SUGGESTIONS) <= self._limits.kept:
            return
        for key, suggestion in txn.scan(SUGGESTIONS, limit=self._limits.pending + 1):
            if suggestion.state is not SuggestionState.PENDING:
                txn.delete(SUGGESTIONS, key)
                return


def _without(finding: Finding, refused: set[str], target: Entity | None) -> Finding | None:
    if refused.isdisjoint(finding.elements):
        return finding
    if "*" in refused or target is None:
        return None
    return without(finding, target, refused)

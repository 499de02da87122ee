"""What became of the call of a decision: written into the decision, its patterns and the counts. Once."""

from __future__ import annotations

from ..model.call import Classification
from ..model.decision import DecisionRecord
from ..model.tool import Tool
from ..model.vocabulary import FAILED, WORKED, Level, Verdict
from ..store.tables import DECISION_CALLS, DECISIONS, PATTERNS, hash16
from ..store.transaction import WriteTransaction
from . import totals
from .false_prevention import note
from .grounds import note_outcome
from .suspension import try_pattern

_ID_BYTES = 16


def decision_before(txn: WriteTransaction, decision_id: str, call_id: str, tool: str) -> DecisionRecord | None:
    """The decision before a call: the one that its record names, else the last one about its call id."""
    key: bytes | None = None
    if decision_id:
        try:
            key = bytes.fromhex(decision_id)
        except ValueError:
            key = None
    if key is None:
        key = txn.get(DECISION_CALLS, hash16(call_id))
    if not key or len(key) != _ID_BYTES:
        return None
    record = txn.get(DECISIONS, key)
    return record if record is not None and record.tool == tool else None


def settle(
    txn: WriteTransaction, tool: Tool, record: DecisionRecord, classification: Classification, wrong_allowed: float
) -> None:
    """Write what became of a decision's call, unless that was known before. The caller writes ``tool``.

    ``wrong_allowed`` is the share of its preventions that a pattern may be wrong in before it is set aside.
    """
    if record.classification is not None:
        return
    record.classification = classification
    category = classification.category
    txn.put(DECISIONS, record.decision.decision_id, record)
    totals.settle_decision(txn, tool, record, category)
    if category not in FAILED and category not in WORKED:
        return
    _note(txn, tool, record, worked=category in WORKED)
    if record.decision.learned_would_be is not Verdict.PREVENT or not record.decision.learned_reasons:
        return
    lead = record.decision.learned_reasons[0].pattern_id
    pattern = txn.get(PATTERNS, lead) if lead else None
    if pattern is not None:
        wrong = category in WORKED
        pattern.right += not wrong
        pattern.wrong += wrong
        if pattern.level is Level.GROUND:
            note_outcome(pattern, record, failed=not wrong)
        try_pattern(txn, lead, pattern, record.propensity, wrong_allowed, wrong=wrong)
        txn.put(PATTERNS, lead, pattern)


def _note(txn: WriteTransaction, tool: Tool, record: DecisionRecord, *, worked: bool) -> None:
    """How false prevention stands, of the tool and overall."""
    if record.decision.learned_would_be is not Verdict.PREVENT and not worked:
        return
    overall = totals.read_standing(txn)
    for standing in (overall, tool.standing):
        if record.decision.learned_would_be is not Verdict.PREVENT:
            standing.passed += 1
        else:
            standing.observed += 1
            note(standing.trial, record.propensity, wrong=worked)
    txn.put(totals.STANDING, totals.STANDING_KEY, overall)

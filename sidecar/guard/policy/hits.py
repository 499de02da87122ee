"""How often rules decide, and what becomes of the calls: counted by the writer, from decisions as they are logged."""

from __future__ import annotations

from collections.abc import Sequence

from ...model.decision import DecisionRecord
from ...model.vocabulary import FAILED, WORKED
from ...policies.verdict import Outcome, PolicyVerdict, Reach
from ...store.transaction import WriteTransaction
from .records import HITS, RuleHits, hits_key


def count_said(txn: WriteTransaction, records: Sequence[DecisionRecord]) -> None:
    """Count what rules said of decisions. Each row is read and written once however many decisions speak of it."""
    rows: dict[bytes, RuleHits] = {}
    for record in records:
        said = record.decision.policy
        if said is None:
            continue
        for one in said.rules:
            row = _row(txn, rows, one.rule)
            if one.outcome == Outcome.FAILED:
                row.errors += 1
            if one.verdict != PolicyVerdict.NONE and not one.lifted:
                row.hits += 1
                row.enforced += one.reach == Reach.ENFORCE
                row.last_time = max(row.last_time, record.decision.time)
    _write(txn, rows)


def count_settled(txn: WriteTransaction, record: DecisionRecord) -> None:
    """Count what became of a call that rules spoke of. ``record.classification`` says it."""
    said, found = record.decision.policy, record.classification
    if said is None or found is None or (found.category not in FAILED and found.category not in WORKED):
        return
    rows: dict[bytes, RuleHits] = {}
    for one in said.rules:
        if one.verdict != PolicyVerdict.NONE and not one.lifted:
            row = _row(txn, rows, one.rule)
            row.failed += found.category in FAILED
            row.worked += found.category in WORKED
    _write(txn, rows)


def _row(txn: WriteTransaction, rows: dict[bytes, RuleHits], rule: str) -> RuleHits:
    key = hits_key(*rule.split("/", 1))
    row = rows.get(key)
    if row is None:
        row = rows[key] = txn.get(HITS, key) or RuleHits()
    return row


def _write(txn: WriteTransaction, rows: dict[bytes, RuleHits]) -> None:
    for key, row in rows.items():
        txn.put(HITS, key, row)

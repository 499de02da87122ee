"""What became of suggestions: a bounded journal of states, totals by kind, and what today has cost."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.suggestion import HistoryEntry, KindTotals, Spent, Suggestion, SuggestionKind, SuggestionState
from ..store.reader import Reader
from ..store.tables import u64
from ..store.transaction import WriteTransaction
from .settings import DAY
from .tables import DAYS, HISTORY, TODAY, TOTALS, totals_key


def add(
    txn: WriteTransaction, suggestion: Suggestion, now: float, limit: int, actor: str = "", reason: str = ""
) -> None:
    """Write down the state that a suggestion is in now; the oldest entry makes way beyond ``limit``."""
    entry = HistoryEntry(
        now, suggestion.suggestion_id, suggestion.kind, suggestion.state, suggestion.confidence, actor, reason
    )
    txn.put(HISTORY, u64(txn.next_sequence()), entry)
    if txn.count(HISTORY) > limit:
        for key, _ in txn.scan(HISTORY, limit=1):
            txn.delete(HISTORY, key)


def entries(reader: Reader, stop: bytes | None = None) -> Iterator[tuple[bytes, HistoryEntry]]:
    """Newest first."""
    return reader.scan(HISTORY, b"", stop, reverse=True)


def totals_of(reader: Reader | WriteTransaction, kind: SuggestionKind) -> KindTotals:
    """What was counted of a kind."""
    return reader.get(TOTALS, totals_key(kind)) or KindTotals()


def put_totals(txn: WriteTransaction, kind: SuggestionKind, totals: KindTotals) -> None:
    """Write it."""
    txn.put(TOTALS, totals_key(kind), totals)


def count_state(txn: WriteTransaction, kind: SuggestionKind, state: SuggestionState, times: int = 1) -> None:
    """Count that a suggestion came into a state; ``times`` is -1 where that is taken back."""
    totals = totals_of(txn, kind)
    name = state.name.lower()
    setattr(totals, name, max(0, getattr(totals, name) + times))
    put_totals(txn, kind, totals)


def today(reader: Reader | WriteTransaction, now: float) -> Spent:
    """What the present day (UTC) has cost; new at midnight."""
    day = int(now // DAY)
    spent = reader.get(DAYS, TODAY)
    return spent if spent is not None and spent.day == day else Spent(day)


def put_today(txn: WriteTransaction, spent: Spent) -> None:
    """Write it."""
    txn.put(DAYS, TODAY, spent)


def acceptance(totals: KindTotals) -> tuple[int, int]:
    """Suggestions that people took, and that they decided: approved or modified of those and rejected or dismissed.

    What was reverted later was decided, and counts as not taken.
    """
    taken = max(0, totals.approved + totals.modified - totals.reverted)
    return taken, totals.approved + totals.modified + totals.rejected + totals.dismissed

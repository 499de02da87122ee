"""The journal stays bounded: oldest calls, decisions and sessions go, a few with every commit.

A commit removes at most 64 rows, or as many as it wrote where that is more: so no commit gets slow for what others
left, and a journal under full load still does not outgrow its limits. How old rows are is looked at once a second. What
goes is counted in ``meta``, so that at any moment, for every tool, *total = rows in the journal + removed*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import msgspec

from sidecar.model.decision import DecisionRecord
from sidecar.model.tool import Counts
from sidecar.model.vocabulary import FAILED, WORKED, Outcome, Verdict

from .codec import struct_codec
from .tables import CALL_IDS, CALLS, DECISION_CALLS, DECISIONS, SESSION_AGES, SESSION_KEYS, Table, hash16, u64
from .transaction import WriteTransaction

V = TypeVar("V")

STEP: Final = 64
DAY: Final = 86_400.0
#: Seconds between looks at how old rows are, which the first rows have to be decoded for: of all commits of a second,
#: one looks. At how many there are, each does.
LOOK_SECONDS: Final = 1.0


class Limits(msgspec.Struct, frozen=True):
    """How much to keep. Ages are days; of calls and decisions by the time that they were recorded."""

    calls: int = 1_000_000
    decisions: int = 1_000_000
    days: float = 30.0
    sessions: int = 100_000
    session_days: float = 7.0


class Removed(msgspec.Struct, array_like=True):
    """What retention took away since the store was made. Fields are only ever appended, with a default."""

    calls: int = 0
    decisions: int = 0
    sessions: int = 0


REMOVED: Final = Table("meta", struct_codec(Removed))
REMOVED_KEY: Final = b"removed"
#: By tool, under ``removed_key(tool)``: the part of ``Tool.counts`` whose rows are gone.
REMOVED_COUNTS: Final = Table("meta", struct_codec(Counts))


#: The field of ``Counts`` of each category.
_FIELDS: Final = {category: category.name.lower() for category in Outcome}


def removed_key(tool: str) -> bytes:
    """The key in ``meta`` of what was removed of a tool."""
    return b"removed/" + tool.encode("utf-8", "surrogatepass")


def count_call(counts: Counts, category: Outcome) -> None:
    """Add one call of a category. The same function counts totals, the journal and what was removed."""
    name = _FIELDS[category]
    setattr(counts, name, getattr(counts, name) + 1)


def count_decision(counts: Counts, record: DecisionRecord) -> None:
    """Add one decision, and whether it would have prevented, rightly or not as far as its call's outcome tells."""
    counts.decisions += 1
    if record.decision.learned_would_be is Verdict.PREVENT:
        counts.would_prevent += 1
        counts.held_out += record.decision.holdout
        counts.capped += record.decision.capped
        if record.classification is not None:
            counts.would_prevent_right += record.classification.category in FAILED
            counts.would_prevent_wrong += record.classification.category in WORKED


class Retention:
    """Housekeeping for the writer. ``count_decision`` may be replaced by whatever counts the totals."""

    def __init__(
        self, limits: Limits, *, count_decision: Callable[[Counts, DecisionRecord], None] = count_decision
    ) -> None:
        self._limits = limits
        self._count_decision = count_decision
        self._looked = -LOOK_SECONDS  # seconds, as of ``commit_time``

    def __call__(self, transaction: WriteTransaction) -> bool:
        """Remove a few of what is too many or too old. Returns whether more is left."""
        if self._lately(transaction.commit_time) and not self._excess(transaction):
            return False
        allowance = max(STEP, transaction.writes)
        by_tool: dict[str, Counts] = {}
        calls = self._calls(transaction, allowance, by_tool)
        decisions = self._decisions(transaction, allowance - calls, by_tool)
        sessions = self._sessions(transaction, allowance - calls - decisions)
        gone = calls + decisions + sessions
        if gone:
            total = transaction.get(REMOVED, REMOVED_KEY) or Removed()
            total.calls += calls
            total.decisions += decisions
            total.sessions += sessions
            transaction.put(REMOVED, REMOVED_KEY, total)
            for tool, counts in by_tool.items():
                _add(transaction, tool, counts)
        more = gone >= allowance
        self._looked = -LOOK_SECONDS if more else transaction.commit_time
        return more

    def _lately(self, now: float) -> bool:
        """Whether it was looked a moment ago, and nothing was left to do."""
        return 0.0 <= now - self._looked < LOOK_SECONDS

    def _excess(self, transaction: WriteTransaction) -> bool:
        limits = self._limits
        return (
            transaction.count(CALLS) > limits.calls
            or transaction.count(DECISIONS) > limits.decisions
            or transaction.count(SESSION_AGES) > limits.sessions
        )

    def _calls(self, transaction: WriteTransaction, most: int, by_tool: dict[str, Counts]) -> int:
        oldest = transaction.commit_time - self._limits.days * DAY
        gone = 0
        for key, call in _expired(transaction, CALLS, self._limits.calls, most, lambda _, c: c.recorded_time < oldest):
            count_call(by_tool.setdefault(call.tool, Counts()), call.classification.category)
            transaction.delete(CALLS, key)
            if call.call_id:
                index = hash16(call.call_id)
                if transaction.get_raw(CALL_IDS, index) == key:
                    transaction.delete(CALL_IDS, index)
            gone += 1
        return gone

    def _decisions(self, transaction: WriteTransaction, most: int, by_tool: dict[str, Counts]) -> int:
        oldest = u64(max(0, int((transaction.commit_time - self._limits.days * DAY) * 1000.0)))[2:]  # as ids begin
        gone = 0
        for key, record in _expired(transaction, DECISIONS, self._limits.decisions, most, lambda k, _: k < oldest):
            self._count_decision(by_tool.setdefault(record.tool, Counts()), record)
            transaction.delete(DECISIONS, key)
            if record.call_id:
                index = hash16(record.call_id)
                if transaction.get_raw(DECISION_CALLS, index) == key:  # else a later decision is about that call
                    transaction.delete(DECISION_CALLS, index)
            gone += 1
        return gone

    def _sessions(self, transaction: WriteTransaction, most: int) -> int:
        oldest = u64(max(0, int((transaction.commit_time - self._limits.session_days * DAY) * 1e6)))
        gone = 0
        for key, _ in _expired(transaction, SESSION_AGES, self._limits.sessions, most, lambda k, _: k < oldest):
            transaction.delete(SESSION_AGES, key)
            transaction.delete(SESSION_KEYS, key[8:])
            gone += 1
        return gone


def _expired(
    transaction: WriteTransaction, table: Table[V], limit: int, most: int, old: Callable[[bytes, V], bool]
) -> Iterator[tuple[bytes, V]]:
    """The first rows beyond a table's limit or old, at most ``most``. Reads one row where there are none, as mostly."""
    excess = transaction.count(table) - limit
    if excess <= 0 and not any(old(key, row) for key, row in transaction.scan(table, limit=1)):
        return
    for place, (key, row) in enumerate(transaction.scan(table, limit=most)):
        if place >= excess and not old(key, row):
            return
        yield key, row


def _add(transaction: WriteTransaction, tool: str, counts: Counts) -> None:
    key = removed_key(tool)
    before = transaction.get(REMOVED_COUNTS, key) or Counts()
    for name in Counts.__struct_fields__:
        setattr(before, name, getattr(before, name) + getattr(counts, name))
    transaction.put(REMOVED_COUNTS, key, before)

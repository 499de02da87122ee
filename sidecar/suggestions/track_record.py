"""What came of suggesting, counted from what the store keeps: by month, by type, by confidence, and what is used.

What is counted grows with nothing but the bounds of its tables. It is read in small pieces, each in a view of its own,
so that neither the store's file nor decisions pay for a long look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from ..knowledge.intervals import Share, share
from ..knowledge.reading import usage_of
from ..knowledge.tables import ENTITIES, WORKFLOWS, entity_key
from ..model.knowledge import EntityKind, LearningResult
from ..model.suggestion import DECIDED, TAKEN, HistoryEntry, SuggestionKind, SuggestionState
from ..store.store import Store
from ..store.tables import Table, after_prefix
from .tables import HISTORY, SUGGESTIONS
from .timing import Histogram, Times

BINS: Final = 10
MONTHS: Final = 24
#: Rows read at a time, completed workflows that are looked at, and patterns that are told.
_CHUNK: Final = 64
_WORKFLOWS: Final = 1_000
_ADOPTED: Final = 100
#: States of the history that stand for a person's last word.
_LAST_WORDS: Final = DECIDED | {SuggestionState.REVERTED}

Between = Callable[[], None]


@dataclass(slots=True)
class Counted:
    """Decided suggestions, and those that were taken and not reverted."""

    decided: int = 0
    taken: int = 0
    confidence: float = 0.0

    @property
    def share(self) -> Share | None:
        """Taken out of decided."""
        return share(self.taken, self.decided)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A pattern that a suggestion made, and that is there."""

    suggestion_id: bytes
    entity_id: str
    times_recommended: int
    times_used: int


@dataclass(slots=True)
class TrackRecord:
    """See the module. Times are seconds since the epoch; ``months`` by (year, month) and state."""

    patterns_with_metrics: int = 0
    first_workflow: float = 0.0
    generated: int = 0
    #: Of those, in the 30 days after the first workflow.
    generated_at_first: int = 0
    kinds: dict[SuggestionKind, Counted] = field(default_factory=dict)
    bins: list[Counted] = field(default_factory=lambda: [Counted() for _ in range(BINS)])
    months: dict[tuple[int, int], dict[SuggestionState, int]] = field(default_factory=dict)
    adopted: list[Adopted] = field(default_factory=list)
    generation: Times = field(default_factory=Times)

    @property
    def acceptance(self) -> Share | None:
        """Taken out of decided, of all types."""
        return share(sum(one.taken for one in self.bins), sum(one.decided for one in self.bins))

    @property
    def expected_error(self) -> float | None:
        """|mean confidence - share taken| over the bins, weighted; None where nothing was decided."""
        decided = sum(one.decided for one in self.bins)
        return sum(abs(one.confidence - one.taken) for one in self.bins) / decided if decided else None


_FIRST_DAYS: Final = 30 * 86_400.0


def read(store: Store, between: Between) -> TrackRecord:
    """Count everything. ``between`` is called between pieces: it pauses, or raises to end the work."""
    found = TrackRecord()
    _patterns(store, found, between)
    _workflows(store, found, between)
    _history(store, found, between)
    _adopted(store, found, between)
    return found


def _patterns(store: Store, found: TrackRecord, between: Between) -> None:
    start = entity_key(EntityKind.PATTERN, "")
    for piece in _pieces(store, ENTITIES, start, after_prefix(start), between, reverse=False):
        with store.read() as reader:
            for _, entity in piece:
                if not entity.deleted_time and usage_of(reader, entity.id) is not None:
                    found.patterns_with_metrics += 1


def _workflows(store: Store, found: TrackRecord, between: Between) -> None:
    with store.read() as reader:
        for _, row in reader.scan(WORKFLOWS, limit=1):
            found.first_workflow = row.started_time
    took, count = Histogram(), 0
    for piece in _pieces(store, WORKFLOWS, b"", None, between, reverse=True):
        for _, row in piece:
            if row.learning is LearningResult.SUCCESS and row.learned_time:
                took.add(max(0.0, row.learned_time - row.completed_time))
                count += 1
        if count >= _WORKFLOWS:
            break
    found.generation = took.times


def _history(store: Store, found: TrackRecord, between: Between) -> None:
    heard: set[bytes] = set()
    made: dict[bytes, float] = {}
    for piece in _pieces(store, HISTORY, b"", None, between, reverse=True):
        for _, entry in piece:
            if entry.state is SuggestionState.PENDING:
                made[entry.suggestion_id] = entry.time  # the oldest stays; later ones are decisions taken back
            else:
                _in_month(found, entry.time, entry.state)
            if entry.suggestion_id in heard:
                continue
            # Newest first: what is met first is the last word, and "pending" that a decision was taken back.
            heard.add(entry.suggestion_id)
            if entry.state in _LAST_WORDS:
                _count(found, entry)
    found.generated = len(made)
    for time in made.values():
        found.generated_at_first += time < found.first_workflow + _FIRST_DAYS
        _in_month(found, time, SuggestionState.PENDING)
    for month in sorted(found.months)[:-MONTHS]:
        del found.months[month]


def _in_month(found: TrackRecord, time: float, state: SuggestionState) -> None:
    moment = datetime.fromtimestamp(time, UTC)
    month = found.months.setdefault((moment.year, moment.month), {})
    month[state] = month.get(state, 0) + 1


def _count(found: TrackRecord, entry: HistoryEntry) -> None:
    sure = min(1.0, max(0.0, entry.confidence))
    for one in (
        found.kinds.setdefault(entry.kind, Counted()),
        found.bins[min(BINS - 1, int(sure * BINS))],
    ):
        one.decided += 1
        one.taken += entry.state in TAKEN
        one.confidence += sure


def _adopted(store: Store, found: TrackRecord, between: Between) -> None:
    for piece in _pieces(store, SUGGESTIONS, b"", None, between, reverse=True):
        with store.read() as reader:
            for key, one in piece:
                if one.state not in TAKEN or one.kind is not SuggestionKind.CREATE_PATTERN:
                    continue
                entity = reader.get(ENTITIES, entity_key(one.kind.of, one.applied_id))
                if entity is None or entity.deleted_time:
                    continue
                used = usage_of(reader, one.applied_id)
                times = (used.times_recommended, used.times_used) if used is not None else (0, 0)
                found.adopted.append(Adopted(key, one.applied_id, *times))
        if len(found.adopted) >= _ADOPTED:
            del found.adopted[_ADOPTED:]
            return


def _pieces(
    store: Store, table: Table[Any], start: bytes, stop: bytes | None, between: Between, *, reverse: bool
) -> Iterator[list[tuple[bytes, Any]]]:
    """The rows of a table, some at a time."""
    while True:
        with store.read() as reader:
            piece = list(reader.scan(table, start, stop, reverse=reverse, limit=_CHUNK))
        if piece:
            yield piece
        if len(piece) < _CHUNK:
            return
        if reverse:
            stop = piece[-1][0]
        else:
            start = piece[-1][0] + b"\0"  # the least key after it
        between()

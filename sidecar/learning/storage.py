"""Usage patterns as a collection: save, load, query by criteria, suspend, forget. The seed's UsagePatternStorage.

``patterns.yaml`` (export and import) is in ``interchange.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ..capture.extractor import Extractor
from ..model.errors import InvalidArgumentError, NotFoundError
from ..model.pattern import PATTERN_ID_BYTES, UsagePattern, subject_key
from ..model.tool import Tool
from ..model.vocabulary import Cause, Level, State
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import PATTERNS, TOOLS, after_prefix, tool_key
from ..store.transaction import WriteTransaction
from .describe import failure_probability, quoted
from .events import add_event
from .grounds import forget_ground
from .suspension import take_back

#: Rows that a page looks at before it stops short.
EXAMINED: Final = 20_000


@dataclass(frozen=True)
class Criteria:
    """What a usage pattern must meet; None, 0 and "" ask for nothing."""

    tool: str = ""
    level: Level | None = None
    state: State | None = None
    cause: Cause | None = None
    min_failure_probability: float = 0.0
    min_calls: int = 0
    text: str = ""

    def met_by(self, pattern: UsagePattern, now: float) -> bool:
        """Whether a pattern meets them."""
        return (
            (not self.tool or pattern.tool == self.tool)
            and (self.level is None or pattern.level is self.level)
            and (self.state is None or pattern.state is self.state)
            and (self.cause is None or pattern.cause is self.cause)
            and pattern.failures + pattern.successes >= self.min_calls
            and (not self.text or self.text.casefold() in pattern.description.casefold())
            and (not self.min_failure_probability or failure_probability(pattern, now) >= self.min_failure_probability)
        )


class UsagePatternStorage:
    """The usage patterns of a store. Thread-safe."""

    def __init__(self, store: Store, extractor: Extractor) -> None:
        self._store = store
        self._extractor = extractor

    def save(self, pattern_id: bytes, pattern: UsagePattern) -> Future[None]:
        """Write one pattern; durable when the future completes."""
        return self._store.submit(lambda txn: txn.put(PATTERNS, pattern_id, pattern))

    def load(self, reader: Reader, pattern_id: str) -> tuple[bytes, UsagePattern]:
        """One pattern by the id that people see. Raises InvalidArgumentError and NotFoundError."""
        key = pattern_key(pattern_id)
        pattern = reader.get(PATTERNS, key)
        if pattern is None:
            raise NotFoundError(f"no usage pattern {pattern_id}", usage_pattern_id=pattern_id)
        return key, pattern

    def query(
        self, reader: Reader, criteria: Criteria, start: bytes, now: float
    ) -> Iterator[tuple[bytes, UsagePattern | None]]:
        """Keys from ``start`` on, each with its pattern when it meets the criteria, else None; ids ascend.

        Patterns from before their tool's last reset are left out.
        """
        prefix = subject_key(criteria.tool) if criteria.tool else b""
        stop = after_prefix(prefix) if prefix else None
        epochs: dict[str, int] = {}
        for key, pattern in reader.scan(PATTERNS, max(start, prefix), stop):
            if pattern.tool not in epochs:
                tool = reader.get(TOOLS, tool_key(pattern.tool)) if pattern.tool else None
                epochs[pattern.tool] = tool.epoch if tool is not None else 0
            current = pattern.epoch >= epochs[pattern.tool] or pattern.level in (Level.TOOL, Level.SERVER)
            yield key, pattern if current and criteria.met_by(pattern, now) else None

    def suspend(self, pattern_id: str, reason: str, *, suspended: bool) -> Future[tuple[bytes, UsagePattern]]:
        """Set a pattern aside or take it back; gives it as it is then."""
        key = pattern_key(pattern_id)
        reason = self._extractor.observation_text(reason, 1024)

        def job(txn: WriteTransaction) -> tuple[bytes, UsagePattern]:
            pattern = txn.get(PATTERNS, key)
            if pattern is None:
                raise NotFoundError(f"no usage pattern {pattern_id}", usage_pattern_id=pattern_id)
            if suspended:
                pattern.state, pattern.suspended_reason, pattern.automatic = State.SUSPENDED, reason, False
            elif pattern.suspended:
                take_back(pattern)
            txn.put(PATTERNS, key, pattern)
            what = "set aside" if suspended else "taken back"
            add_event(
                txn, "pattern_suspended", f"{what}: {quoted(pattern.description)} ({reason or 'no reason given'})",
                tool=pattern.tool, pattern_id=key,
            )  # fmt: skip
            return key, replace(pattern)  # the writer goes on with its own

        return self._store.submit(job)

    def forget(self, pattern_id: str, reason: str) -> Future[None]:
        """Remove a pattern and its evidence. A suspension stays: what a session saw would prevent again without it."""
        key = pattern_key(pattern_id)
        reason = self._extractor.observation_text(reason, 1024)

        def job(txn: WriteTransaction) -> None:
            pattern = txn.get(PATTERNS, key)
            if pattern is None:
                raise NotFoundError(f"no usage pattern {pattern_id}", usage_pattern_id=pattern_id)
            stays = ""
            if pattern.level is Level.GROUND:
                forget_ground(txn, key, pattern)
            if pattern.suspended:
                txn.put(PATTERNS, key, _suspension_of(pattern))
                stays = "; it stays suspended"
            else:
                txn.delete(PATTERNS, key)
                _uncount(txn, pattern)
            add_event(
                txn, "pattern_forgotten", f"{quoted(pattern.description)} ({reason or 'no reason given'}){stays}",
                tool=pattern.tool, pattern_id=key,
            )  # fmt: skip

        return self._store.submit(job)


def _suspension_of(pattern: UsagePattern) -> UsagePattern:
    """The pattern without its evidence."""
    return UsagePattern(
        level=pattern.level,
        tool=pattern.tool,
        server=pattern.server,
        covers=pattern.covers,
        description=pattern.description,
        first_time=pattern.first_time,
        epoch=pattern.epoch,
        state=pattern.state,
        suspended_reason=pattern.suspended_reason,
        automatic=pattern.automatic,
    )


def pattern_key(pattern_id: str) -> bytes:
    """The key of a pattern from the id that people see. Raises InvalidArgumentError."""
    try:
        key = bytes.fromhex(pattern_id)
    except ValueError:
        key = b""
    if len(key) != PATTERN_ID_BYTES:
        raise InvalidArgumentError("usage_pattern_id", f"must be {2 * PATTERN_ID_BYTES} hexadecimal digits")
    return key


def _uncount(txn: WriteTransaction, pattern: UsagePattern) -> None:
    if not pattern.tool or pattern.level is Level.GROUND:
        return
    tool: Tool | None = txn.get(TOOLS, tool_key(pattern.tool))
    if tool is not None and tool.patterns:
        tool.patterns -= 1
        txn.put(TOOLS, tool_key(pattern.tool), tool)

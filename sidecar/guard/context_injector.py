"""What is worth knowing before tools are used, as facts within a token budget. The seed's UsageContextInjector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..capture.extractor import Extractor
from ..learning.describe import evidence_of, failure_probability, of_all, quoted, shown_arguments, times
from ..learning.detectors.outage import strength
from ..learning.edits import decoded
from ..learning.proven_fixes import mended_by
from ..learning.scopes import scopes_of
from ..learning.session import Session
from ..learning.tables import SESSIONS
from ..model.decision import Evidence
from ..model.pattern import UsagePattern, pattern_id, subject_key
from ..model.tool import Tool
from ..model.vocabulary import Level, State
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import PATTERNS, TOOLS, hash16, tool_key

_SEEN: Final = 1_000  # patterns looked at per tool and level
_ERRORS: Final = 5
_CALLS: Final = 5


@dataclass(frozen=True)
class Fact:
    """One thing worth knowing. ``worth`` orders facts; ``tokens`` is its size."""

    text: str
    tokens: int
    tool: str
    pattern_id: bytes
    evidence: Evidence | None
    worth: float


@dataclass(frozen=True)
class Injected:
    """The facts that fit, their tokens, and how many did not fit."""

    facts: list[Fact]
    tokens: int
    left_out: int


class UsageContextInjector:
    """Gathers facts. Thread-safe."""

    def __init__(self, store: Store, extractor: Extractor) -> None:
        self._store = store
        self._extractor = extractor

    def inject(
        self, tools: Sequence[str], token_budget: int, session_id: str, context: Mapping[str, str], now: float
    ) -> Injected:
        """Facts about tools, most useful first, that come to at most ``token_budget`` tokens.

        Known calls that were seen in this context come before those that were only seen elsewhere.
        """
        found: dict[str, Fact] = {}
        here = frozenset(value for _, value in scopes_of(self._extractor.extract_context(context)))
        with self._store.read() as reader:
            session_key = hash16(session_id) if session_id else b""
            session = reader.get(SESSIONS, session_key) if session_id else None
            for name in dict.fromkeys(tools):
                for fact in self._about(reader, name, session, session_key, here, now):
                    found.setdefault(fact.text, fact)
        chosen: list[Fact] = []
        spent = 0
        for fact in sorted(found.values(), key=lambda one: -one.worth):
            if spent + fact.tokens <= token_budget:
                chosen.append(fact)
                spent += fact.tokens
        return Injected(chosen, spent, len(found) - len(chosen))

    def _about(
        self,
        reader: Reader,
        name: str,
        session: Session | None,
        session_key: bytes,
        here: frozenset[bytes],
        now: float,
    ) -> Iterator[Fact]:
        tool = reader.get(TOOLS, tool_key(name))
        subject = subject_key(name)
        if session is not None:
            yield from _in_session(reader, name, subject, tool, session, session_key, now)
        key = pattern_id(subject, Level.TOOL, b"")
        pattern = reader.get(PATTERNS, key)
        if pattern is not None:
            calls = pattern.failures + pattern.successes
            if strength(pattern, now):
                text = f"{name} is failing at present; its last error was {quoted(pattern.last_error)}."
                yield _fact(text, name, key, pattern, now, 50.0)
            elif pattern.failures:
                text = f"{name}: {of_all(pattern.failures, calls)} failed."
                yield _fact(text, name, key, pattern, now, 0.5 + pattern.failures / calls)
        yield from _errors(reader, name, subject, tool, now)
        yield from _calls(reader, name, subject, tool, here, now)


def _in_session(
    reader: Reader, name: str, subject: bytes, tool: Tool | None, session: Session, session_key: bytes, now: float
) -> Iterator[Fact]:
    """The session's newest failure of the tool comes before all else."""
    if session.failed_tool != name or not session.failed_fingerprint:
        return
    key = pattern_id(subject, Level.CALL, session.failed_fingerprint)
    pattern = reader.get(PATTERNS, key)
    if pattern is not None and pattern.last_failed:
        count = session.failures_in_row(session.failed_fingerprint)
        text = f"In this session {name} with {shown_arguments(pattern.description)} failed {times(max(1, count))}, "
        text += f"{_last(count)} {quoted(pattern.last_error)}.{_fixed(pattern, tool, session_key)}"
        yield _fact(text, name, key, pattern, now, 100.0)


def _errors(reader: Reader, name: str, subject: bytes, tool: Tool | None, now: float) -> Iterator[Fact]:
    """The errors that the tool ends with most."""
    rows = _rows(reader, subject, Level.ERROR, tool)
    rows.sort(key=lambda row: -row[1].failures)
    for key, pattern in rows[:_ERRORS]:
        if pattern.failures < 2:
            continue
        again = failure_probability(pattern, now)
        # Errors of one kind differ in what they name: the text is that of the newest.
        text = f"{name} failed {times(pattern.failures)} with errors of one kind, last with "
        text += quoted(pattern.last_error or pattern.template)
        if pattern.plain.total >= 2.0:
            text += f"; repeating the same call failed again in {100.0 * again:.0f} % of cases"
        yield _fact(f"{text}.", name, key, pattern, now, 1.0 + min(9.0, pattern.failures / 10.0))


def _calls(
    reader: Reader, name: str, subject: bytes, tool: Tool | None, here: frozenset[bytes], now: float
) -> Iterator[Fact]:
    """Calls that are known to fail, those that failed here first."""
    rows = [row for row in _rows(reader, subject, Level.CALL, tool) if row[1].state is State.CONFIRMED]
    rows.sort(key=lambda row: (here.isdisjoint(row[1].scopes), -row[1].failures))
    for key, pattern in rows[:_CALLS]:
        text = f"{name} with {shown_arguments(pattern.description)} failed {times(pattern.failures)}, "
        text += f"{_last(pattern.failures)} {quoted(pattern.last_error)}.{_fixed(pattern, tool)}"
        yield _fact(text, name, key, pattern, now, 2.0 + min(9.0, pattern.failures / 10.0))


def _rows(reader: Reader, subject: bytes, level: Level, tool: Tool | None) -> list[tuple[bytes, UsagePattern]]:
    epoch = tool.epoch if tool is not None else 0
    start, stop = subject + bytes((level,)), subject + bytes((level + 1,))
    return [row for row in reader.scan(PATTERNS, start, stop, limit=_SEEN) if row[1].epoch == epoch]


def _fixed(pattern: UsagePattern, tool: Tool | None, session_key: bytes = b"") -> str:
    """The call that mends this one, where there is one: see ``learning/mending.py``."""
    before = decoded(pattern.description) if pattern.level is Level.CALL else None
    if before is None or (tool is not None and tool.descriptor.destructive):
        return ""
    best = next(mended_by(pattern, pattern.tool, session_key, (pattern.last_error,), before), None)
    return f" {shown_arguments(best.preview)} worked instead." if best is not None else ""


def _last(count: int) -> str:
    """What stands before the text of the newest of so many failures: the others' may differ."""
    return "with" if count == 1 else "last with"


def _fact(text: str, tool: str, key: bytes, pattern: UsagePattern, now: float, worth: float) -> Fact:
    size = len(text.encode("utf-8", "replace"))
    return Fact(text, -(-size // 4), tool, key, evidence_of(pattern, now), worth)

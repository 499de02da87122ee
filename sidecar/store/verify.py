"""Is the store what it says it is? Pages, records, indexes, and whatever else rooms promise of theirs.

Works in chunks, each in a read transaction of its own, so that a check of a running store never holds old pages for
long. A row and what it points to are compared within one transaction, so writes in between are no problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from sidecar.model.errors import CorruptStoreError

from . import folder as files
from . import pages
from .environment import Environment
from .reader import Reader
from .tables import (
    CALL_IDS,
    CALLS,
    DECISION_CALLS,
    DECISIONS,
    META,
    PATTERNS,
    SESSION_AGES,
    SESSION_KEYS,
    TOOLS,
    Table,
    hash16,
    u64,
)  # fmt: skip

MAX_PROBLEMS: Final = 100
#: Rows per read transaction: some milliseconds.
CHUNK: Final = 1000

#: Looks at one consistent view and says what is wrong with it. Must be quick: it holds its view while it runs.
Check = Callable[[Reader], Iterable[str]]
#: Looks at one row and what it points to.
Look = Callable[[Reader, bytes, Any], Iterator[str]]

DECLARED: Final[tuple[Table[Any], ...]] = (
    META, CALLS, CALL_IDS, DECISIONS, DECISION_CALLS, TOOLS, PATTERNS, SESSION_KEYS, SESSION_AGES,
)  # fmt: skip


class Report(NamedTuple):
    """What was found. ``problems`` is empty where all is well and stops at 100; ``entries`` counts rows by table."""

    problems: list[str]
    entries: dict[str, int]


def verify_pages(folder: Path) -> list[str]:
    """Check every page of the current generation. Only while nobody writes; about 20 MB a second."""
    number = files.read_current(folder)
    if number is None:
        return [f"{folder} holds no store"]
    return pages.problems_at_rest(folder / files.name_of(number))


def verify(environment: Environment, tables: Sequence[Table[Any]] = (), checks: Sequence[Check] = ()) -> Report:
    """Check an open store, in use or not: pages first, and where those are sound, rows.

    ``tables`` are those that rooms declared, ``checks`` what they promise. StoreUnavailableError where pages cannot be
    checked.
    """
    problems = environment.page_problems()
    if problems:
        # Rows are not looked at: LMDB, which would have to find them, may not survive such pages.
        return Report(problems[:MAX_PROBLEMS], {})
    entries: dict[str, int] = {}
    for table in {table.name: table for table in (*DECLARED, *tables)}.values():
        entries[table.name] = 0
        for count, found in _rows(environment, table):
            entries[table.name] += count
            problems += found
            if len(problems) >= MAX_PROBLEMS:
                return Report(problems[:MAX_PROBLEMS], entries)
    for check in (_balanced, *checks):
        with environment.read() as reader:
            try:
                problems += check(reader)
            except CorruptStoreError as error:
                problems.append(error.message)
    return Report(problems[:MAX_PROBLEMS], entries)


def _rows(environment: Environment, table: Table[Any]) -> Iterator[tuple[int, list[str]]]:
    """Check a table; rows and problems by chunk."""
    look = _LOOKS.get(table.name)
    start = b""
    while True:
        problems: list[str] = []
        count = 0
        with environment.read() as reader:
            try:
                for key, raw in reader.scan_raw(table, start, limit=CHUNK):
                    count += 1
                    start = key
                    problems += _of_row(reader, table, key, raw, look)
            except CorruptStoreError as error:  # a page, damaged since pages were looked at
                yield count, [*problems, error.message]
                return
        yield count, problems
        if count < CHUNK:
            return
        start += b"\0"  # the least key after it


def _of_row(reader: Reader, table: Table[Any], key: bytes, raw: bytes, look: Look | None) -> list[str]:
    try:
        row = table.decode(key, raw)
        return [] if look is None else [f"{table.name}[{key.hex()}] {found}" for found in look(reader, key, row)]
    except CorruptStoreError as error:
        return [error.message]


def _call(reader: Reader, key: bytes, call: Any) -> Iterator[str]:
    if u64(call.sequence) != key:
        yield f"says that its sequence is {call.sequence}"
    if call.call_id and reader.get_raw(CALL_IDS, hash16(call.call_id)) != key:
        yield "is not what call_ids names for its call id"


def _call_id(reader: Reader, key: bytes, sequence: int) -> Iterator[str]:
    call = reader.get(CALLS, u64(sequence))
    if call is None:
        yield f"names call {sequence}, which is not there"
    elif hash16(call.call_id) != key:
        yield f"names call {sequence}, which has another call id"


def _decision(reader: Reader, key: bytes, record: Any) -> Iterator[str]:
    if record.decision.decision_id != key:
        yield "says that it has another id"
    if record.call_id:
        latest = reader.get_raw(DECISION_CALLS, hash16(record.call_id))
        if latest is None or latest < key:
            yield "or a later one is not what decision_calls names for its call id"


def _decision_call(reader: Reader, key: bytes, decision: bytes) -> Iterator[str]:
    record = reader.get(DECISIONS, decision) if decision else None
    if record is None:
        yield f"names decision {decision.hex()}, which is not there"
    elif hash16(record.call_id) != key:
        yield f"names decision {decision.hex()}, which is about another call"


def _session_age(reader: Reader, key: bytes, _: bytes) -> Iterator[str]:
    if len(key) != 24 or reader.get_raw(SESSION_KEYS, key[8:]) is None:
        yield "names a session that is not there"


_LOOKS: Final[dict[str, Look]] = {
    "calls": _call,
    "call_ids": _call_id,
    "decisions": _decision,
    "decision_calls": _decision_call,
    "session_ages": _session_age,
}


def _balanced(reader: Reader) -> Iterator[str]:
    """Each session has one age. With every age naming a session, equal numbers say so unless one has two."""
    sessions, ages = reader.count(SESSION_KEYS), reader.count(SESSION_AGES)
    if sessions != ages:
        yield f"there are {sessions} sessions and {ages} session_ages"

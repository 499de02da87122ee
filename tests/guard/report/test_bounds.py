"""The report's memory does not grow with what it reads, and says what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Settings
from sidecar.guard.report import reading
from sidecar.guard.report.preventions import MAX_DETECTORS, MAX_TOOLS, OTHER
from sidecar.guard.report.reading import CHUNK, Period, read_report
from sidecar.guard.report.standouts import LISTED, Standouts
from sidecar.guard.report.whole import Report
from sidecar.model.decision import DecisionRecord
from sidecar.model.vocabulary import Outcome, State, Verdict
from sidecar.runtime import Rooms, open_rooms
from sidecar.store.tables import DECISIONS

from .decided import START, decided, pattern


def test_detectors_and_tools_are_told_apart_up_to_a_limit() -> None:
    def many() -> Iterator[DecisionRecord]:
        for n in range(MAX_TOOLS + 50):
            yield decided(n, tool=f"tool {n}", reasons=((f"code {n % 200}", 1.0),), would_be=Verdict.PREVENT)

    report = Report()
    report.add_decisions(many())
    assert len(report.detectors.by_code) == MAX_DETECTORS
    assert sum(one.spoke for one in report.detectors.by_code.values()) == MAX_TOOLS + 50
    assert report.detectors.by_code[OTHER].led > 0
    assert len(report.tools.by_name) == MAX_TOOLS
    assert report.totals.decisions == MAX_TOOLS + 50


def test_lists_of_patterns_are_short_and_in_order() -> None:
    found = Standouts()
    for n in range(1, 60):
        found.add(*pattern(n, prevented=n, wrong=n % 7, right=n % 2, appeals=n % 3))
    found.add(*pattern(99, state=State.SUSPENDED, suspended_reason="why not"))
    assert [one.prevented for _, one in found.most_used.listed()] == list(range(59, 59 - LISTED, -1))
    wrongs = [(-one.wrong, one.right) for _, one in found.most_wrong.listed()]
    assert wrongs == sorted(wrongs)
    assert wrongs[0] == (-6, 0)
    assert all(one.wrong and not one.right for _, one in found.never_right.listed())
    assert [one.appeals for _, one in found.most_appealed.listed()] == [2] * LISTED
    assert [key for key, _ in found.suspended.listed()] == [(99).to_bytes(20, "big")]
    assert (found.examined, found.suspended_count) == (60, 1)


def test_patterns_that_are_equally_striking_are_all_right() -> None:
    """Equal keys must not make Python compare patterns with each other."""
    found = Standouts()
    for n in range(3 * LISTED):
        found.add(*pattern(n, prevented=1, wrong=1, appeals=1))
    assert [key for key, _ in found.most_wrong.listed()] == [n.to_bytes(20, "big") for n in range(LISTED)]


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    known: dict[str, Any] = {"data_dir": tmp_path / "data"}
    opened = open_rooms(Settings(**known), clock=lambda: START + 3600.0)
    yield opened
    opened.close()


def stored(rooms: Rooms, count: int) -> list[bytes]:
    records = [decided(n, time=START + n, outcome=Outcome.FAILURE) for n in range(count)]

    def write(txn: object) -> None:
        for one in records:
            txn.put(DECISIONS, one.decision.decision_id, one)  # type: ignore[attr-defined]

    rooms.store.submit(write).result()
    return [one.decision.decision_id for one in records]


def read(rooms: Rooms, limit: int, start: bytes = b"", stop: bytes | None = None) -> tuple[Report, int]:
    pauses = []
    report = read_report(
        rooms.store, rooms.patterns, "", Period(start, stop, limit), 0.01, START, lambda: pauses.append(1)
    )
    return report, len(pauses)


def test_the_journal_is_read_in_pieces_newest_first(rooms: Rooms) -> None:
    ids = stored(rooms, 3 * CHUNK + 5)
    for limit, examined, cut in (
        (10**6, len(ids), False),
        (len(ids), len(ids), False),
        (len(ids) - 1, len(ids) - 1, True),
        (CHUNK, CHUNK, True),
        (7, 7, True),
    ):
        report, pauses = read(rooms, limit)
        assert (report.examined, report.cut) == (examined, cut)
        assert report.totals.newest == START + len(ids) - 1
        assert report.totals.oldest == START + len(ids) - examined
        assert pauses == (examined - 1) // CHUNK
    report, _ = read(rooms, 10**6, ids[10], ids[20])
    assert (report.examined, report.cut) == (10, False)
    assert (report.totals.oldest, report.totals.newest) == (START + 10, START + 19)
    assert read(rooms, 9, ids[10], ids[20])[0].cut


def test_a_caller_that_left_ends_it(rooms: Rooms) -> None:
    stored(rooms, 2 * CHUNK)

    def left() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_report(rooms.store, rooms.patterns, "", Period(b"", None, 10**6), 0.01, START, left)


def test_patterns_are_looked_at_up_to_a_limit(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [pattern(n, prevented=1) for n in range(2 * CHUNK + 1)]
    for saved in [rooms.patterns.save(key, one) for key, one in found]:
        saved.result()
    report, _ = read(rooms, 1)
    assert (report.standouts.examined, report.patterns_cut) == (len(found), False)
    monkeypatch.setattr(reading, "MAX_PATTERNS", 2 * CHUNK)
    report, _ = read(rooms, 1)
    assert (report.standouts.examined, report.patterns_cut) == (2 * CHUNK, True)


def test_the_budget_stands_as_the_daemon_counts_it(rooms: Rooms) -> None:
    report, _ = read(rooms, 1)
    assert (report.budget.budget, report.budget.spent) == (0.01, None)

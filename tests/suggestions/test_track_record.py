"""What came of suggesting, and the verdicts on it."""

from __future__ import annotations

import pytest

from sidecar.model.suggestion import SuggestionKind, SuggestionState
from sidecar.suggestions.criteria import Verdict, judge
from sidecar.suggestions.timing import CompletionTimes, Histogram, Times
from sidecar.suggestions.track_record import Adopted, Counted, TrackRecord, read
from tests.suggestions.conftest import Office, OpenOffice

DAY = 86_400.0
NONE = Times()


def record(office: Office) -> TrackRecord:
    return read(office.rooms.store, lambda: None)


def verdicts(found: TrackRecord, now: float, completion: Times = NONE, alone: Times = NONE) -> dict[str, Verdict]:
    return {one.code: one.verdict for one in judge(found, now, completion, alone)}


def test_an_empty_store_has_no_verdict(office: Office) -> None:
    found = record(office)
    assert (found.generated, found.acceptance, found.expected_error, found.months) == (0, None, None, {})
    assert set(verdicts(found, office.now).values()) == {Verdict.NOT_ENOUGH_DATA}


def test_what_people_decide_is_counted_by_month_type_and_confidence(open_office: OpenOffice) -> None:
    office = open_office(suggestions_per_day=100)
    subjects = ("kafka topics", "grafana boards", "vault engine", "redis cluster", "spark jobs")
    for one in subjects:
        office.gap(about=f"{one} of {one}")
    suggestions = office.pending()
    assert len(suggestions) == 5
    ids = [one.suggestion_id.hex() for one in suggestions]
    inbox = office.inbox
    done = inbox.approve(ids[0]).result(30)
    inbox.modify(ids[1], suggestions[1].draft).result(30)
    inbox.reject(ids[2], "no").result(30)
    inbox.approve(ids[3]).result(30)
    office.now += 40 * DAY
    inbox.undo(ids[3]).result(30)
    inbox.dismiss(ids[4]).result(30)
    inbox.undo(ids[4]).result(30)  # pending again: not decided, and not made twice
    assert done.entity is not None
    office.indexed(done.entity)
    for _ in range(3):
        office.run("kafka topics of kafka topics", [done.entity.id], ["KafkaTopic"])
    found = record(office)
    assert found.generated == found.generated_at_first == 5
    assert found.kinds[SuggestionKind.CREATE_PATTERN].decided == 4
    assert found.acceptance is not None
    assert (found.acceptance.value, found.acceptance.out_of) == (0.5, 4)
    assert sum(one.decided for one in found.bins) == 4
    sure = sum(one.confidence for one in found.bins)
    assert found.expected_error == pytest.approx(abs(sure - 2) / 4, abs=0.3)
    (first, second) = (found.months[month] for month in sorted(found.months))
    assert first[SuggestionState.PENDING] == 5
    assert (first[SuggestionState.APPROVED], first[SuggestionState.MODIFIED]) == (2, 1)
    assert second == {SuggestionState.REVERTED: 1, SuggestionState.DISMISSED: 1}
    by_id = {one.entity_id: one.times_used for one in found.adopted}
    assert by_id[done.entity.id] == 3
    assert len(by_id) == 2  # what was reverted is not in use
    assert found.generation.count >= 5 * 6


def test_a_report_reads_in_pieces_and_can_be_stopped(office: Office) -> None:
    office.pattern("web", "public website", "Deployment")
    for _ in range(70):
        office.run("public website", ["web"])
    pieces = 0

    def between() -> None:
        nonlocal pieces
        pieces += 1

    found = read(office.rooms.store, between)
    assert pieces >= 1
    assert found.patterns_with_metrics == 1

    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        read(office.rooms.store, stop)


def test_verdicts() -> None:
    found = TrackRecord(patterns_with_metrics=50, first_workflow=1.0, generated_at_first=4)
    assert verdicts(found, 10 * DAY)["suggestions_generated"] is Verdict.NOT_ENOUGH_DATA
    assert verdicts(found, 40 * DAY)["suggestions_generated"] is Verdict.NOT_MET
    assert verdicts(found, 40 * DAY)["patterns_with_metrics"] is Verdict.MET
    found.bins[9] = Counted(decided=4, taken=4)
    assert verdicts(found, 1.0)["accepted"] is Verdict.NOT_ENOUGH_DATA
    found.bins[9] = Counted(decided=10, taken=6)
    assert verdicts(found, 1.0)["accepted"] is Verdict.MET
    found.bins[9] = Counted(decided=10, taken=5)
    assert verdicts(found, 1.0)["accepted"] is Verdict.NOT_MET
    found.adopted = [Adopted(b"", "a", 9, 3), Adopted(b"", "b", 9, 0), Adopted(b"", "c", 2, 2)]
    assert verdicts(found, 1.0)["new_patterns_used"] is Verdict.NOT_ENOUGH_DATA  # c had no chance yet
    found.adopted.append(Adopted(b"", "d", 9, 0))
    assert verdicts(found, 1.0)["new_patterns_used"] is Verdict.NOT_MET
    often, slow = Times(2_000, 0.002, 0.012), Times(2_000, 0.002, 0.006)
    assert verdicts(found, 1.0, often, slow)["completion_added"] is Verdict.NOT_MET
    assert verdicts(found, 1.0, often, often)["completion_added"] is Verdict.MET
    assert verdicts(found, 1.0, often, Times(10, 0.1, 0.1))["completion_added"] is Verdict.NOT_ENOUGH_DATA


def test_a_histogram_is_exact_to_its_buckets() -> None:
    found = Histogram()
    assert found.times == Times()
    for number in range(1, 1_001):
        found.add(number / 1e5)
    assert found.at(0.5) == pytest.approx(0.005, rel=0.06)
    assert found.at(0.99) == pytest.approx(0.0099, rel=0.06)
    found.add(1e9)
    assert found.times.count == 1_001
    times = CompletionTimes()
    times.add(0.01, beside=True)
    times.add(0.001, beside=False)
    every, alone, beside = times.read()
    assert (every.count, alone.count, beside.count) == (2, 1, 1)
    assert alone.p99 < 0.0011 < 0.0099 < beside.p99

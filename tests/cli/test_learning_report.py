"""`forewarn report --learning` against a real daemon, and its page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from forewarn.v1 import knowledge_pb2, suggestion_pb2
from forewarn_cli.report import learning_page
from tests.cli import browser
from tests.cli.browser import Browser
from tests.cli.conftest import Forewarn
from tests.cli.reported import HOSTILE_ERROR, HOSTILE_TOOL
from tests.cli.test_review import work
from tests.server.running import RunningDaemon


def share(value: float, out_of: int) -> knowledge_pb2.Share:
    return knowledge_pb2.Share(value=value, low=value * 0.8, high=min(1.0, value * 1.1), out_of=out_of)


def full_report() -> suggestion_pb2.GetLearningReportResponse:
    """Something in every block, and texts in it that must not run."""
    times = suggestion_pb2.LearningTimes(count=2_000, p50=0.0021, p99=0.0123)
    verdicts = (1, 1, 2, 3, 1, 1)
    codes = ("patterns_with_metrics", "suggestions_generated", "accepted", "new_patterns_used", "completion_added",
             HOSTILE_TOOL)  # fmt: skip
    return suggestion_pb2.GetLearningReportResponse(
        time=Timestamp(seconds=1_790_000_000),
        criteria=[
            suggestion_pb2.LearningCriterion(
                code=code, verdict=suggestion_pb2.LearningVerdict.ValueType(verdict), measured=0.5, bar=0.6, cases=12,
                needed=20,
            )
            for code, verdict in zip(codes, verdicts, strict=True)
        ],
        acceptance_rate=share(0.7, 20),
        acceptance=[
            suggestion_pb2.LearningAcceptance(type=suggestion_pb2.SuggestionType.ValueType(kind), taken=share(0.7, 5))
            for kind in range(1, 5)
        ],
        calibration=[
            suggestion_pb2.LearningBin(
                low=place / 10, high=(place + 1) / 10, decided=place, mean_confidence=place / 10 + 0.05,
                taken=share(place / 10, place),
            )
            for place in range(10)
        ],
        expected_error=0.043,
        months=[
            suggestion_pb2.LearningMonth(
                start_time=Timestamp(seconds=1_764_547_200 + 2_678_400 * place), generated=9, approved=4, modified=1,
                rejected=2, dismissed=1, reverted=1, lapsed=place,
            )
            for place in range(12)
        ],
        adoption=[
            suggestion_pb2.SuggestionAdoption(
                suggestion_id=HOSTILE_ERROR, entity_id=HOSTILE_TOOL, times_recommended=9, times_used=7
            )
        ],
        completion=times, completion_alone=times, completion_beside=times, generation=times,
    )  # fmt: skip


def test_an_empty_store_says_what_is_missing(daemon: RunningDaemon, command: Forewarn, tmp_path: Path) -> None:
    at = ("--admin-address", daemon.admin_address)
    run = command(*at, "report", "--learning")
    assert run.code == 0
    assert "0 of 6 criteria met; for 6 there is not enough data yet." in run.out
    assert "not enough data (0 of 50)" in run.out
    file = tmp_path / "learning.html"
    assert command(*at, "report", "--learning", "--html", str(file)).code == 0
    assert "Nothing to draw yet." in file.read_text()


def test_it_counts_what_happened(daemon: RunningDaemon, command: Forewarn) -> None:
    work(daemon)
    (found,) = daemon.suggestion.ListSuggestions(suggestion_pb2.ListSuggestionsRequest()).suggestions
    daemon.suggestion.ApproveSuggestion(suggestion_pb2.ApproveSuggestionRequest(suggestion_id=found.suggestion_id))
    at = ("--admin-address", daemon.admin_address)
    report = json.loads(command(*at, "report", "--learning", "--json").out)
    by_code = {one["code"]: one for one in report["criteria"]}
    assert by_code["suggestions_generated"]["measured"] == 1
    assert by_code["accepted"] | {"bar": 0.6} == {
        "code": "accepted", "verdict": "LEARNING_VERDICT_NOT_ENOUGH_DATA", "measured": 1.0, "bar": 0.6, "cases": 1,
        "needed": 5,
    }  # fmt: skip
    assert report["acceptance_rate"]["out_of"] == 1
    assert [one["approved"] for one in report["months"]] == [1]
    assert report["adoption"][0]["suggestion_id"] == found.suggestion_id
    assert int(report["completion"]["count"]) == 6
    assert 0 < report["completion"]["p50"] <= report["completion"]["p99"] < 60
    counts = [int(report[name]["count"]) for name in ("completion_alone", "completion_beside")]
    assert sum(counts) == 6
    text = command(*at, "report", "--learning").out
    assert "100 % of 1 (21–100 %)" in text
    assert "not enough data (1 of 5)" in text


def test_what_does_not_go_together(command: Forewarn) -> None:
    for more in (("--tool", "sql"), ("--last", "7d"), ("--json", "--html", "x.html")):
        assert command("report", "--learning", *more).code == 2


def test_texts_on_the_page_are_texts() -> None:
    text = learning_page.render(full_report())
    assert "<script>document" not in text
    assert text.count("<script>") == 1
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not re.search(r'(?:src|href)="(?!#)', text), "it loads something"


@pytest.mark.long
def test_the_page_in_a_browser(tmp_path: Path) -> None:
    chromium = Browser(browser.find(), tmp_path)
    for name, report in (("full", full_report()), ("empty", suggestion_pb2.GetLearningReportResponse())):
        file = tmp_path / f"{name}.html"
        file.write_text(learning_page.render(report))
        looked = chromium.open(file)
        assert looked.complaints == []
        assert 'data-ready="yes"' in looked.document
        assert "data-owned" not in looked.document.partition("<head>")[0]
        assert len(re.findall(r"<svg ", looked.document)) == (2 if name == "full" else 0)
        for dark in (False, True):
            assert len(chromium.screenshot(file, 1280, 1500, dark=dark).colours()) > 50

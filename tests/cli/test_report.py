"""`forewarn report`: on the terminal, as JSON, and as a page that loads nothing and runs nothing of others."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import xml.etree.ElementTree as ET
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from forewarn.v1 import admin_pb2
from forewarn_cli.report import bars, blocks, page
from forewarn_cli.report import terminal as report_on_a_terminal
from forewarn_cli.report.parts import unbroken
from tests.cli.conftest import Forewarn, Terminal
from tests.cli.double import Double
from tests.cli.reported import HOSTILE, HOSTILE_TOOL, START, full_report

QUERY = '{"query": "SELECT nme FROM users"}'
#: Attributes that make a browser load something.
LOADS = {"src", "href", "srcset", "data", "poster", "background", "xlink:href", "action", "formaction", "ping"}


class Elements(HTMLParser):
    """What a browser would make of the page: its elements, and the text of some."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style", "title"):
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data
        else:
            self.words.append(data)


@pytest.fixture(scope="module")
def written() -> str:
    """The page of a report with hostile texts everywhere."""
    return page.render(full_report())


@pytest.fixture(scope="module")
def parsed(written: str) -> Elements:
    return Elements(written)


def judged(forewarn: Forewarn) -> None:
    """One prevention in shadow that was right, one that was wrong, one call that nothing was known of."""
    fail = ("--outcome", "failure", "--error", "no such column: nme")
    assert forewarn("record", "sql", QUERY, "--session", "s", *fail).code == 0
    for outcome in (fail, ("--outcome", "success")):
        decision = forewarn("check", "sql", QUERY, "--session", "s", "--json").json["decision"]["decision_id"]
        run = forewarn("record", "sql", QUERY, "--session", "s", "--decision-id", decision, *outcome)
        assert run.code == 0, run.err
    decision = forewarn("check", "http", "--json").json["decision"]["decision_id"]
    assert forewarn("record", "http", "--outcome", "success", "--decision-id", decision).code == 0


def test_the_terminal_says_what_was_prevented_and_how_often_it_was_right(forewarn: Forewarn) -> None:
    judged(forewarn)
    run = forewarn("report")
    assert run.code == 0, run.err
    assert run.out.startswith("2 of 3 calls would have been prevented; of those 1 failed and 1 worked.\n")
    assert "\ncalls decided: 3\n" in run.out
    assert "\nright, wrong: 1, 1\n" in run.out
    assert "\nrecall: 100.0 % of failures; " in run.out
    assert "\nprecision: 50.0 % of preventions; " in run.out
    assert "\nfalse prevention: 50.00 % of good calls; " in run.out
    assert "\nbudget: 1.00 % of good calls; " in run.out
    assert "Figures stand on 3 of 3 calls" in run.out
    assert "Ranges are 90 % intervals." in run.out
    assert "\nsql\t2\t1\t2\t0\t1\t1\t50.0 %\t100.0 %\n" in run.out
    assert "Of 1 more tool nothing was prevented" in run.out


def test_json_is_the_response(forewarn: Forewarn) -> None:
    judged(forewarn)
    run = forewarn("report", "--json")
    assert run.code == 0, run.err
    answer = ParseDict(run.json, admin_pb2.GetReportResponse())
    assert (answer.totals.right, answer.totals.wrong) == (1, 1)
    pattern = answer.patterns.most_wrong[0].usage_pattern_id
    assert forewarn("patterns", "show", pattern).code == 0
    assert forewarn("decisions", "show", answer.tools[0].examples[0].decision_id).code == 0
    assert forewarn("report", "--tool", "http", "--json").json["totals"]["decisions"] == "1"
    assert forewarn("report", "--limit", "1", "--json").json["scope"]["cut"] is True
    assert forewarn("report", "--last", "1h", "--json").json["totals"]["decisions"] == "3"
    assert forewarn("report", "--until", "2020-01-01", "--json").json["totals"]["decisions"] == "0"


def test_the_page_is_written_whole_and_says_where(forewarn: Forewarn, tmp_path: Path) -> None:
    judged(forewarn)
    file = tmp_path / "report.html"
    run = forewarn("report", "--html", str(file))
    assert run.code == 0, run.err
    assert run.out.startswith(f"wrote {file} (")
    text = file.read_text()
    assert text.startswith("<!doctype html>")
    assert "2 of 3 calls would have been prevented" in text
    assert text.count("<svg ") >= 7


def test_an_empty_store_has_a_page_too(forewarn: Forewarn, tmp_path: Path) -> None:
    assert "No decision was made in this period." in forewarn("report").out
    file = tmp_path / "report.html"
    assert forewarn("report", "--html", str(file)).code == 0
    assert "Nothing to show yet" in file.read_text()


@pytest.mark.parametrize("without", ["curve", "rates", "calibration", "buckets", "detectors", "tools", "patterns"])
def test_a_page_without_one_block_is_still_a_page(without: str) -> None:
    report = full_report(tool_count=2, bucket_count=1)
    report.ClearField(without)  # type: ignore[arg-type]
    assert page.render(report).endswith("</html>\n")


def test_what_is_asked_for(forewarn_double: Forewarn, double: Double) -> None:
    run = forewarn_double("report", "--tool", "sql", "--since", "2026-01-01", "--until", "2026-02-01", "--limit", "9")
    assert run.code == 0, run.err
    ((_, request),) = double.state.received
    assert (request.tool, request.limit) == ("sql", 9)
    assert request.end_time.seconds - request.start_time.seconds == 31 * 86_400
    forewarn_double("report", "--last", "2d")
    assert double.state.received[-1][1].start_time.seconds > START - 10 * 365 * 86_400
    assert not double.state.received[-1][1].HasField("end_time")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--open"], "--open shows the page that --html writes"),
        (["--json", "--html", "x.html"], "one at a time"),
        (["--since", "2026-01-01", "--last", "1h"], "one at a time"),
        (["--last", "soon"], "expected a duration"),
        (["--last", "999999999d"], "too long"),
        (["--limit", "0"], "limit"),
    ],
)
def test_2_when_it_cannot_be_meant(forewarn_double: Forewarn, arguments: list[str], said: str) -> None:
    run = forewarn_double("report", *arguments)
    assert run.code == 2
    assert said in run.err
    assert "Traceback" not in run.err


def test_2_when_the_page_cannot_be_written(forewarn_double: Forewarn, tmp_path: Path) -> None:
    run = forewarn_double("report", "--html", str(tmp_path / "nowhere" / "report.html"))
    assert run.code == 2
    assert run.err.startswith("forewarn: cannot write ")


def test_a_missing_extra_is_named_before_the_daemon_is_asked(
    command: Forewarn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    run = command("report", "--html", str(tmp_path / "x.html"))
    assert run.code == 2
    assert run.err == "forewarn: --html needs the extra `report`: pip install 'forewarn[report]'\n"


def test_opening_uses_the_browser(forewarn_double: Forewarn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def see(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", see)
    file = tmp_path / "a report.html"
    assert forewarn_double("report", "--html", str(file), "--open").code == 0
    assert opened == [file.as_uri()]


def test_tools_whose_names_begin_and_end_alike_have_bars_of_their_own() -> None:
    names = [f"mcp__a-server-with-a-long-name__{middle}_in_the_environment" for middle in ("create", "update", "drop")]
    answer = admin_pb2.GetReportResponse(
        tools=[admin_pb2.ReportTool(tool=name, would_prevent=3, right=2, wrong=1) for name in [*names, "short"]]
    )
    drawn = bars.tools(answer.tools)
    for label in ("mcp__a-serve…environment", "mcp__a-serv…nvironment 2", "mcp__a-serv…nvironment 3", "short"):
        assert f">{label}</text>" in drawn


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: admin_pb2.GetReportResponse) -> str:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    report_on_a_terminal.show(answer)
    return "\n".join(shown.lines)


def test_a_terminal_is_told_of_the_first_tools_and_a_pipe_of_all(
    forewarn_double: Forewarn, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    double.state.report = admin_pb2.GetReportResponse(
        totals=admin_pb2.ReportTotals(decisions=30),
        tools=[admin_pb2.ReportTool(tool=f"tool-{number:03}", would_prevent=1) for number in range(30)],
    )
    piped = forewarn_double("report").out
    assert "tool-029" in piped
    assert "not shown" not in piped
    said = on_a_terminal(monkeypatch, double.state.report)
    assert "tool-019" in said
    assert "tool-020" not in said
    assert "10 more tools are not shown; --json has all, and so has a pipe." in said


def test_a_terminal_is_shown_the_newest_of_the_time_in_which_calls_were_decided(
    forewarn_double: Forewarn, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    double.state.report = full_report(bucket_count=30)
    for bucket in double.state.report.buckets[20:]:
        bucket.decisions = 0
    piped = forewarn_double("report").out
    assert piped.count("\t20\t70\t12\t8\t") == 30
    said = on_a_terminal(monkeypatch, double.state.report)
    assert "18 rows are not shown: older or without a call" in said
    assert [f" {100 + number} " in said.partition("Over time")[2] for number in range(30)] == [
        8 <= number < 20 for number in range(30)
    ]


def test_the_terminal_and_the_page_say_the_same(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    said = on_a_terminal(monkeypatch, full_report()).splitlines()
    flat = " ".join(" ".join(said).split())
    titles = re.findall("<h2[^>]*>(.*?)</h2>", written)
    assert len(titles) == 6
    assert [line for line in said if line in titles] == titles
    for name, value, of in blocks.rates(full_report()):
        assert f"{name} {value} {of}" in flat
        assert f"<dt>{name}</dt><dd><strong>{value}</strong><span>{unbroken(of)}</span>" in written
    for key in (blocks.reliability_key(full_report()), blocks.curve_key(full_report())):
        assert key in said
        assert key in written
    for note in blocks.notes(full_report()):
        assert note in flat
        assert note in written


@pytest.mark.parametrize(
    ("totals", "said"),
    [
        ({"decisions": 1}, "None of 1 call would have been prevented."),
        ({"decisions": 1, "would_prevent": 1, "right": 1}, "1 of 1 call would have been prevented; it failed."),
        ({"decisions": 3, "would_prevent": 1, "wrong": 1}, "1 of 3 calls would have been prevented; it worked."),
        (
            {"decisions": 3, "would_prevent": 1, "prevented": 1},
            "1 of 3 calls was prevented or would have been; how it would have ended is not known.",
        ),
    ],
)
def test_one_is_told_as_one(totals: dict[str, int], said: str) -> None:
    answer = admin_pb2.GetReportResponse(totals=admin_pb2.ReportTotals(**totals), tools_left_out=1)
    assert blocks.verdict(answer) == said
    assert blocks.left_out(answer) == "1 more tool is left out; --tool asks for one."


def test_a_period_without_decisions_has_no_empty_tables(forewarn: Forewarn) -> None:
    run = forewarn("report", "--since", "2100-01-01")
    assert run.code == 0, run.err
    assert run.out.startswith("No decision was made in this period.\n")
    assert "\t" not in run.out
    judged(forewarn)
    assert blocks.PATTERNS in forewarn("report", "--since", "2100-01-01").out


def test_notes_on_one_are_about_one() -> None:
    answer = admin_pb2.GetReportResponse(
        totals=admin_pb2.ReportTotals(decisions=1, would_prevent=1), scope=admin_pb2.ReportScope(examined=1, cut=True)
    )
    notes = blocks.notes(answer)
    assert "1 prevention has no outcome and counts neither as right nor as wrong." in notes
    assert notes[-1].startswith("Only the newest decision was looked at")
    assert notes[0].startswith("Figures stand on 0 of 1 call, ")


def test_hostile_texts_do_not_steer_the_terminal(forewarn_double: Forewarn, double: Double) -> None:
    double.state.report.CopyFrom(full_report())
    run = forewarn_double("report")
    assert run.code == 0, run.err
    assert HOSTILE_TOOL in run.out
    assert "\x1b" not in run.out
    assert "Only the newest 12,345 decisions were looked at (--limit)" in run.out
    assert "60 let through as probes, 30 let through at random, 4 made in spite of it" in run.out
    assert "1,406 preventions have no outcome" in run.out
    assert "7 more tools are left out" in run.out


def test_the_page_loads_nothing(written: str, parsed: Elements) -> None:
    for tag, attributes in parsed.elements:
        assert tag not in {"link", "iframe", "object", "embed", "img", "image", "base", "form", "audio", "video"}
        assert not LOADS & set(attributes), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
    (style,) = parsed.texts["style"]
    assert "url(" not in style
    assert "@import" not in style
    assert not re.findall(r"https?://(?!www\.w3\.org/)", written), "only SVG's names are URLs"


def test_its_policy_lets_only_its_own_style_and_script_in(parsed: Elements) -> None:
    policies = [
        attributes["content"]
        for tag, attributes in parsed.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    rules = dict(rule.split(" ", 1) for rule in str(policies[0]).split("; "))

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    (style,), (script,) = parsed.texts["style"], parsed.texts["script"]
    assert rules == {
        "default-src": "'none'",
        "style-src": hashed(style),
        "script-src": hashed(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not [attributes for _, attributes in parsed.elements if "style" in attributes], "the policy would refuse it"


def test_hostile_texts_are_texts(written: str, parsed: Elements) -> None:
    shown = "".join(parsed.words)
    for text in HOSTILE:
        plain = text.replace("\u202e", "\\x202e").replace("\x1b", "\\x1b")
        assert plain in shown
        assert text not in written
    assert "\u202e" not in unescape(written)
    charts = re.findall(r"<svg .*?</svg>", written, re.DOTALL)
    assert len(charts) == 7
    for chart in charts:  # well-formed, and nothing in it that is not a drawing
        names = {element.tag.rpartition("}")[2] for element in ET.fromstring(chart).iter()}
        assert names <= {"svg", "g", "path", "line", "rect", "text", "defs", "clipPath", "tspan", "title"}


def test_headings_labels_and_tables_stand_in_for_charts(parsed: Elements) -> None:
    tags = [tag for tag, _ in parsed.elements]
    assert tags.count("h1") == 1
    assert tags.count("h2") == 6
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for tag, attributes in parsed.elements:
        if tag == "svg":
            assert attributes.get("role") == "img"
            assert len(str(attributes.get("aria-label"))) > 20
    assert {"lang": "en"} in [attributes for tag, attributes in parsed.elements if tag == "html"]
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = [attributes["aria-labelledby"] for tag, attributes in parsed.elements if tag == "section"]
    assert labelled == ["reliability", "curve", "time", "detectors", "tools", "patterns"]
    assert set(labelled) <= set(ids)


@pytest.mark.parametrize(
    ("table", "rows"), [(blocks.reliability, 9), (blocks.curve, 7), (blocks.buckets, 48), (blocks.detectors, 3)]
)
def test_tables_hold_what_charts_show(table: Any, rows: int) -> None:
    made = table(full_report())
    assert len(made.rows) == rows
    assert all(len(row) == len(made.columns) for row in made.rows)


def test_the_report_in_a_sentence() -> None:
    report = full_report()
    assert blocks.verdict(report) == (
        "1,500 of 12,000 calls were prevented or would have been; "
        "of 94 that were made all the same, 90 failed and 4 worked."
    )
    report.totals.right = report.totals.wrong = 0
    assert blocks.verdict(report).endswith("how those would have ended is not known.")
    report.totals.would_prevent = 0
    assert blocks.verdict(report) == "None of 12,000 calls would have been prevented."

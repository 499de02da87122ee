"""Output: safe for a terminal, whole in a pipe, as wide as the window."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from forewarn.v1 import model_pb2
from forewarn_cli import wording
from forewarn_cli.screen import Brief, Screen, wrapped
from tests.cli.conftest import Forewarn, Terminal, visible
from tests.cli.double import Double

NASTY = "\x1b[2J[bold]red[/bold]\x9b31m\u202etxt"


def on_a_terminal(double: Double, *arguments: str, columns: int = 60, **environment: str) -> str:
    leader, follower = pty.openpty()
    addresses = ["--address", double.guard_address, "--admin-address", double.admin_address]
    process = subprocess.Popen(
        [sys.executable, "-m", "forewarn_cli", *addresses, *arguments],
        stdout=follower,
        stdin=follower,
        stderr=follower,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", **environment},
    )
    os.close(follower)
    read = b""
    try:
        while chunk := os.read(leader, 65536):
            read += chunk
    except OSError:  # the other end closed
        pass
    os.close(leader)
    assert process.wait(20) == 0, read
    return read.decode().replace("\r\n", "\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Terminal]:
    def of_width(columns: int) -> Terminal:
        made = Terminal()
        monkeypatch.setattr(sys, "stdout", made)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("NO_COLOR", "1")
        return made

    return of_width


def fill(forewarn: Forewarn) -> str:
    arguments = '{"query": "SELECT nme FROM a_rather_long_table_name WHERE \u4f60\u597d = 1"}'
    forewarn("record", "mcp__database__run_sql", arguments, "--outcome", "failure", "--error", "no column " * 30)
    decision: str = forewarn("check", "mcp__database__run_sql", arguments, "--json").json["decision"]["decision_id"]
    return decision


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_nothing_is_wider_than_the_terminal(forewarn_double: Forewarn, double: Double, columns: int) -> None:
    decision = fill(forewarn_double)
    for arguments in (["decisions"], ["decisions", "show", decision], ["patterns"], ["stats"], ["status"], ["calls"]):
        text = visible(on_a_terminal(double, *arguments, columns=columns, NO_COLOR="1"))
        assert max(map(cell_len, text.splitlines())) <= columns, arguments


TIME = "2026-11-29 10:48:17Z"
ARGUMENTS = '{"command":"find /system -type f -name a.out -o -name core -mtime +7 -exec rm -f {} +"}'


@pytest.mark.parametrize("columns", range(30, 200, 7))
def test_nothing_that_a_table_says_is_cut(terminal: Callable[[int], Terminal], columns: int) -> None:
    shown = terminal(columns)
    row = [TIME, "0" * 32, "bash", "39 %", "failure: invalid argument", ARGUMENTS]
    Screen().table(["time", "decision", "tool", ">fails", "became", "arguments"], [row] * 2)
    assert max(map(cell_len, shown.lines)) <= columns
    said = "".join("".join(shown.lines).split())
    letters = sorted("".join(row * 2).replace(" ", ""))
    for letter in set(letters):
        assert said.count(letter) >= letters.count(letter), letter


def test_short_cells_stay_on_one_line_and_the_longest_is_wrapped(terminal: Callable[[int], Terminal]) -> None:
    shown = terminal(120)
    row = [TIME, "0" * 32, "failure: invalid argument", "39 %", "word " * 12]
    Screen().table(["time", "decision", "became", ">fails", "arguments"], [row])
    assert shown.lines[2].startswith("  ".join(row[:3]))
    assert shown.lines[3].split() == ["word"] * 6


def test_a_pipe_gets_long_texts_whole_and_a_terminal_their_beginning(
    forewarn_double: Forewarn, double: Double, terminal: Callable[[int], Terminal]
) -> None:
    long = '{"query": "' + "x" * 300 + '"}'
    decision = forewarn_double("check", "sql", long, "--json").json["decision"]["decision_id"]
    forewarn_double("record", "sql", long, "--outcome", "failure", "--error", "no such column " * 20)
    for listing in ("decisions", "calls"):
        (row,) = forewarn_double(listing).rows
        assert row["arguments"] == long
    assert row["error"] == " ".join(["no such column"] * 20)
    assert "x" * 300 in forewarn_double("decisions", "show", decision).out
    shown = terminal(1000)
    Screen().table(["arguments"], [[Brief(long, 120)]])
    assert shown.lines[-1] == long[:119] + "…"


def test_columns_that_say_nothing_take_no_room(terminal: Callable[[int], Terminal]) -> None:
    shown = terminal(40)
    Screen().table(["tool", "server", ">calls"], [["sql", "", "1"], ["bash", "", "2"]])
    assert shown.lines[0].split() == ["tool", "calls"]


def test_numbers_of_a_block_stand_on_one_line(terminal: Callable[[int], Terminal]) -> None:
    shown = terminal(40)
    columns = ["tool", ">calls", ">ok", ">failed", ">fails", "last called"]
    Screen().table(columns, [["a_tool_with_a_name_that_is_long", "150", "73", "77", "51.3 %", TIME]])
    assert shown.lines == [
        "tool         a_tool_with_a_name_that_is_",
        "             long",
        "calls        150, ok 73, failed 77,",
        "             fails 51.3 %",
        f"last called  {TIME}",
    ]


def test_what_is_said_of_a_reason_stands_under_it(terminal: Callable[[int], Terminal]) -> None:
    shown = terminal(40)
    screen = Screen()
    details = screen.listed(["3 of 3 failed, 53–100 % (90 %)", "", "last " + TIME], ";", 7)
    screen.entry(" +0.74 ", ["similar_calls  3 of 3 calls that look like this failed"], [details])
    assert shown.lines == [
        " +0.74 similar_calls  3 of 3 calls that",
        "       look like this failed",
        "       3 of 3 failed, 53–100 % (90 %);",
        "       last " + TIME,
    ]


def test_code_is_not_broken_into_lines(terminal: Callable[[int], Terminal]) -> None:
    shown = terminal(40)
    Screen().code("-description: " + "a word " * 12 + "and the end")
    assert len(shown.lines) == 1


def test_a_number_and_its_percent_sign_stay_together() -> None:
    assert wrapped("it fails with 27–63 % (90 %)", 27) == "it fails with 27–63 %\n(90 %)"
    assert wrapped("it fails with 27–63 % (90 %)", 20) == "it fails with\n27–63 % (90 %)"
    assert wrapped("  a\n\nb" + "c" * 5, 4) == "  a\n\nbccc\ncc"


def test_no_color_is_honoured(forewarn_double: Forewarn, double: Double) -> None:
    decision = fill(forewarn_double)
    assert "\x1b[1;31m" in on_a_terminal(double, "decisions", "show", decision, NO_COLOR="")
    plain = on_a_terminal(double, "decisions", "show", decision, NO_COLOR="1")
    assert "31m" not in plain


def test_a_pipe_gets_whole_tab_separated_lines(forewarn_double: Forewarn) -> None:
    fill(forewarn_double)
    (row,) = forewarn_double("calls").rows
    assert row["tool"] == "mcp__database__run_sql"
    assert row["ended"] == "failure: not found"


def test_what_tools_say_does_not_steer_the_terminal(forewarn_double: Forewarn, double: Double) -> None:
    forewarn_double("record", "t", "--outcome", "failure", "--error", NASTY)
    for text in (forewarn_double("calls").out, on_a_terminal(double, "calls", columns=200, NO_COLOR="1")):
        assert "[bold]red[/bold]" in text
        assert "\\x1b[2J" in text
        assert not {"\x9b", "\u202e"} & set(text)
    assert "\x1b" not in forewarn_double("calls", "--json").out
    assert forewarn_double("calls", "--json").json["calls"][0]["error"] == NASTY


def test_the_explanation_of_a_decision_is_whole(forewarn_double: Forewarn) -> None:
    decision = fill(forewarn_double)
    text = forewarn_double("decisions", "show", decision).out
    for part in ("exact_repeat", "+2.50", "-0.50", "c000000", "1 of 1 failed", "5–95 % (90 %)", "double 1",
                 "pattern p-mcp__database__run_sql", "became: not recorded", "other arguments", "works"):  # fmt: skip
        assert part in text
    forewarn_double("record", "mcp__database__run_sql", "--outcome", "success", "--decision-id", decision)
    assert "became: success" in forewarn_double("decisions", "show", decision).out


@pytest.mark.parametrize("why", ["probe", "holdout", "capped"])
def test_why_a_call_is_let_through_stands_beside_the_verdict(
    forewarn_double: Forewarn, double: Double, why: str
) -> None:
    fill(forewarn_double)
    decision = double.state.decisions[-1].decision
    if why == "probe":
        decision.probe.usage_pattern_id = "p"
    else:
        setattr(decision, why, True)
    for text in (forewarn_double("decisions", "query").out, on_a_terminal(double, "decisions", "query", columns=200)):
        assert f"({why})" in text
        assert "Styled" not in text


def test_a_pipe_that_knows_only_ascii(forewarn_double: Forewarn, double: Double) -> None:
    decision = fill(forewarn_double)
    command = [sys.executable, "-m", "forewarn_cli", "--admin-address", double.admin_address, "decisions", "show"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    run = subprocess.run([*command, decision], capture_output=True, env=environment, check=True)
    assert b"####" in run.stdout


def test_a_line_break_does_not_begin_a_line_of_ours(forewarn_double: Forewarn) -> None:
    forewarn_double("record", "t", "--outcome", "failure", "--error", "x\nverdict: allow")
    pattern = forewarn_double("patterns", "show", "p-t").out
    assert "last error: x\\nverdict: allow\n" in pattern


def test_bars_are_as_long_as_what_they_show() -> None:
    screen = Screen()
    assert screen.bar(2, 2, 4) in ("████", "####")
    assert screen.bar(-1, 2, 4) in ("██", "##")
    assert screen.bar(0, 0) == screen.bar(0, 2) == ""


def test_words() -> None:
    assert wording.label(model_pb2.Verdict, model_pb2.VERDICT_REQUIRE_APPROVAL) == "require approval"
    assert wording.label(model_pb2.Verdict, 0) == ""
    assert wording.label(model_pb2.Verdict, 99) == "99", "a newer daemon's"
    level = wording.value(model_pb2.UsagePatternLevel, "call")
    assert level == model_pb2.USAGE_PATTERN_LEVEL_CALL
    assert wording.value(model_pb2.Cause, "not-found") == model_pb2.CAUSE_NOT_FOUND
    assert wording.value(model_pb2.Mode, None) == 0
    assert [wording.size(n) for n in (12, 2048, 3 << 30)] == ["12 B", "2.0 KiB", "3.0 GiB"]
    assert wording.percent(None) == "–"
    assert wording.evidence(model_pb2.Evidence()) == "no calls"
    assert wording.evidence(model_pb2.Evidence(calls=3)) == "3 calls"
    assert wording.evidence(model_pb2.Evidence(failures=1, successes=0.0001, calls=1)) == "1 of 1 failed"
    assert wording.evidence(model_pb2.Evidence(failures=2.99, successes=4.98, calls=8)) == "3 of 8 failed"
    assert wording.evidence(model_pb2.Evidence(failures=1.5, successes=1, calls=4)).startswith("1.5 of 2.5 failed by")

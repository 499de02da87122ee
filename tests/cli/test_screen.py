"""Output: safe for a terminal, whole in a pipe, as wide as the window."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest
from rich.cells import cell_len

from forewarn.v1 import model_pb2
from forewarn_cli import wording
from forewarn_cli.screen import Screen
from tests.cli.conftest import Forewarn
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


def visible(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


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
    assert wording.evidence(model_pb2.Evidence(failures=1.5, successes=1, calls=4)).startswith("1.5 of 2.5 failed by")

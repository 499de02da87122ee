"""Replay: what is asked, what is told, what is counted, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forewarn.v1 import model_pb2
from forewarn_cli.replay import private_daemon
from forewarn_cli.replay.detectors import NONE, detector, table
from forewarn_cli.replay.records import call_id, record_of
from forewarn_cli.replay.trace_files import parse
from tests.cli import double as double_module
from tests.cli.conftest import Forewarn
from tests.cli.double import Double

FIGURES = ["source", "calls", "failures", "prevented", "precision", "recall", "f1", "false_prevention_rate",
           "recall_at_fpr_1pct", "ece", "mended", "retry_advised", "retry_made",
           "retry_advised_of_mended", "retry_precision", "checks_per_second", "check_p50_us", "check_p99_us",
           "records_per_second", "skipped"]  # fmt: skip


def heed_ctrl_c() -> None:
    """In a child: a suite that a shell runs in the background ignores SIGINT, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def row(args: str, outcome: str, session: str = "s", source: str = "web", **more: Any) -> dict[str, Any]:
    return {"source": source, "session_id": session, "tool": "get", "args": {"url": args}, "outcome": outcome, **more}


# The double prevents what failed before: the second and third "gone" right, the last one wrong.
STORY = [
    row("home", "success", seq=0, context={"exit_code": 0, "model": "m"}),
    row("gone", "failure", seq=1, context={"exit_code": 1, "model": "m"}, error="404", duration_ms=1500),
    row("gone", "failure", seq=2, error="404", result_excerpt="not found"),
    row("gone", "timeout", seq=3),
    row("home", "success", seq=4),
    row("gone", "success", seq=5),
]


@pytest.fixture
def story(tmp_path: Path) -> str:
    return write(tmp_path / "story.jsonl", STORY)


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The private daemon is our double; temporary folders go where the test can look for what is left."""
    monkeypatch.setattr(private_daemon, "COMMAND", (sys.executable, str(double_module.__file__)))
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


def write(file: Path, rows: list[dict[str, Any]]) -> str:
    file.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return str(file)


def test_the_figures_of_a_story(forewarn_double: Forewarn, story: str) -> None:
    run = forewarn_double("replay", story, "--yes", "--json")
    assert run.code == 0, run.err
    (figures,) = run.json
    assert list(figures) == FIGURES
    assert (figures["source"], figures["calls"], figures["failures"], figures["prevented"]) == ("web", 6, 3, 3)
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["false_prevention_rate"] == pytest.approx(1 / 3)
    assert figures["recall_at_fpr_1pct"] == 0, "the three at 0.9 are tied"
    assert figures["check_p50_us"] > 0
    assert figures["records_per_second"] > 0


def test_nothing_known_only_afterwards_is_sent_before(forewarn_double: Forewarn, double: Double, story: str) -> None:
    assert forewarn_double("replay", story, "--yes").code == 0
    assert len(double.state.received) == 12
    kinds = [kind for kind, _ in double.state.received]
    assert kinds == ["ask", "tell"] * 6, "asked before, told after, in order"
    for kind, message in double.state.received:
        call = message if kind == "ask" else message.call
        assert "exit_code" not in call.context
        assert len(call.context) <= 1
    asked, told = double.state.received[2][1], double.state.received[3][1]
    assert asked == told.call
    assert asked.context["model"] == "m"
    assert told.result.outcome == model_pb2.OUTCOME_FAILURE
    assert told.result.error == "404"
    assert told.result.duration.ToTimedelta().total_seconds() == 1.5
    assert told.decision_id == "d000001"
    assert told.call.call_id.startswith("web/s/1@")
    times = [message.time.ToNanoseconds() for kind, message in double.state.received if kind == "ask"]
    assert times == sorted(times)
    assert times[-1] <= time.time_ns(), "not from the future"


def test_other_result_keys(forewarn_double: Forewarn, double: Double, story: str) -> None:
    assert forewarn_double("replay", story, "--yes", "--result-key", "model, verdict").code == 0
    assert set(double.state.received[0][1].context) == {"exit_code"}


def test_two_replays_on_one_daemon_are_two_stories(forewarn_double: Forewarn, double: Double, story: str) -> None:
    for _ in range(2):
        assert forewarn_double("replay", story, "--yes").code == 0
    assert len(double.state.calls) == 12, "no call id twice"
    assert len({call.session_id for call in double.state.calls}) == 2


def test_teaching_a_running_daemon_needs_a_yes(forewarn_double: Forewarn, double: Double, story: str) -> None:
    run = forewarn_double("replay", story)
    assert run.code == 2
    assert "--private" in run.err
    assert "--yes" in run.err
    assert not double.state.received


def test_who_prevented_what(forewarn_double: Forewarn, story: str) -> None:
    run = forewarn_double("replay", story, "--yes", "--by", "detector", "--json")
    expected = {"detector": "exact_repeat", "prevented": 3, "right": 2, "wrong": 1, "share_of_recall": 1.0}
    assert run.json[0]["detectors"] == [expected]
    assert "exact_repeat\t4\t3\t1\t100.0 %" in forewarn_double("replay", story, "--yes", "--by", "detector").out, (
        "it learned from the first replay"
    )


def test_the_strongest_reason_gets_the_credit() -> None:
    reasons = [model_pb2.Reason(code="a", contribution=1), model_pb2.Reason(code="b", contribution=2)]
    assert detector(reasons) == "b"
    assert detector([]) == NONE
    assert detector([model_pb2.Reason(code="a", contribution=-1)]) == NONE
    from collections import Counter

    assert [line["share_of_recall"] for line in table(Counter(a=3, b=1), Counter(b=9))] == [0.25, 0.75]


def test_a_call_that_would_be_refused_is_named_before_anything_is_taught(
    forewarn_double: Forewarn, double: Double, tmp_path: Path
) -> None:
    file = write(tmp_path / "long.jsonl", [row("x", "success"), {"tool": "t" * 300, "outcome": "success"}])
    run = forewarn_double("replay", file, "--yes")
    assert run.code == 2
    assert "long.jsonl:2: tool: must be at most 256 bytes" in run.err
    assert "--skip-bad" in run.err
    assert not double.state.received
    run = forewarn_double("replay", file, "--yes", "--skip-bad", "--json")
    assert run.code == 0
    assert "1 line skipped:" in run.err
    assert "long.jsonl:2: tool: must be at most 256 bytes" in run.err
    assert [(one["source"], one["calls"], one["skipped"]) for one in run.json] == [("web", 1, 1)]


def test_a_call_that_only_the_daemon_refuses_is_named_or_skipped(
    forewarn_double: Forewarn, double: Double, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("forewarn_cli.replay.trace_files.refusal", lambda _call, _args: "")
    file = write(tmp_path / "long.jsonl", [row("x", "success"), {"tool": "t" * 300, "outcome": "success"}])
    run = forewarn_double("replay", file, "--yes")
    assert run.code == 4
    assert "long.jsonl:2" in run.err
    assert "call.tool" in run.err
    run = forewarn_double("replay", file, "--yes", "--skip-bad", "--json")
    assert run.code == 0
    assert "1 line skipped:" in run.err
    assert [(one["source"], one["calls"], one["skipped"]) for one in run.json] == [("web", 1, 0), ("long", 0, 1)]


def test_a_file_of_bad_lines_only_says_why(forewarn_double: Forewarn, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("nonsense\n" * 7)
    run = forewarn_double("replay", str(file), "--yes", "--skip-bad")
    assert run.code == 2
    assert "7 lines skipped:" in run.err
    assert "bad.jsonl:5: not JSON" in run.err
    assert "and 2 more" in run.err


def test_outcomes_that_say_nothing_are_not_counted(forewarn_double: Forewarn, double: Double, tmp_path: Path) -> None:
    file = write(tmp_path / "f.jsonl", [row("x", "success"), row("x", "cancelled"), row("x", "retry")])
    (figures,) = forewarn_double("replay", file, "--yes", "--json").json
    assert (figures["calls"], figures["failures"]) == (2, 0)
    assert len(double.state.calls) == 3


def test_limit_is_per_source(forewarn_double: Forewarn, tmp_path: Path) -> None:
    file = write(tmp_path / "f.jsonl", [row("x", "success", source=source) for source in "aabba"])
    assert [one["calls"] for one in forewarn_double("replay", file, "--yes", "--limit", "2", "--json").json] == [2, 2]


def test_a_call_id_is_never_too_long() -> None:
    call = parse(json.dumps(row("x", "success", session="s" * 250)), Path("f"), 1, ())
    assert len(call_id(call, "n" * 8)) <= 128
    short = parse(json.dumps(row("x", "success", seq=4)), Path("f"), 1, ())
    assert call_id(short, "") == "web/s/4"


def test_a_session_id_is_never_too_long() -> None:
    calls = [parse(json.dumps(row("x", "success", session=letter + "s" * 255)), Path("f"), 1, ()) for letter in "ab"]
    first, second = (record_of(call, 0.0, "n" * 8).call.session_id for call in calls)
    assert len(first) <= 256
    assert first != second
    assert record_of(calls[0], 0.0, "").call.session_id == calls[0].session


def test_private_starts_cold_for_each_source(command: Forewarn, private: Path, tmp_path: Path) -> None:
    sources = [dict(one, source=source) for source in ("a", "b") for one in STORY]
    run = command("replay", write(tmp_path / "f.jsonl", sources), "--private", "--json", "--jobs", "2")
    assert run.code == 0, run.err
    assert [(one["source"], one["prevented"]) for one in run.json] == [("a", 3), ("b", 3)]
    assert list(private.iterdir()) == [], "nothing is left"


def test_enforced_calls_are_not_made(command: Forewarn, private: Path, story: str) -> None:
    run = command("replay", story, "--private", "--enforced", "--json")
    assert run.code == 0, run.err
    (figures,) = run.json
    assert (figures["failures"], figures["prevented"]) == (3, 3), "judged by what the trace says"


def test_what_enforcing_tells_the_daemon(forewarn_double: Forewarn, double: Double, story: str) -> None:
    from forewarn_cli.replay.player import Player
    from forewarn_cli.replay.schedule import schedule
    from forewarn_cli.replay.trace_files import read

    double.state.mode = model_pb2.MODE_ENFORCE
    player = Player(double.guard_address, None, True, "", None, lambda: None, lambda: False)
    result = player.play("web", schedule(read([Path(story)], ()).sources["web"], None, 0.0))
    told = [message.result for kind, message in double.state.received if kind == "tell"]
    assert [one.outcome for one in told][2:4] == [model_pb2.OUTCOME_PREVENTED] * 2
    assert told[2] == model_pb2.CallResult(outcome=model_pb2.OUTCOME_PREVENTED), "no error, no result"
    assert sum(result.predictions.prevented) == 3


def test_the_mean_of_orders(command: Forewarn, private: Path, tmp_path: Path) -> None:
    runs = [row("gone", outcome, session=f"s{number}") for number, outcome in enumerate(["failure"] * 3 + ["success"])]
    run = command("replay", write(tmp_path / "f.jsonl", runs), "--private", "--orders", "4", "--json")
    assert run.code == 0, run.err
    (figures,) = run.json
    assert (figures["calls"], figures["failures"]) == (4, 3)
    singles = [
        command("replay", str(tmp_path / "f.jsonl"), "--private", "--order", str(seed), "--json").json[0]["recall"]
        for seed in (1, 2, 3, 4)
    ]
    assert figures["recall"] == pytest.approx(sum(singles) / 4)


def test_a_daemon_that_does_not_start_says_why(command: Forewarn, private: Path, story: str) -> None:
    run = command("replay", story, "--private", "--daemon-arg", "--break")
    assert run.code == 3
    assert "broken on purpose" in run.err
    assert list(private.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_an_interrupt(tmp_path: Path, number: signal.Signals) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    file = write(tmp_path / "f.jsonl", [row(str(i), "success") for i in range(100_000)])
    script = (
        "import sys; from forewarn_cli.main import main; from forewarn_cli.replay import private_daemon;"
        f"private_daemon.COMMAND = (sys.executable, {str(double_module.__file__)!r});"
        f"sys.exit(main(['replay', {file!r}, '--private']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    while not (ready := list(folder.glob("*/ready.json"))) and process.poll() is None:
        time.sleep(0.02)
    daemon = json.loads(ready[0].read_text())["pid"]
    time.sleep(0.3)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert list(folder.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(daemon, 0)
    folder.rmdir()

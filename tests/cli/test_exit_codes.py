"""Exit codes and messages: every way a command ends, never with a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forewarn.v1 import model_pb2
from tests.cli.conftest import Forewarn
from tests.cli.double import Double
from tests.server.running import RunningDaemon

QUERY = '{"query": "SELECT nme"}'


def heed_ctrl_c() -> None:
    """In a child: a suite that a shell runs in the background ignores SIGINT, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_0_when_the_answer_is_yes_and_nobody_asked_for_a_code(forewarn_double: Forewarn) -> None:
    forewarn_double("record", "sql", QUERY, "--outcome", "failure")
    assert forewarn_double("check", "sql", QUERY).code == 0


def test_1_when_a_call_would_be_prevented(forewarn_double: Forewarn) -> None:
    assert forewarn_double("check", "sql", QUERY, "--exit-code").code == 0
    forewarn_double("record", "sql", QUERY, "--outcome", "failure")
    run = forewarn_double("check", "sql", QUERY, "--exit-code")
    assert run.code == 1
    assert "would be: prevent" in run.out


def test_1_when_the_store_is_damaged(forewarn_double: Forewarn, double: Double) -> None:
    double.state.problems.append("calls 7: checksum")
    run = forewarn_double("verify")
    assert run.code == 1
    assert "checksum" in run.out
    assert forewarn_double("verify", "--json").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["chek"], "Did you mean 'check'?"),
        (["patterns", "shwo", "x"], "Did you mean 'show'?"),
        (["check"], "TOOL"),
        (["check", "sql", "--frobnicate"], "--frobnicate"),
        (["check", "sql", "{"], "not JSON"),
        (["check", "sql", "[1]"], "must be one JSON object, not an array"),
        (["check", "sql", '{"a": NaN}'], "NaN is not JSON"),
        (["check", "sql", "-a", "x"], "expected KEY=VALUE"),
        (["check", "sql", "--time", "soon"], "expected a time"),
        (["record", "sql"], "--outcome"),
        (["record", "sql", "--outcome", "fine"], "fine"),
        (["record", "sql", "--outcome", "success", "--duration", "long"], "expected a duration"),
        (["decisions", "--would-be", "maybe"], "maybe"),
        (["mode", "sql", "loud"], "'loud' is no mode"),
        (["tools", "register", "missing.json"], "cannot read missing.json"),
        (["import", "missing.yaml"], "cannot read missing.yaml"),
        (["replay", "missing.jsonl", "--yes"], "cannot read missing.jsonl"),
        (["replay", "x.jsonl", "--enforced"], "--enforced needs --private"),
        (["--timeout", "0", "status"], "timeout"),
    ],
)
def test_2_when_the_command_line_is_wrong(command: Forewarn, arguments: list[str], said: str) -> None:
    run = command(*arguments)
    assert run.code == 2
    assert said in run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize("arguments", [["check"], ["context"], ["appeal"], ["decisions", "--tool"]])
def test_2_when_the_command_line_is_not_text(command: Forewarn, arguments: list[str]) -> None:
    run = command(*arguments, os.fsdecode(b"\xff"))
    assert run.code == 2
    assert "not valid text" in run.err


def test_2_when_stdin_is_not_text(double: Double) -> None:
    command = [sys.executable, "-m", "forewarn_cli", "--address", double.guard_address, "check", "sql", "-"]
    run = subprocess.run(command, input=b"\xff", capture_output=True, check=False)
    assert run.returncode == 2, run.stderr
    assert b"stdin is not text" in run.stderr


def test_arguments_come_from_stdin(double: Double) -> None:
    command = [sys.executable, "-m", "forewarn_cli", "--address", double.guard_address, "check", "sql", "-"]
    subprocess.run(command, input=b'{"query": "\xc3\xa9"}', check=True)
    assert json.loads(double.state.received[0][1].arguments_json) == {"query": "é"}


@pytest.mark.parametrize("arguments", [["check", "sql"], ["status"], ["decisions", "tail"], ["export"]])
def test_3_when_no_daemon_answers(command: Forewarn, arguments: list[str]) -> None:
    run = command(*arguments)
    assert run.code == 3
    assert "no daemon answers at unix:" in run.err
    assert "forewarn-sidecar" in run.err
    assert len(run.err.splitlines()) == 1


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "[::1]:1", "unix:/nowhere/sock", "unix:///nowhere/sock", "nowhere.invalid:1", ""]
)
def test_3_when_nobody_is_at_the_address(command: Forewarn, address: str) -> None:
    assert command("--admin-address", address, "--timeout", "5", "status").code == 3


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("foo", "the port is missing"),
        ("127.0.0.1", "the port is missing"),
        ("[::1]", "the port is missing"),
        (":7621", "expected unix:PATH or HOST:PORT"),
        ("127.0.0.1:", "expected unix:PATH or HOST:PORT"),
        ("::1:7621", "IPv6 as [::1]:PORT"),
        ("[::1:7621", "IPv6 as [::1]:PORT"),
        ("http://127.0.0.1:7621", "without http://"),
        ("dns:localhost:7621", "expected unix:PATH or HOST:PORT"),
        ("127.0.0.1:0", "1 to 65535"),
        ("127.0.0.1:99999", "1 to 65535"),
        ("127.0.0.1:" + "9" * 5000, "1 to 65535"),
        ("127.0.0.1:grpc", "1 to 65535"),
        ("127.0.0.1:\u0663", "1 to 65535"),
        ("unix:", "needs a path"),
        ("unix://run/guard.sock", "after unix:// comes an absolute path"),
        ("unix:/" + "x" * 107, "at most 107 bytes"),
    ],
)
@pytest.mark.parametrize("how", ["option", "environment"])
def test_2_when_the_address_is_none(
    command: Forewarn, monkeypatch: pytest.MonkeyPatch, address: str, said: str, how: str
) -> None:
    for option, variable, asked in (
        ("--address", "FOREWARN_ADDRESS", ["check", "sql"]),
        ("--admin-address", "FOREWARN_ADMIN_ADDRESS", ["status"]),
    ):
        monkeypatch.setenv(variable, address)
        run = command(*([option, address] if how == "option" else []), *asked)
        assert run.code == 2
        assert "is no address: " in run.err
        assert said in run.err
        assert len(run.err.splitlines()) == 1


def test_4_names_the_field_and_the_limit(forewarn: Forewarn) -> None:
    run = forewarn("check", "t" * 300)
    assert run.code == 4
    assert "call.tool" in run.err
    assert "256" in run.err
    assert "Traceback" not in run.err


def test_4_when_there_is_no_such_thing(forewarn: Forewarn) -> None:
    for arguments in (["decisions", "show", "0" * 32], ["patterns", "show", "0" * 40], ["appeal", "0" * 32]):
        run = forewarn(*arguments)
        assert run.code == 4
        assert run.err.startswith("forewarn: not found: ")


def test_4_at_the_wrong_door(command: Forewarn, double: Double) -> None:
    run = command("--admin-address", double.guard_address, "status")
    assert run.code == 4
    assert "other door" in run.err


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[RunningDaemon]:
    """A daemon whose doors have tokens."""
    options = []
    for door in ("guard", "admin"):
        file = tmp_path / f"{door}.token"
        file.write_text(f"the {door}'s own token")
        file.chmod(0o600)
        options += [f"--{door}-token-file", str(file)]
    running = RunningDaemon(*options).start()
    yield running
    running.discard()


def test_4_without_the_token_of_the_door(
    command: Forewarn, locked: RunningDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "calls.jsonl"
    trace.write_text('{"tool": "sql", "outcome": "success"}\n')
    doors = ("--address", locked.guard_address, "--admin-address", locked.admin_address)
    asked = {"guard": (["check", "sql"], ["replay", str(trace), "--yes"]), "admin": (["status"], ["decisions"])}
    for door, commands in asked.items():
        for arguments in commands:
            for wrong in ([], ["--token", "another token"]):
                run = command(*doors, *wrong, *arguments)
                assert run.code == 4
                assert run.err.startswith("forewarn: unauthenticated: the token for ")
                assert "FOREWARN_TOKEN" in run.err
                assert len(run.err.splitlines()) == 1
            for torn in ("the\ntoken", "t\u00f6ken"):
                run = command(*doors, "--token", torn, *arguments)
                assert run.code == 2
                assert "which cannot be sent" in run.err
            run = command(*doors, "--token", f"the {door}'s own token", *arguments)
            assert run.code == 0, run.err
    monkeypatch.setenv("FOREWARN_TOKEN", "the guard's own token")
    monkeypatch.setenv("FOREWARN_ADMIN_TOKEN", "the admin's own token")
    assert command(*doors, "check", "sql").code == command(*doors, "status").code == 0


def test_130_on_ctrl_c(double: Double) -> None:
    """In a process of its own: a tail that follows, prints what comes, and ends when told."""
    process = subprocess.Popen(
        [sys.executable, "-m", "forewarn_cli", "--admin-address", double.admin_address, "decisions", "tail", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    try:
        assert double.state.tailing.wait(20)
        subprocess.run(
            [sys.executable, "-m", "forewarn_cli", "--address", double.guard_address, "check", "sql"], check=True
        )
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["decision"]["tool"] == "sql"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_reader_that_leaves_is_no_failure(double: Double) -> None:
    for number in range(2000):
        double.state.patterns[f"p{number}"] = model_pb2.UsagePattern(tool="t" * 100)
    script = f"{sys.executable} -m forewarn_cli --admin-address {double.admin_address} patterns --limit 2000 | head -1"
    run = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["--version"], ["stats"]])
def test_2_when_what_is_told_cannot_be_written(double: Double, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "forewarn_cli", "--admin-address", double.admin_address, *arguments]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr == "forewarn: cannot write: No space left on device\n"


@pytest.mark.parametrize(("arguments", "code"), [(["status"], 0), (["decisions", "show", "0" * 32], 4)])
def test_a_stdout_that_was_closed_is_no_failure(double: Double, arguments: list[str], code: int) -> None:
    said = f"{sys.executable} -m forewarn_cli --admin-address {double.admin_address} {' '.join(arguments)} >&-"
    run = subprocess.run(["bash", "-c", said], capture_output=True, text=True, check=False)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr

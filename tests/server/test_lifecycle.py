"""Starting, stopping, and what is said where neither works. Each process here is an interpreter of its own."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import grpc
import pytest

from forewarn.v1 import admin_pb2, model_pb2
from tests.conftest import StartDaemon

from .case_runner import reason_of
from .messages import ask, failed, record
from .running import RunningDaemon, StartFailedError


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_0_and_loses_nothing(start_daemon: StartDaemon, number: int) -> None:
    daemon = start_daemon(fresh=True)
    assert daemon.start_seconds < 10  # under 2 s on an idle machine
    acknowledged: list[str] = []

    def work(worker: int) -> None:
        with contextlib.suppress(grpc.RpcError):
            for n in range(100_000):
                answer = daemon.guard.RecordCall(record(call_id=f"{worker}-{n}"), timeout=10)
                acknowledged.append(answer.call_id)

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 200:
        time.sleep(0.01)
    os.kill(daemon.pid, number)
    for worker in workers:
        worker.join()
    assert daemon.stop(0) == 0, daemon.log
    assert "Traceback" not in daemon.log
    assert not daemon.ready_file.exists()
    assert not Path(daemon.guard_address.removeprefix("unix:")).exists()
    daemon.fresh = False
    daemon.start()
    assert daemon.admin.GetStats(admin_pb2.GetStatsRequest()).total.success >= len(acknowledged)
    for call_id in acknowledged[-50:]:
        assert daemon.admin.QueryCalls(admin_pb2.QueryCallsRequest(call_id=call_id)).calls
    assert daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok


def test_decisions_that_were_made_are_kept_by_a_stop(daemon: RunningDaemon) -> None:
    ids = [daemon.guard.ShouldPrevent(ask("t", {"n": n})).decision.decision_id for n in range(300)]
    assert daemon.restart().admin.GetStats(admin_pb2.GetStatsRequest()).total.decisions == 300
    assert daemon.admin.GetDecision(admin_pb2.GetDecisionRequest(decision_id=ids[-1])).decision.tool == "t"


def test_a_killed_daemons_socket_is_no_obstacle(daemon: RunningDaemon) -> None:
    daemon.kill()
    assert Path(daemon.guard_address.removeprefix("unix:")).exists()
    daemon.start()
    assert daemon.guard.ShouldPrevent(ask()).decision.decision_id


def last_line(daemon: RunningDaemon) -> str:
    return daemon.log.strip().splitlines()[-1]


def refused(daemon: RunningDaemon, code: int = 1) -> str:
    with pytest.raises(StartFailedError):
        daemon.start()
    assert daemon._wait() == code
    assert "Traceback" not in daemon.log
    return last_line(daemon)


def test_a_second_daemon_on_the_folder_is_refused(daemon: RunningDaemon) -> None:
    second = RunningDaemon(folder=daemon.data_dir)
    line = refused(second)
    assert line.startswith("forewarn-sidecar: ")
    assert str(daemon.data_dir) in line
    second.discard()
    assert daemon.guard.ShouldPrevent(ask()).decision.decision_id


def test_a_daemon_that_never_served_leaves_anothers_ready_file(daemon: RunningDaemon, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sidecar.main", "--data-dir", str(daemon.data_dir)]
    command += ["--ready-file", str(daemon.ready_file), "--guard-address", f"unix:{tmp_path}/g"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert daemon.ready_file.exists()
    assert "stopped" not in ended.stdout + ended.stderr


def test_a_second_daemon_on_the_port_or_socket_is_refused(daemon: RunningDaemon) -> None:
    second = RunningDaemon("--guard-address", daemon.tcp_address)
    assert daemon.tcp_address in refused(second)
    second.discard()
    third = RunningDaemon("--guard-address", daemon.guard_address)
    assert "another daemon is listening" in refused(third)
    third.discard()
    assert daemon.guard.ShouldPrevent(ask()).decision.decision_id, "the first one still has its socket"


def test_a_file_in_the_sockets_place_is_left_alone(start_daemon: StartDaemon) -> None:
    daemon = RunningDaemon()
    path = Path(daemon.guard_address.removeprefix("unix:"))
    path.write_text("mine")
    assert "not a socket" in refused(daemon)
    assert path.read_text() == "mine"
    daemon.discard()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    daemon = RunningDaemon(folder=tmp_path / "file" / "data")
    assert refused(daemon, 2).startswith(f"forewarn-sidecar: data_dir: {daemon.data_dir} cannot be made or used: ")
    daemon.discard()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ready-file", "DIR/none/ready.json"], "ready_file: DIR/none is no folder"),
        (["--ready-file", "DIR"], "ready_file: DIR is a folder"),
        (["--ready-file", ""], "ready_file: is empty; name a path, or leave the setting out"),
        (["--guard-token-file", "DIR/none"], "guard_token_file: DIR/none cannot be read: No such file or directory"),
        (["--admin-token-file", "DIR"], "admin_token_file: DIR cannot be read: Is a directory"),
        (["--data-dir", "DIR/file"], "data_dir: DIR/file is no folder"),
        (["--data-dir", ""], "data_dir: is empty; name a path, or leave the setting out"),
    ],
)
def test_a_path_that_cannot_be_used_is_named(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    arguments = [argument.replace("DIR", str(tmp_path)) for argument in arguments]
    run = subprocess.run(
        [sys.executable, "-m", "sidecar.main", "--guard-address", f"unix:{tmp_path}/g",
         *(() if "--data-dir" in arguments else ("--data-dir", str(tmp_path / "d"))), *arguments],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (2, f"forewarn-sidecar: {said.replace('DIR', str(tmp_path))}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_ready_file_in_a_data_folder_that_is_to_be_made() -> None:
    folder = Path(tempfile.mkdtemp(prefix="fw", dir="/tmp")) / "data"
    command = [sys.executable, "-m", "sidecar.main", "--data-dir", str(folder), "--ready-file", str(folder / "ready")]
    process = subprocess.Popen([*command, "--guard-address", f"unix:{folder}/g"], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while not (folder / "ready").exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.terminate()
        process.communicate(timeout=30)
        shutil.rmtree(folder.parent)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--guard-address", "nonsense"], "guard_address"),
        (["--guard-address", "127.0.0.1:70000"], "guard_address"),
        (["--guard-address", "unix:" + "x" * 120], "guard_address"),
        (["--guard-address", "0.0.0.0:0"], "guard_token_file"),
        (["--admin-address", "127.0.0.1:0"], "admin_token_file"),
        (["--queue-limit", "7"], "queue_limit"),
        (["--max-streams", "many"], "max_streams"),
        (["--mode", "loud"], "mode"),
        (["--no-such-flag", "1"], "no-such-flag"),
    ],
)
def test_a_bad_setting_is_named(arguments: list[str], said: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "sidecar.main", "--data-dir", str(tmp_path / "d"), *arguments],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 2, run.stderr
    assert said in run.stderr or said.replace("_", "-") in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("retenton_days = 3", "retenton_days: no such setting; did you mean retention_days?"),
        ("[guard]\naddress = 1", "guard: no such setting"),
        ("mode =", "Invalid value"),
        ('mode = "loud"', "mode"),
        (None, "no file at"),
    ],
)
def test_a_bad_file_of_settings_is_refused(text: str | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "forewarn.toml"
    if text is not None:
        file.write_text(text)
    run = started(tmp_path, FOREWARN_CONFIG=str(file))
    assert (run.returncode, "Traceback" in run.stderr) == (2, False)
    assert said in run.stderr
    assert not (tmp_path / "d").exists()


def test_a_misspelt_variable_is_refused_and_others_variables_are_not(tmp_path: Path) -> None:
    run = started(tmp_path, FOREWARN_RETENTON_DAYS="3")
    assert run.returncode == 2
    assert "did you mean FOREWARN_RETENTION_DAYS?" in run.stderr
    others = dict.fromkeys(("FOREWARN_ADDRESS", "FOREWARN_GUARD_TOKEN", "FOREWARN_ADMIN_TOKEN", "FOREWARN_X"), "1")
    assert "no such setting" not in started(tmp_path, "--mode", "loud", **others).stderr


def started(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sidecar.main", "--data-dir", str(tmp_path / "d"), *arguments],
        capture_output=True, text=True, timeout=60, env=os.environ | environment,
    )  # fmt: skip


def test_bad_tokens_are_refused(tmp_path: Path) -> None:
    token = tmp_path / "token"
    for text, mode, said in (("short", 0o600, "16 characters"), ("x" * 20, 0o644, "chmod 600")):
        token.write_text(text)
        token.chmod(mode)
        daemon = RunningDaemon("--guard-token-file", str(token))
        line = refused(daemon, 2)
        assert line.startswith("forewarn-sidecar: guard_token_file: ")
        assert said in line
        daemon.discard()


def test_the_least_settings_work(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--queue-limit", "64", "--guard-threads", "1", "--record-threads", "1", "--max-streams", "1")
    for n in range(100):
        daemon.guard.RecordCall(failed("t", {"n": n}))
        daemon.guard.ShouldPrevent(ask("t", {"n": n}))
    assert daemon.restart().admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok


def test_a_full_disk_refuses_records_and_nothing_else(daemon: RunningDaemon) -> None:
    for n in range(20):
        daemon.guard.RecordCall(failed("t", {"n": 1}, session=f"s{n}", call_id=f"before-{n}"))
    daemon.admin.SetMode(admin_pb2.SetModeRequest(mode=model_pb2.MODE_ENFORCE))
    size = max(path.stat().st_size for path in daemon.data_dir.glob("store-*"))
    _, hard = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    codes: list[tuple[grpc.StatusCode, str]] = []
    for n in range(2000):
        try:
            daemon.guard.RecordCall(record("t", {"n": n, "text": "x" * 2000}, call_id=f"during-{n}"), timeout=20)
        except grpc.RpcError as error:
            codes.append((error.code(), reason_of(error)))
            if len(codes) == 6:
                break
    assert codes, "the limit was never met"
    allowed = {
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "STORE_FULL"), (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    }  # fmt: skip
    assert set(codes) <= allowed
    for n in range(50):  # decisions go on, on what was learned
        decision = daemon.guard.ShouldPrevent(ask("t", {"n": 1}, session="new"), timeout=10).decision
        assert decision.verdict == model_pb2.VERDICT_PREVENT
        daemon.guard.ShouldPrevent(ask("fine", {"n": n}), timeout=10)
    status = daemon.admin.GetStatus(admin_pb2.GetStatusRequest())
    assert status.store_error
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(grpc.RpcError):
            daemon.guard.RecordCall(record("t", {"n": 5}, call_id="after"), timeout=20)
            break
        assert time.monotonic() < deadline, "it did not recover"
        time.sleep(0.1)
    status = daemon.admin.GetStatus(admin_pb2.GetStatusRequest())
    assert status.store_error == ""
    assert status.last_store_error
    assert abs(status.last_store_error_time.seconds - time.time()) < 60
    made = daemon.guard.ShouldPrevent(ask("afterwards")).decision.decision_id
    deadline = time.monotonic() + 5
    while not daemon.admin.QueryDecisions(admin_pb2.QueryDecisionsRequest(tool="afterwards")).decisions:
        assert time.monotonic() < deadline, f"decision {made} was not logged after the disk had space again"
        time.sleep(0.05)
    daemon.restart()
    stats = daemon.admin.GetStats(admin_pb2.GetStatsRequest(tool="t"))
    assert stats.tools[0].counts.would_prevent == 50, "preventions are never dropped"
    assert daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok
    assert daemon.admin.QueryCalls(admin_pb2.QueryCallsRequest(call_id="before-3")).calls


def test_nobody_needs_the_port(start_daemon: StartDaemon) -> None:
    """A daemon that listens on a socket alone opens no port."""
    daemon = start_daemon()
    host, _, port = daemon.tcp_address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5):
        pass

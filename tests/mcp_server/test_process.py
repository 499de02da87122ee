"""`forewarn-mcp` as a process: daemons that are down, slow, killed; how it starts and ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mcp_server.host import addresses, environment, opened
from tests.server.running import RunningDaemon

HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "0"},
    },
}  # fmt: skip


def start(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "forewarn_mcp", *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip


def say(process: subprocess.Popen[str], message: Any) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


async def test_a_daemon_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    nowhere = f"unix:{tmp_path}/none.sock"
    async with opened("--address", nowhere, "--admin-address", nowhere, "--changes", "allow") as host:
        error = await host.error("recommend", intent="anything")
        assert error["code"] == "unavailable"
        assert nowhere in error["message"]
        assert "--address" in error["fix"]
        error = await host.error("delete_knowledge", id="web")
        assert "not known whether" in error["fix"]
        assert "not known whether" not in (await host.error("list_knowledge"))["fix"]
        assert len((await host.session.list_tools()).tools) > 10


async def test_a_daemon_may_be_killed_and_come_back(daemon: RunningDaemon) -> None:
    async with opened(*addresses(daemon)) as host:
        await host.get("recommend", intent="anything")
        daemon.kill()
        assert (await host.error("recommend", intent="anything"))["code"] == "unavailable"
        assert (await host.error("list_knowledge"))["code"] == "unavailable"
        await asyncio.to_thread(daemon.start)
        assert (await host.get("recommend", intent="anything"))["workflowId"]
        assert (await host.get("list_knowledge"))["entities"] == []


async def test_a_daemon_that_dies_in_mid_call(tmp_path: Path) -> None:
    """A listener that accepts and says nothing, then goes."""
    with socket.socket(socket.AF_UNIX) as listener:
        path = tmp_path / "s"
        listener.bind(str(path))
        listener.listen()
        address = f"unix:{path}"
        async with opened("--address", address, "--admin-address", address, "--timeout", "30") as host:
            asking = asyncio.ensure_future(host.error("recommend", intent="anything"))
            connection, _ = await asyncio.to_thread(listener.accept)
            connection.close()
            path.unlink()
            error = await asking
            assert error["code"] == "unavailable"
            assert "not known whether" in error["fix"]


async def test_a_daemon_that_hangs_meets_the_deadline(daemon: RunningDaemon) -> None:
    async with opened(*addresses(daemon), "--timeout", "0.3") as host:
        await host.call("recommend", intent="anything")  # connects
        daemon.freeze()
        try:
            error = await host.error("recommend", intent="anything")
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
        assert error["code"] == "deadline_exceeded"
        assert "--timeout" in error["fix"]
        for _ in range(20):  # it may still be busy waking up
            answer = await host.call("list_knowledge")
            if not answer.is_error:
                break
        assert not answer.is_error


async def test_the_credential_is_asked_for(start_daemon: Any, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret-token-of-administrators\n")
    token.chmod(0o600)
    daemon = start_daemon("--admin-token-file", str(token))
    async with opened(*addresses(daemon)) as host:
        error = await host.error("list_knowledge")
        assert error["code"] == "unauthenticated"
        assert "FOREWARN_ADMIN_TOKEN" in error["fix"]
        await host.get("recommend", intent="anything")
    async with opened(*addresses(daemon), env={"FOREWARN_ADMIN_TOKEN": token.read_text().strip()}) as host:
        assert (await host.get("list_knowledge"))["entities"] == []


async def test_addresses_come_from_the_environment(shared_daemon: RunningDaemon) -> None:
    env = {"FOREWARN_ADDRESS": shared_daemon.guard_address, "FOREWARN_ADMIN_ADDRESS": shared_daemon.admin_address}
    async with opened(env=env) as host:
        await host.get("list_knowledge")


def test_it_ends_when_the_host_leaves(shared_daemon: RunningDaemon) -> None:
    process = start(*addresses(shared_daemon))
    assert say(process, HELLO)["result"]["serverInfo"]["name"] == "forewarn"
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(shared_daemon: RunningDaemon, number: signal.Signals) -> None:
    process = start(*addresses(shared_daemon))
    say(process, HELLO)
    process.send_signal(number)
    assert process.wait(30) == 130  # although stdin is still open
    _, err = process.communicate()
    assert err == ""


def test_nonsense_on_stdin_is_answered_and_survived(shared_daemon: RunningDaemon) -> None:
    process = start(*addresses(shared_daemon))
    say(process, HELLO)
    assert process.stdin is not None
    for nonsense in ("{", "[]", '"x"', "\x00\x01", "x" * 9_000_000, '{"jsonrpc": "2.0"}'):
        process.stdin.write(nonsense + "\n")
    process.stdin.flush()
    request = {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}
    answer = say(process, request)
    while answer.get("id") != 7:
        assert "error" in answer
        assert process.stdout is not None
        answer = json.loads(process.stdout.readline())
    assert answer["result"]["tools"]
    process.communicate(timeout=30)
    assert process.returncode == 0


PROBE = """
import sys
from forewarn_mcp.main import main
sys.argv[0] = "forewarn-mcp"
code = main()
print("HEAVY", [name for name in sys.modules if name in ("grpc", "mcp", "google.protobuf", "pydantic", "forewarn")],
      file=sys.stderr)
sys.exit(code)
"""


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: forewarn-mcp" in done.stdout
    assert "HEAVY []" in done.stderr


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['mcp'] = None\n" + PROBE
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'forewarn[mcp]'" in done.stderr
    assert done.stdout == ""


def test_bad_options_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "forewarn_mcp", "--changes", "maybe"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""

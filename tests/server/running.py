"""Real daemons for tests: a process each, with real sockets and a folder of its own.

Starting one takes about 0.1 s, because processes are forked from a server that has imported the daemon already and
then run `sidecar.main` as a user would; `fresh=True` starts an interpreter of its own, which takes a second.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import multiprocessing.context
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc

from forewarn.v1 import (
    admin_pb2_grpc,
    guard_pb2_grpc,
    knowledge_pb2_grpc,
    policy_pb2_grpc,
    rollout_pb2_grpc,
    suggestion_pb2_grpc,
    workflow_pb2_grpc,
)

START_LIMIT = 60.0  # seconds; a shared machine can be slow
STOP_LIMIT = 30.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["sidecar.main", "sidecar.daemon", "sidecar.logs", "tests.server.running"])


class StartFailedError(Exception):
    """The daemon ended before it was ready; the text is its log."""


def _serve(arguments: list[str], log: str, first: Callable[[], None] | None) -> None:
    """The forked process: its own session, its output into the log, then what `python -m sidecar.main` does."""
    from sidecar.main import main

    os.setsid()
    if first is not None:
        first()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(descriptor, number)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    sys.argv = ["forewarn-sidecar", *arguments]
    for name in [name for name in os.environ if name.startswith("FOREWARN_")]:
        del os.environ[name]
    main()


class RunningDaemon:
    """A daemon that a test may talk to, stop, kill and start again. `options` are its command's.

    `first` is a module's function that the daemon's process calls before anything else (not with `fresh`).
    """

    def __init__(
        self,
        *options: str,
        folder: Path | None = None,
        fresh: bool = False,
        policies: dict[str, str] | None = None,
        first: Callable[[], None] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fw", dir="/tmp"))  # short: a socket's path has 107 bytes
        self.data_dir = folder or self.folder / "data"
        self.options = list(options)
        if policies is not None:
            (self.folder / "policies").mkdir()
            for name, text in policies.items():
                (self.folder / "policies" / name).write_text(text)
            self.options += ["--policies", str(self.folder / "policies")]
        self.fresh = fresh
        self.first = first
        self.guard_address = f"unix:{self.folder}/guard.sock"
        self.admin_address = f"unix:{self.folder}/admin.sock"
        self.tcp_address = ""
        self.log_file = self.folder / "log"
        self.ready_file = self.folder / "ready.json"
        self.pid = 0
        self.start_seconds = 0.0
        self._process: subprocess.Popen[bytes] | multiprocessing.context.ForkServerProcess | None = None
        self._channels: list[grpc.Channel] = []
        self.guard: Any = None
        self.admin: Any = None
        self.policies: Any = None
        self.knowledge: Any = None
        self.workflow: Any = None
        self.suggestion: Any = None
        self.rollout: Any = None

    def start(self) -> RunningDaemon:
        """Start it and wait until it serves. Raises StartFailedError."""
        began = time.monotonic()
        self.ready_file.unlink(missing_ok=True)
        self._process = self._spawn(self.arguments())
        while not self.ready_file.exists():
            if self._ended(0.003):
                raise StartFailedError(self.log)
            if time.monotonic() - began > START_LIMIT:
                self.kill()
                raise StartFailedError(f"not ready in time:\n{self.log}")
        self.start_seconds = time.monotonic() - began
        facts = json.loads(self.ready_file.read_text())
        self.pid = facts["pid"]
        self.tcp_address = next((one for one in facts["guard"] if not one.startswith("unix:")), "")
        self.guard = guard_pb2_grpc.GuardServiceStub(self.channel(self.guard_address))
        self.workflow = workflow_pb2_grpc.WorkflowServiceStub(self.channel(self.guard_address))
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel(self.admin_address))
        self.policies = policy_pb2_grpc.PolicyServiceStub(self.channel(self.admin_address))
        self.knowledge = knowledge_pb2_grpc.KnowledgeServiceStub(self.channel(self.admin_address))
        self.suggestion = suggestion_pb2_grpc.SuggestionServiceStub(self.channel(self.admin_address))
        self.rollout = rollout_pb2_grpc.RolloutServiceStub(self.channel(self.admin_address))
        return self

    def stub(self, service: str) -> Any:
        """The stub of a service, by the service's name."""
        stubs = {
            "GuardService": self.guard,
            "AdminService": self.admin,
            "PolicyService": self.policies,
            "KnowledgeService": self.knowledge,
            "WorkflowService": self.workflow,
            "SuggestionService": self.suggestion,
            "RolloutService": self.rollout,
        }
        return stubs[service]

    def arguments(self) -> list[str]:
        """The command's arguments."""
        # Lots would let some of what a test expects to be prevented through; a test that is about them says so.
        lots = () if "--holdout-share" in self.options else ("--holdout-share", "0")
        return [
            *lots,
            *("--data-dir", str(self.data_dir), "--ready-file", str(self.ready_file)),
            *("--guard-address", self.guard_address, "--guard-address", "127.0.0.1:0"),
            *("--admin-address", self.admin_address),
            *self.options,
        ]

    def channel(self, address: str = "", **options: int) -> grpc.Channel:
        """A channel to it, with a connection of its own; closed when the daemon stops."""
        named = [("grpc.use_local_subchannel_pool", 1), *((f"grpc.{name}", value) for name, value in options.items())]
        made = grpc.insecure_channel(address or self.guard_address, options=named)
        self._channels.append(made)
        return made

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        self._signal(number)
        return self._wait()

    def kill(self) -> None:
        """kill -9."""
        self._signal(signal.SIGKILL)
        self._wait()

    def restart(self) -> RunningDaemon:
        """Stop it if it runs, start it again on the same folder."""
        if self.alive:
            self.stop()
        return self.start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and not self._ended(0.0)

    @property
    def log(self) -> str:
        """What it said on standard output and standard error."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def discard(self) -> None:
        """End it and remove its folder."""
        if self.alive:
            self.kill()
        self._close_channels()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn(self, arguments: Sequence[str]) -> subprocess.Popen[bytes] | multiprocessing.context.ForkServerProcess:
        if self.fresh:
            clean = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
            with self.log_file.open("ab") as log:
                return subprocess.Popen(
                    [sys.executable, "-m", "sidecar.main", *arguments], stdout=log, stderr=log, env=clean
                )
        process = _context.Process(target=_serve, args=(list(arguments), str(self.log_file), self.first), daemon=True)
        process.start()
        return process

    def freeze(self) -> None:
        """Stop all its threads, until SIGCONT: they stand still one after the other, and the last may still answer."""
        os.kill(self.pid, signal.SIGSTOP)
        end = time.monotonic() + 10.0
        while any(
            task.read_text().rpartition(")")[2].split()[0] != "T"
            for task in Path(f"/proc/{self.pid}/task").glob("*/stat")
        ):
            assert time.monotonic() < end, "it does not stand still"
            time.sleep(0.01)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def _ended(self, seconds: float) -> bool:
        if isinstance(self._process, subprocess.Popen):
            time.sleep(seconds)
            return self._process.poll() is not None
        assert self._process is not None
        self._process.join(seconds)
        return self._process.exitcode is not None

    def _wait(self) -> int:
        self._close_channels()
        if isinstance(self._process, subprocess.Popen):
            return self._process.wait(STOP_LIMIT)
        assert self._process is not None
        self._process.join(STOP_LIMIT)
        code = self._process.exitcode
        assert code is not None, f"did not stop:\n{self.log}"
        return code

    def _close_channels(self) -> None:
        while self._channels:
            self._channels.pop().close()

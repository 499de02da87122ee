"""A daemon of our own, started as a user would start it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

START_LIMIT = 60.0  # seconds; a shared machine can be slow
STOP_LIMIT = 15.0


@dataclass(frozen=True)
class Addresses:
    """Where a running daemon is reached."""

    guard: Sequence[str]
    admin: str


def default_command() -> str:
    """The daemon that is installed beside this interpreter."""
    return str(Path(sys.executable).parent / "forewarn-sidecar")


@contextlib.contextmanager
def running(command: str) -> Iterator[Addresses]:
    """Runs the daemon on an empty store, on a Unix socket and a free port, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="forewarn-") as name:
        folder = Path(name)
        ready = folder / "ready.json"
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(command, "--data-dir", str(folder / "data"), "--ready-file", str(ready)),
                    *("--guard-address", f"unix:{folder}/guard.sock", "--guard-address", "127.0.0.1:0"),
                    *("--admin-address", f"unix:{folder}/admin.sock"),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            deadline = time.monotonic() + START_LIMIT
            while not ready.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"the daemon did not start:\n{log.read_text()}")
                time.sleep(0.05)
            document = json.loads(ready.read_text())
            yield Addresses(guard=tuple(document["guard"]), admin=document["admin"][0])
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

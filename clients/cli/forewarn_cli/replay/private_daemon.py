"""A daemon of one's own on a temporary store: started, waited for, stopped and removed, whatever happens in between."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from forewarn_cli.faults import Unreachable

COMMAND: tuple[str, ...] = (sys.executable, "-m", "sidecar.main")

START_SECONDS = 30.0
STOP_SECONDS = 10.0

_LONGEST_FOLDER = 80
"""A Unix socket's path holds about 100 bytes; a temporary folder longer than this leaves no room for it."""

_SHORT_FOLDER = "/tmp"  # noqa: S108 (mkdtemp makes a folder in it that is ours alone)


@contextmanager
def private_daemon(mode: str, extra: Sequence[str] = (), stopped: Callable[[], bool] = lambda: False) -> Iterator[str]:
    """The guard address of a fresh daemon in `mode`. `stopped` ends the wait for its start."""
    with private_doors(mode, extra, stopped) as (guard, _):
        yield guard


@contextmanager
def private_doors(
    mode: str, extra: Sequence[str] = (), stopped: Callable[[], bool] = lambda: False
) -> Iterator[tuple[str, str]]:
    """The addresses of a fresh daemon in `mode`, for runtimes and for administrators."""
    parent = tempfile.gettempdir()
    folder = Path(
        tempfile.mkdtemp(prefix="forewarn-replay-", dir=parent if len(parent) < _LONGEST_FOLDER else _SHORT_FOLDER)
    )
    process: subprocess.Popen[bytes] | None = None
    try:
        ready = folder / "ready.json"
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 (our own daemon)
                [
                    *COMMAND,
                    *("--data-dir", str(folder / "data")),
                    *("--guard-address", f"unix:{folder}/guard.sock"),
                    *("--admin-address", f"unix:{folder}/admin.sock"),
                    *("--ready-file", str(ready)),
                    *("--mode", mode),
                    *("--seed", "1"),  # the holdout draws the same lots each time, so that results are the same
                    *extra,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us; we stop it when we are done with it
            )
        yield _wait(process, ready, folder / "log", stopped)
    finally:
        try:
            if process is not None:
                _stop(process)
        finally:  # also when a second Ctrl-C ends the wait
            shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    """Ours without FOREWARN_*: a measurement does not depend on how the user's own daemon is set up."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}


def _wait(process: subprocess.Popen[bytes], ready: Path, log: Path, stopped: Callable[[], bool]) -> tuple[str, str]:
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if stopped():
            raise KeyboardInterrupt
        if process.poll() is not None:
            raise Unreachable(
                f"the private daemon ended with {process.returncode} before it served; "
                f"--private needs the daemon's package in {sys.executable}.\n{_last_lines(log)}"
            )
        if time.monotonic() > deadline:
            raise Unreachable(f"the private daemon was not ready after {START_SECONDS:g} s.\n{_last_lines(log)}")
        time.sleep(0.02)
    addresses: dict[str, list[str]] = json.loads(ready.read_text())
    return addresses["guard"][0], addresses["admin"][0]


def _last_lines(log: Path) -> str:
    return "\n".join(f"  {line}" for line in log.read_text(errors="replace").splitlines()[-5:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    except KeyboardInterrupt:  # a second Ctrl-C does not leave it behind
        process.kill()
        process.wait()
        raise

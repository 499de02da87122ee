"""`forewarn review` in a real terminal, tmux's: several sizes, a real editor. Skipped where there is no tmux."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.test_review import HOSTILE, state_of, work
from tests.server.running import RunningDaemon

pytestmark = pytest.mark.long
_PATIENCE = 20.0


class Terminal:
    """One window of a tmux server of its own."""

    def __init__(self, tmux: str, name: str) -> None:
        self._command = [tmux, "-L", name, "-f", "/dev/null"]

    def open(self, width: int, height: int, command: list[str], **environment: str) -> None:
        """Run a command in a window of this size; the window stays when it ends."""
        told = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
        line = f"env {told} {shlex.join(command)}; echo ENDED; sleep 600"
        self._run("new-session", "-d", "-x", str(width), "-y", str(height), line)

    def press(self, *keys: str) -> None:
        for key in keys:
            self._run("send-keys", key)

    def resize(self, width: int, height: int) -> None:
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def seen(self) -> str:
        """What the window shows, without colours."""
        return self._run("capture-pane", "-p")

    def until(self, done: Callable[[str], bool]) -> str:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            seen = self.seen()
            if done(seen):
                return seen
            time.sleep(0.1)
        raise AssertionError(f"it did not come to that:\n{self.seen()}")

    def close(self) -> None:
        subprocess.run([*self._command, "kill-server"], check=False, capture_output=True)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._command, *arguments], check=True, capture_output=True, text=True)
        return done.stdout


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("no tmux on PATH (Debian: apt-get install tmux)")
    made = Terminal(tmux, f"forewarn-{os.getpid()}")
    yield made
    made.close()


def review(terminal: Terminal, daemon: RunningDaemon, width: int, height: int, **environment: str) -> None:
    addresses = ["--admin-address", daemon.admin_address, "--address", daemon.guard_address]
    environment |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    terminal.open(width, height, [sys.executable, "-m", "forewarn_cli", *addresses, "review"], **environment)


@pytest.mark.parametrize(("width", "height"), [(60, 20), (120, 40), (220, 60)])
def test_it_fits_the_terminal(terminal: Terminal, daemon: RunningDaemon, width: int, height: int) -> None:
    work(daemon)
    work(daemon, HOSTILE, "Dashboard")
    review(terminal, daemon, width, height, NO_COLOR="1")
    wide = width >= 100
    terminal.until(
        lambda seen: "▶ create pattern  99 %  pending" in seen and "a Approve" in seen and ("Evidence" in seen) == wide
    )
    terminal.press("Enter")
    terminal.until(lambda seen: "red]grafana[/]" in seen and "Evidence" in seen)
    terminal.resize(60, 20)
    terminal.until(lambda seen: "▶" not in seen and "suggests" in seen)
    terminal.press("Escape")
    terminal.until(lambda seen: "▶" in seen)  # else a terminal takes the two for Alt-q
    terminal.press("q")
    terminal.until(lambda seen: "ENDED" in seen)


def test_the_editor_gets_the_terminal_and_gives_it_back(
    terminal: Terminal, daemon: RunningDaemon, tmp_path: Path
) -> None:
    work(daemon)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "EDITING, press Enter"\nread _\nsed -i "s/KafkaTopic/Topic/" "$1"\n')
    editor.chmod(0o755)
    review(terminal, daemon, 100, 30, EDITOR=str(editor))
    terminal.until(lambda seen: "+resource: KafkaTopic" in seen or "6 of 6" in seen)
    terminal.press("m")
    seen = terminal.until(lambda seen: "EDITING" in seen)
    assert "Suggestions:" not in seen
    terminal.press("Enter")
    terminal.until(lambda seen: "approved with your draft" in seen)
    terminal.press("u")
    terminal.until(lambda seen: "taken back" in seen)


def test_a_kill_is_a_banner(terminal: Terminal, daemon: RunningDaemon) -> None:
    work(daemon)
    review(terminal, daemon, 80, 24)
    terminal.until(lambda seen: "▶ create pattern" in seen)
    daemon.kill()
    terminal.until(lambda seen: "! no daemon answers" in seen)
    daemon.start()
    terminal.until(lambda seen: "no daemon answers" not in seen and "▶ create pattern" in seen)
    terminal.press("d")
    terminal.until(lambda seen: "Dismiss this" in seen and "▔▔" in seen)
    time.sleep(0.3)  # until the line has the keyboard, which nothing on the screen says
    terminal.press("Enter")
    terminal.until(lambda seen: "dismissed:" in seen)
    from forewarn.v1 import suggestion_pb2

    everything = suggestion_pb2.ListSuggestionsRequest(any_state=True)
    (found,) = daemon.suggestion.ListSuggestions(everything).suggestions
    assert state_of(daemon, found.suggestion_id) == "dismissed"

"""The README's tour, word by word, against a real daemon; what it prints is compared as far as it cannot vary."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

from tests.server.running import RunningDaemon

from .pages import ROOT, blocks

README = (ROOT / "README.md").read_text()
WIDTH = 100


def steps() -> list[tuple[str, str]]:
    """The commands of the tour, each with what the page says that it prints."""
    found: list[tuple[str, str]] = []
    for block in blocks(README, "console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.strip("\n")))
    return found


def plain(line: str) -> str:
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line).split())


def fixed(output: str) -> list[str]:
    """The lines of the first paragraph that hold nothing that differs from run to run."""
    lines = [plain(line) for line in output.split("\n\n")[0].splitlines() if line != "…"]
    return [line for line in lines if line.isdigit() or not re.search(r"\d", line)]


def environment(daemon: RunningDaemon) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    return clean | {
        "FOREWARN_ADDRESS": daemon.guard_address,
        "FOREWARN_ADMIN_ADDRESS": daemon.admin_address,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "TERM": "xterm",
    }


def on_a_terminal(script: str, variables: dict[str, str]) -> str:
    """What a script prints on a terminal that is as wide as the page's."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    pieces: list[bytes] = []

    def read() -> None:
        try:
            while piece := os.read(ours, 65_536):
                pieces.append(piece)
        except OSError:  # how Linux says that nobody writes to it any more
            return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with subprocess.Popen(
        ["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=variables, cwd=ROOT
    ):
        os.close(theirs)
    reader.join(10)
    os.close(ours)
    return b"".join(pieces).decode().replace("\r", "")


def test_the_tour_goes_as_the_readme_says(daemon: RunningDaemon) -> None:
    tour = [step for step in steps() if "activate" not in step[0]]
    assert len(tour) >= 10
    script = "\n".join(f"{command}\necho '<<<end>>>'" for command, _ in tour)
    printed = on_a_terminal(script, environment(daemon)).split("<<<end>>>\n")
    assert len(printed) == len(tour) + 1
    for (command, said), real in zip(tour, printed, strict=False):
        seen = [plain(line) for line in real.splitlines()]
        assert [line for line in fixed(said) if line not in seen] == [], f"$ {command}\n{real}"

    # The daemon now enforces and knows the wrong query: the page's program comes next.
    (program,) = blocks(README, "python")
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(daemon), capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    (said,) = blocks(README, "text")
    assert done.stdout.splitlines()[0] == said.splitlines()[0]
    assert done.stdout.splitlines()[1].startswith("sql: prevent because ")
    assert [line.split(":")[0] for line in done.stdout.splitlines()[2:4]] == ["would pass if", "instead"]

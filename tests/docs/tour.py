"""The README's tour, run against a real daemon on a terminal as wide as the page.

    python -m tests.docs.tour

takes what the commands print anew and writes it into the README: for when the product's words have changed.
"""

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

PAGE = ROOT / "README.md"
README = PAGE.read_text()
WIDTH = 100


def steps() -> list[tuple[str, str]]:
    """The commands of the tour, each with what the page says that it prints."""
    found: list[tuple[str, str]] = []
    for block in blocks(README, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.strip("\n")))
    return found


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


def run_tour(daemon: RunningDaemon) -> list[tuple[str, str, str]]:
    """Each command with what the page says and what was really printed, without colours."""
    tour = [step for step in steps() if "activate" not in step[0]]
    script = "\n".join(f"{command}\necho '<<<end>>>'" for command, _ in tour)
    printed = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", on_a_terminal(script, environment(daemon))).split("<<<end>>>\n")
    assert len(printed) == len(tour) + 1, printed
    real = ["\n".join(line.rstrip() for line in text.splitlines()) for text in printed]
    return [(command, said, output.strip("\n")) for (command, said), output in zip(tour, real, strict=False)]


def run_program(daemon: RunningDaemon) -> subprocess.CompletedProcess[str]:
    """The page's Python program, which comes after the tour."""
    (program,) = blocks(README, "python")
    return subprocess.run(
        [sys.executable, "-c", program], env=environment(daemon), capture_output=True, text=True, check=False, cwd=ROOT
    )


def retake() -> None:
    """Write what is printed today into the page. Where the page stops with an ellipsis, the rest stays left out."""
    daemon = RunningDaemon().start()
    try:
        taken = {}
        for command, said, real in run_tour(daemon):
            taken[command, said] = real.split("\n\n")[0] + "\n\n…" if said.endswith("…") else real
        program = run_program(daemon).stdout.strip()
    finally:
        daemon.discard()

    def block(match: re.Match[str]) -> str:
        parts = re.split(r"^\$ ", match[1], flags=re.MULTILINE)[1:]
        lines = []
        for part in parts:
            command, _, said = part.partition("\n")
            lines.append(f"$ {command}\n{taken.get((command, said.strip(chr(10))), said)}".strip())
        return "```console\n" + "\n".join(lines) + "\n```"

    page = re.sub(r"```console\n(.*?)\n```", block, README, flags=re.DOTALL)
    PAGE.write_text(re.sub(r"```text\n.*?\n```", lambda _: f"```text\n{program}\n```", page, flags=re.DOTALL))


if __name__ == "__main__":
    retake()

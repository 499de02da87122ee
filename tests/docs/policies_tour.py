"""The console blocks of docs/policies.md, run one after the other as a new user would.

    python -m tests.docs.policies_tour

takes what the commands print anew and writes it into the page.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tests.server.running import RunningDaemon

from .pages import ROOT
from .tour import environment, on_a_terminal

PAGE = ROOT / "docs/policies.md"
_BLOCK = re.compile(r"```console\n(.*?)\n```", re.DOTALL)
_STEP = re.compile(r"^\$ ([^\n]*<<'EOF'\n.*?^EOF$|[^\n]*)\n?(.*?)(?=^\$ |\Z)", re.DOTALL | re.MULTILINE)
_END = "<<<end>>>"


def steps(page: str) -> list[tuple[str, str]]:
    """The commands, documents that they are given included, each with what the page says that it prints."""
    return [
        (match[1], match[2].strip("\n"))
        for block in _BLOCK.findall(page)
        for match in _STEP.finditer(block.rstrip() + "\n")
    ]


def run(daemon: RunningDaemon, commands: list[str]) -> list[str]:
    """What each command prints on a terminal as wide as the page, without colours."""
    ending = f"\necho '{_END}'\n"
    with tempfile.TemporaryDirectory() as folder:
        script = f"cd {folder}\n" + ending.join(commands) + ending
        printed = on_a_terminal(script, environment(daemon))
    parts = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", printed).split(f"{_END}\n")
    assert len(parts) == len(commands) + 1, printed
    return ["\n".join(line.rstrip() for line in part.splitlines()).strip("\n") for part in parts[:-1]]


def retake(page: Path = PAGE) -> None:
    """Write what is printed today into the page."""
    text = page.read_text()
    daemon = RunningDaemon().start()
    try:
        printed = iter(run(daemon, [command for command, _ in steps(text)]))
    finally:
        daemon.discard()

    def block(match: re.Match[str]) -> str:
        taken = [f"$ {command}\n{next(printed)}".strip() for command, _ in steps(match[0])]
        return "```console\n" + "\n".join(taken) + "\n```"

    page.write_text(_BLOCK.sub(block, text))


if __name__ == "__main__":
    retake()

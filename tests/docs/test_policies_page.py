"""docs/policies.md goes as it says, from an empty folder to an approved call, but for what differs each time."""

from __future__ import annotations

import re

from tests.server.running import RunningDaemon

from .pages import ROOT
from .policies_tour import run, steps


def told(command: str, text: str) -> list[str]:
    """The lines without times, ids and revisions. Of a check only what policies say: learning's words get better."""
    text = re.sub(r"\b(?:[0-9a-f]{32}|[0-9a-f]{12})\b", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d\s+\d\d:\d\d:\d\dZ|\d{4}-\d\d-\d\d|\d\d:\d\d:\d\dZ", "TIME", text)
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip("─ ")]
    if command.startswith("forewarn check"):
        lines = [
            line for line in lines if re.match(r"verdict|would be|policy|guard/|careful/|rule|derived|effect", line)
        ]
    return lines


def test_the_page_goes_as_it_says(daemon: RunningDaemon) -> None:
    tour = steps((ROOT / "docs/policies.md").read_text())
    assert len(tour) >= 25
    for (command, said), real in zip(tour, run(daemon, [command for command, _ in tour]), strict=True):
        assert told(command, real) == told(command, said), f"$ {command}\n{real}"

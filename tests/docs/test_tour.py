"""The README's tour goes as the page says, as far as it can be told from words that do not vary."""

from __future__ import annotations

import re

from tests.server.running import RunningDaemon

from .pages import blocks
from .tour import README, run_program, run_tour


def plain(line: str) -> str:
    return " ".join(line.split())


def fixed(output: str) -> list[str]:
    """Of the first paragraph the lines that hold no number, remedies left out: those are sentences, and get better."""
    lines = [line for line in output.split("\n\n", maxsplit=1)[0].splitlines() if not re.match(r"\s|remedy|…", line)]
    return [plain(line) for line in lines if line.isdigit() or not re.search(r"\d", line)]


def test_the_tour_goes_as_the_readme_says(daemon: RunningDaemon) -> None:
    taken = run_tour(daemon)
    assert len(taken) >= 10
    for command, said, real in taken:
        seen = [plain(line) for line in real.splitlines()]
        assert [line for line in fixed(said) if line not in seen] == [], f"$ {command}\n{real}"

    done = run_program(daemon)
    (said,) = blocks(README, "text")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == said.splitlines()[0]
    assert done.stdout.splitlines()[1].startswith("sql: prevent because ")

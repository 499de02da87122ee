"""Policy files with something broken in them: the examples, damaged at random."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Final

SEEDS: Final = [
    path.read_text()
    for path in sorted((Path(__file__).parents[2] / "docs" / "policies").glob("*.yaml"))
    if not path.name.endswith("_test.yaml")
]
_PIECES: Final = [
    "{", "}", "[", "]", ":", ": ", "- ", "\n", "  ", "\t", "'", '"', "&a ", "*a", "!!str ", "? ", "|", ">", "#",
    "---\n", "\0", "\ud800", "\u2028", "日", "null", "~", "true", "1e400", "9" * 40, "0x", ".nan", "call.", "derived.",
    "all: ", "not: ", "cel: ", "{{", "}}",
    "matches: '('", "(?P<", "a" * 300, "\\", "%YAML 1.1\n", "<<: ", "within: {from: '25:00'}", "- - - ", "\r", "\x85",
]  # fmt: skip


def damaged(random: Random, text: str) -> str:
    """The text with a few cuts, repeats and insertions."""
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(text) + 1)
        to = min(len(text), at + random.choice([1, 2, 5, 20, 100]))
        kind = random.random()
        if kind < 0.4:
            text = text[:at] + random.choice(_PIECES) + text[at:]
        elif kind < 0.65:
            text = text[:at] + text[to:]
        elif kind < 0.85:
            text = text[:at] + text[at:to] * random.choice([2, 3, 30]) + text[to:]
        else:
            lines = text.split("\n")
            random.shuffle(lines)
            text = "\n".join(lines)
    return text

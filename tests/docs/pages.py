"""The pages that people read, and what is in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(```|~~~)(\w*)\n(.*?)^\1\s*$", re.DOTALL | re.MULTILINE)


def pages() -> list[Path]:
    """All markdown files of the repository, without what was installed or built."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("prompts/**/*.md"), *ROOT.glob("docs/**/*.md")]
    found += [path for path in ROOT.glob("clients/**/*.md") if "node_modules" not in path.parts]
    return sorted(found)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return [match[3] for match in _FENCE.finditer(text) if match[2] == language]


def prose(text: str) -> str:
    """The text without fenced blocks and inline code."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows, without back quotes."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")] for line in lines]

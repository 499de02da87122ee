"""What a tool tells: a sentence of ours, and the data.

Texts in the data were written by others (users, tools, models). They are told as JSON only, where they are quoted,
never as a sentence of ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mcp_types import CallToolResult, TextContent


@dataclass(frozen=True, slots=True)
class Told:
    """``summary`` holds numbers, words of the API and ids; ``content`` follows the tool's output schema."""

    summary: str
    content: dict[str, Any]

    def result(self) -> CallToolResult:
        """The data as structured content, and for hosts that read texts only, as text too."""
        return CallToolResult(
            content=[
                TextContent(type="text", text=self.summary),
                TextContent(type="text", text=text_of(self.content)),
            ],
            structured_content=self.content,
        )


def text_of(content: dict[str, Any]) -> str:
    """JSON in which control characters and marks that reorder text are escaped."""
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" if ord(one) < 0x10000 else "�" for one in plain)


def counted(count: int, one: str, several: str = "") -> str:
    """As in "1 suggestion", "2 suggestions"."""
    return f"{count} {one if count == 1 else several or one + 's'}"

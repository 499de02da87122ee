"""One kind of secret: a pattern, and what is asked of a match before anything is hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

Span = tuple[int, int]


class Found:
    """A match of a shape in UTF-8 text. Spans are in bytes, at character boundaries."""

    __slots__ = ("data", "spans")

    def __init__(self, data: bytes, spans: dict[str, Span]) -> None:
        self.data = data
        self.spans = spans

    def span(self, name: str = "") -> Span:
        """The span of a group, of the whole match by default; (-1, -1) where the group took no part."""
        return self.spans[name]

    def group(self, name: str = "") -> str:
        """The text of a group, of the whole match by default; empty where it took no part."""
        start, end = self.spans[name]
        return self.data[start:end].decode() if end > 0 else ""

    def neighbours(self, span: Span) -> tuple[str, str]:
        """The bytes before and after a span, as characters; "é" and its like come as word characters."""
        start, end = span
        return self.data[start - 1 : start].decode("latin-1"), self.data[end : end + 1].decode("latin-1")


class Shape(NamedTuple):
    """One kind of secret. ``kind`` is what its stand-in says; lower-case letters and underscores, at most 16."""

    kind: str
    pattern: str
    accept: Callable[[Found], Span | None] | None = None


#: Values that stand for a secret without being one: variables, blanks, types, masks.
STAND_IN: Final = re.compile(
    r"\$\{?[A-Z_][A-Z0-9_]*\}?|\$\(.*|\{\{.*|%[A-Z_]+%|[*x•.]{3,}|\[?(?i:redacted|hidden|filtered)\]?"
)

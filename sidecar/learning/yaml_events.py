"""YAML of any form as a tree of texts, from ruamel.yaml's events; see ``yaml_reading.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ruamel.yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from .yaml_lines import Node, Plain

_DEPTH: Final = 6


class NotReadableError(ValueError):
    """The document cannot be read. ``line`` counts from 1, 0 where none can be named."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class Builder:
    """Makes a tree of the parser's events as they come, so that what is refused costs nothing more."""

    def __init__(self, events: Iterator[Event], starts: list[int] | None) -> None:
        self._events = events
        self._starts = starts

    def document(self) -> Node:
        """The one document's tree. Raises NotReadableError and ruamel.yaml's errors."""
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                root = self._node(next(self._events), _DEPTH, top=True)
                next(self._events)
                if not isinstance(event := next(self._events), StreamEndEvent):
                    raise NotReadableError("one document is expected", event.start_mark.line + 1)
                return root
        raise NotReadableError("is empty", 1)

    def _node(self, event: Event, depth: int, *, top: bool = False, listed: bool = False) -> Node:
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            raise NotReadableError("anchors and aliases (& and *) are not understood; put the text in quotes", line)
        if getattr(event, "ctag", None) is not None:
            raise NotReadableError("tags (!) are not understood; put the text in quotes", line)
        if isinstance(event, ScalarEvent):
            return Plain(event.value) if event.style is None else str(event.value)
        if not depth:
            raise NotReadableError("is nested too deep", line)
        if isinstance(event, SequenceStartEvent):
            nodes: list[Node] = []
            while not isinstance(inner := next(self._events), SequenceEndEvent):
                if listed and self._starts is not None:
                    self._starts.append(inner.start_mark.index)
                nodes.append(self._node(inner, depth - 1))
            return nodes
        if not isinstance(event, MappingStartEvent):
            raise NotReadableError("is not understood", line)
        fields: dict[str, Node] = {}
        while not isinstance(inner := next(self._events), MappingEndEvent):
            key = self._node(inner, 0)
            line = inner.start_mark.line + 1
            if not isinstance(key, str) or key in fields:
                raise NotReadableError(f"{str(key)[:40]!r} stands twice", line)
            fields[str(key)] = self._node(next(self._events), depth - 1, listed=top and key == "patterns")
        return fields

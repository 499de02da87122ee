"""A YAML document of any form as a tree of texts, lists and mappings, with nothing of YAML's own magic.

Scalars stay texts: what a field means decides what is a number, so that an id may be ``no`` or ``1e3``. Anchors,
aliases, tags, keys that stand twice and more than one document are refused. ruamel.yaml reads about 100 kB a second:
whoever calls bounds the text. Policies have a reader of their own (``policies/reading.py``), which keeps types and all
lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
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

#: How deep lists and mappings may stand in each other.
DEPTH: Final = 6


class Plain(str):
    """A scalar without quotes: it may be meant as a number, a truth or nothing."""

    __slots__ = ()


Node: TypeAlias = "str | list[Node] | dict[str, Node]"


class NotReadableError(ValueError):
    """The document cannot be read. ``line`` counts from 1, 0 where none can be named."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class Starts(NamedTuple):
    """Where the items of a list at the top of the document begin (characters), noted while it is read."""

    field: str
    found: list[int]


def read_tree(text: str, starts: Starts | None = None, unquoted: type[str] = Plain) -> Node:
    """The tree of a document; scalars without quotes are ``unquoted``. Raises NotReadableError."""
    try:
        return _Builder(YAML(typ="safe", pure=True).parse(text), starts, unquoted).document()
    except NotReadableError:
        raise
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        problem = error.problem if isinstance(error, MarkedYAMLError) else "a character that YAML does not have"
        raise NotReadableError(f"not YAML: {problem}", mark.line + 1 if mark else 1) from None
    except Exception:  # noqa: BLE001  # ruamel.yaml's scanner stumbles over some documents in other ways
        raise NotReadableError("not YAML", 1) from None


class _Builder:
    """Makes a tree of the parser's events as they come, so that what is refused costs nothing more."""

    def __init__(self, events: Iterator[Event], starts: Starts | None, unquoted: type[str]) -> None:
        self._events = events
        self._unquoted = unquoted
        self._starts = starts

    def document(self) -> Node:
        """The one document's tree. Raises NotReadableError and ruamel.yaml's errors."""
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                root = self._node(next(self._events), DEPTH, top=True)
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
            return self._unquoted(event.value) if event.style is None else str(event.value)
        if not depth:
            raise NotReadableError("is nested too deep", line)
        if isinstance(event, SequenceStartEvent):
            nodes: list[Node] = []
            while not isinstance(inner := next(self._events), SequenceEndEvent):
                if listed and self._starts is not None:
                    self._starts.found.append(inner.start_mark.index)
                nodes.append(self._node(inner, depth - 1))
            return nodes
        if not isinstance(event, MappingStartEvent):
            raise NotReadableError("is not understood", line)
        fields: dict[str, Node] = {}
        noted = self._starts.field if top and self._starts is not None else None
        while not isinstance(inner := next(self._events), MappingEndEvent):
            key = self._node(inner, 0)
            if not isinstance(key, str) or key in fields:
                raise NotReadableError(f"{str(key)[:40]!r} stands twice", inner.start_mark.line + 1)
            fields[str(key)] = self._node(next(self._events), depth - 1, listed=key == noted)
        return fields

"""YAML as plain values that remember their lines. Hostile texts give a ``PolicyError``, never another error or a hang.

The core schema of YAML 1.2: ``no`` and ``on`` are texts, and so are dates. Anchors, aliases, tags, keys that stand
twice and keys that are no text are refused. A file may hold several documents, separated by ``---``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .faults import Fault, PolicyError
from .quick_reading import MAX_DEPTH, MAX_NODES, Place, Tree, UnusualError, plain_value, quick_documents

#: The longest file (characters).
MAX_CHARS: Final = 4 << 20
#: Characters that ruamel.yaml may be given: about 10 seconds.
MAX_SLOW_CHARS: Final = 1 << 20


class Written(NamedTuple):
    """One document: its value, the line of each of its parts by place, and the file it stands in."""

    tree: Tree
    lines: dict[Place, int]
    file: str

    def line(self, place: Place) -> int:
        """The line of a part, else of the nearest part around it."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return 0

    def fault(self, place: Place, message: str, fix: str = "") -> Fault:
        """A fault at a part of the document."""
        return Fault(message, fix, self.file, self.line(place), dotted(place))


def dotted(place: Place) -> str:
    """A place as people write it: ``rules[2].when.glob``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def read(text: str, file: str = "") -> list[Written]:
    """The documents of a text; those that are empty are left out. Raises PolicyError."""
    if len(text) > MAX_CHARS:
        raise PolicyError([Fault(f"is longer than {MAX_CHARS >> 20} MiB", "split the file", file)])
    try:
        return [Written(tree, lines, file) for tree, lines in quick_documents(text) if tree is not None]
    except UnusualError:
        return read_slowly(text, file)


def read_slowly(text: str, file: str = "") -> list[Written]:
    """The same for YAML of any form. Raises PolicyError."""
    if len(text) > MAX_SLOW_CHARS:
        message = f"is longer than {MAX_SLOW_CHARS >> 20} MiB and not written plainly"
        raise PolicyError([Fault(message, "split the file, or write values on the line of their key", file)])
    try:
        return list(_documents(YAML(typ="safe", pure=True).parse(text), file))
    except PolicyError:
        raise
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context or "").split())[:200]
        fix = "check the indentation, and put texts with special characters in quotes"
        raise PolicyError([Fault(f"is not YAML: {problem}", fix, file, mark.line + 1 if mark else 0)]) from None
    except YAMLError:
        fix = "remove control characters"
        raise PolicyError([Fault("is not YAML: it has a character that YAML does not have", fix, file)]) from None
    except Exception:  # noqa: BLE001  # ruamel.yaml's scanner stumbles over some texts in other ways
        raise PolicyError([Fault("is not YAML", "check it with an editor that knows YAML", file)]) from None


def _documents(events: Iterator[Event], file: str) -> Iterator[Written]:
    for event in events:
        if isinstance(event, DocumentStartEvent):
            builder = _Builder(events, file)
            tree = builder.node(next(events), ())
            if tree is not None:
                yield Written(tree, builder.lines, file)
        elif not isinstance(event, DocumentEndEvent):
            continue


class _Builder:
    """Makes a value of the parser's events as they come, so that what is refused costs nothing more."""

    def __init__(self, events: Iterator[Event], file: str) -> None:
        self.lines: dict[Place, int] = {}
        self._events = events
        self._file = file
        self._left = MAX_NODES

    def node(self, event: Event, place: Place) -> Tree:
        """The value that begins with an event."""
        line = event.start_mark.line + 1
        self.lines.setdefault(place, line)
        self._left -= 1
        if self._left < 0:
            raise self._error(line, place, f"has more than {MAX_NODES} values", "split the file")
        if getattr(event, "anchor", None) is not None:
            raise self._error(line, place, "anchors and aliases (& and *) are not understood", "put the text in quotes")
        if getattr(event, "ctag", None) is not None:
            raise self._error(line, place, "tags (!) are not understood", "put the text in quotes")
        if isinstance(event, ScalarEvent):
            return self._scalar(event, line, place)
        if len(place) >= MAX_DEPTH:
            raise self._error(line, place[:4], f"is nested more than {MAX_DEPTH} deep", "write it flatter")
        if isinstance(event, SequenceStartEvent):
            items: list[Tree] = []
            while not isinstance(inner := next(self._events), SequenceEndEvent):
                items.append(self.node(inner, (*place, len(items))))
            return items
        if not isinstance(event, MappingStartEvent):
            raise self._error(line, place, "is not understood", "write plain values, lists and mappings only")
        return self._mapping(place)

    def _mapping(self, place: Place) -> dict[str, Tree]:
        fields: dict[str, Tree] = {}
        while not isinstance(inner := next(self._events), MappingEndEvent):
            line = inner.start_mark.line + 1
            if not isinstance(inner, ScalarEvent) or inner.anchor is not None or inner.ctag is not None:
                raise self._error(line, place, "a name is expected before the colon", "write a plain name")
            key = str(inner.value)
            if key in fields:
                raise self._error(line, (*place, key), "stands twice", "remove one of the two")
            self.lines[*place, key] = line
            fields[key] = self.node(next(self._events), (*place, key))
        return fields

    def _scalar(self, event: ScalarEvent, line: int, place: Place) -> Tree:
        text = str(event.value)
        if event.style is not None:
            return text
        try:
            return plain_value(text)
        except OverflowError:
            raise self._error(line, place, "is a number too large", "put it in quotes if it is a text") from None

    def _error(self, line: int, place: Place, message: str, fix: str) -> PolicyError:
        return PolicyError([Fault(message, fix, self._file, line, dotted(place))])

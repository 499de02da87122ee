"""Reading ``patterns.yaml``: one pattern after the other, as trees of texts, for people to have edited in between.

Scalars stay texts: what a field means decides what is a number, so that a tool may be called ``no`` or ``1e3`` with or
without quotes. Tags, anchors and aliases are refused, and so are keys that stand twice.

ruamel.yaml reads about 100 kB a second. So what looks as the export writes it (comments and other simple values may be
added) is read by a few regular expressions, a hundred times faster, and only items that do not are given to ruamel, at
most ``SLOW_CHARS`` in all. A test holds both ways together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

import msgspec
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

from .yaml_writing import UNPRINTABLE

#: Characters that ruamel.yaml may be given of one document: about 40 seconds.
SLOW_CHARS: Final = 4 << 20
_DEPTH: Final = 6
_QUOTED: Final = r""""[^"\\]*(?:\\.[^"\\]*)*"|'[^']*(?:''[^']*)*'"""
_FLAT: Final = r"[-+]?[A-Za-z0-9_.]+(?:[:/+-][A-Za-z0-9_.]+)*"
_LINE: Final = re.compile(
    r'( *)(- )?(?:([a-z_]+)|"([0-9a-f]{16})"):(?: +'
    rf"(?:({_QUOTED})|\{{((?:[a-z_]+: {_FLAT}(?:, |(?=\}})))*)\}}|\[((?:(?:{_QUOTED}|{_FLAT})(?:, |(?=\])))*)\]"
    r"|([-+]?[A-Za-z0-9_.][A-Za-z0-9_./:+ -]*)))? *(?:(?<= )#.*)?"
)
_PART: Final = re.compile(rf"({_QUOTED})|({_FLAT})")
_HEAD: Final = re.compile(r"^patterns: *(?:#.*)?\n(?:[ ]*(?:#.*)?\n)*( *)- ", re.MULTILINE)
_BEGIN: Final = re.compile(r"(?: *(?:#.*)?\n)*--- *\n")


class Plain(str):
    """A scalar without quotes: it may be meant as a number, a truth or nothing."""

    __slots__ = ()


Node: TypeAlias = "str | list[Node] | dict[str, Node]"


class Item(NamedTuple):
    """One pattern as it is written, and the character of the document where it starts."""

    fields: Node
    start: int


class NotReadableError(ValueError):
    """The document cannot be read. ``line`` counts from 1, 0 where none can be named."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class _UnusualError(Exception):
    """Not as the export writes it."""


class Document:
    """The top level of a document: ``head`` is all but the patterns, ``items`` gives these, read as they are asked for.

    Raises NotReadableError, from ``items`` too.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._slow = 0
        self.head: dict[str, Node] = {}
        self._whole: list[Item] | None = None
        found = _HEAD.search(text)
        begin = _BEGIN.match(text)
        try:
            self.head = {} if found is None else _item(text[begin.end() if begin else 0 : found.start()], -2)
        except _UnusualError:
            found = None
        if found is not None:
            self._indent = found[1]
            self._first = found.start(1)
            outside = re.compile(rf"^ {{0,{len(found[1])}}}(?:[^ \n#-]|-(?! ))", re.MULTILINE)
            if outside.search(text, found.end()) is None:
                return
        self._read_whole()

    def items(self) -> Iterator[Item]:
        """The patterns in order."""
        if self._whole is not None:
            yield from self._whole
            return
        text = self.text
        start = self._first
        for match in re.compile(rf"^{self._indent}- ", re.MULTILINE).finditer(text, start + 1):
            yield self._read(text[start : match.start()], start)
            start = match.start()
        yield self._read(text[start:], start)

    def line_of(self, item: Item, path: str) -> int:
        """The line where a field of an item stands, else where the item does; from 1."""
        at = item.start
        for name in re.findall(r"[a-z_]+", path):
            found = re.compile(rf"^[ -]*['\"]?{name}['\"]? *:", re.MULTILINE).search(self.text, at)
            at = found.end() if found is not None else at
        return self.text.count("\n", 0, at) + 1

    def _read(self, chunk: str, start: int) -> Item:
        try:
            return Item(_item(chunk, len(self._indent)), start)
        except _UnusualError:
            found = self._parse(chunk, start)
        if not isinstance(found, list) or len(found) != 1:
            raise NotReadableError("an item of the list of patterns was expected", self.text.count("\n", 0, start) + 1)
        return Item(found[0], start)

    def _read_whole(self) -> None:
        starts: list[int] = []
        root = self._parse(self.text, 0, starts)
        if not isinstance(root, dict) or root.get("forewarn") != "patterns":
            raise NotReadableError("must begin with “forewarn: patterns”", 1)
        items = root.pop("patterns", None)
        if not isinstance(items, list):
            raise NotReadableError("“patterns” must be a list", 0)
        self.head = root
        self._whole = [Item(node, start) for node, start in zip(items, starts, strict=True)]

    def _parse(self, text: str, start: int, starts: list[int] | None = None) -> Node:
        self._slow += len(text)
        before = self.text.count("\n", 0, start)
        if self._slow > SLOW_CHARS:
            raise NotReadableError(
                f"more than {SLOW_CHARS >> 20} MiB are written otherwise than “forewarn export” writes", before + 1
            )
        events = YAML(typ="safe", pure=True).parse(text)
        try:
            return _Builder(events, starts).document()
        except NotReadableError as error:
            raise NotReadableError(str(error), before + error.line) from None
        except YAMLError as error:
            mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
            problem = error.problem if isinstance(error, MarkedYAMLError) else "a character that YAML does not have"
            raise NotReadableError(f"not YAML: {problem}", before + 1 + (mark.line if mark else 0)) from None
        except Exception:  # noqa: BLE001  # ruamel.yaml's scanner stumbles over some documents in other ways
            raise NotReadableError("not YAML", before + 1) from None


class _Builder:
    """Makes a tree of the parser's events as they come, so that what is refused costs nothing more."""

    def __init__(self, events: Iterator[Event], starts: list[int] | None) -> None:
        self._events = events
        self._starts = starts

    def document(self) -> Node:
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


def _item(text: str, indent: int) -> dict[str, Node]:
    """An item of the list as the export writes it, whose dash stands at ``indent``."""
    lines = text.split("\n")
    if UNPRINTABLE.search("".join(lines)):
        raise _UnusualError
    reading = _ItemReading(indent)
    for line in lines:
        bare = line.lstrip(" ")
        if bare and bare[0] != "#":
            found = _LINE.fullmatch(line)
            if found is None:
                raise _UnusualError
            reading.take(found)
    if reading.pending:
        raise _UnusualError
    return reading.root


class _ItemReading:
    """Where the reading of an item is: in the item itself, or in the mapping or list below one of its fields."""

    __slots__ = ("_column", "_first", "_indent", "_list", "_list_column", "_target", "pending", "root")

    def __init__(self, indent: int) -> None:
        self.root: dict[str, Node] = {}
        #: The field whose value is still to come, on the lines below it.
        self.pending = ""
        self._indent = indent
        self._first = indent >= 0
        self._target = self.root
        self._column = indent + 2
        self._list: list[Node] = []
        self._list_column = -1

    def take(self, found: re.Match[str]) -> None:
        """Go on with a line."""
        spaces, dash, name, octets, *_ = found.groups()
        at = len(spaces)
        if dash:
            self._dash(at)
            at += 2
        elif self.pending:
            below: dict[str, Node] = {}
            self._target = below
            if at <= self._indent + 2:
                raise _UnusualError
            self.root[self.pending], self.pending = below, ""
            self._column, self._list_column = at, -1
        elif at != self._column:
            self._target, self._column, self._list_column = self.root, self._indent + 2, -1
        self._first = False
        key = name or octets
        if at != self._column or key in self._target:
            raise _UnusualError
        if (found.lastindex or 0) >= 5:
            self._target[key] = _value(found)
        elif self._target is self.root:
            self._target[key], self.pending = "", key
        else:
            raise _UnusualError

    def _dash(self, at: int) -> None:
        if self._first:
            return
        if self.pending and at >= self._indent + 2:
            self._list, self._list_column = [], at
            self.root[self.pending], self.pending = self._list, ""
        elif at != self._list_column:
            raise _UnusualError
        self._target, self._column = {}, at + 2
        self._list.append(self._target)


def _value(found: re.Match[str]) -> Node:
    _, _, _, _, quoted, mapping, sequence, plain = found.groups()
    if plain is not None:
        plain = plain.rstrip(" ")
        if ": " in plain or plain[-1] == ":":
            raise _UnusualError
        return Plain(plain)
    if quoted is not None:
        return _unquoted(quoted)
    if sequence is not None:
        return [_unquoted(part[1]) if part[1] else Plain(part[2]) for part in _PART.finditer(sequence)]
    pairs = [pair.split(": ", 1) for pair in mapping.removesuffix(", ").split(", ")] if mapping else []
    fields: dict[str, Node] = {name: Plain(value) for name, value in pairs}
    if len(fields) != len(pairs):
        raise _UnusualError
    return fields


def _unquoted(quoted: str) -> str:
    if quoted[0] == "'":
        return quoted[1:-1].replace("''", "'")
    if "\\" not in quoted:
        return quoted[1:-1]
    try:
        return str(msgspec.json.decode(quoted))
    except msgspec.DecodeError:
        raise _UnusualError from None

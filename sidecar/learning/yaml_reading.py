"""Reading ``patterns.yaml``: one pattern after the other, as trees of texts, for people to have edited in between.

Scalars stay texts: what a field means decides what is a number, so that a tool may be called ``no`` or ``1e3`` with or
without quotes. Tags, anchors and aliases are refused, and so are keys that stand twice.

ruamel.yaml reads about 100 kB a second. So what looks as the export writes it (comments and other simple values may be
added) is read by a few regular expressions, fifty times faster, and only items that do not are given to ruamel, at
most ``SLOW_CHARS`` in all. A test holds both ways together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..yaml_tree import Node, NotReadableError, Starts, read_tree
from .yaml_lines import UnusualError, item_of

#: Characters that ruamel.yaml may be given of one document: about 40 seconds.
SLOW_CHARS: Final = 4 << 20
_HEAD: Final = re.compile(r"^patterns: *(?:#.*)?\n(?:[ ]*(?:#.*)?\n)*( *)- ", re.MULTILINE)
_BEGIN: Final = re.compile(r"(?: *(?:#.*)?\n)*--- *\n")


class Item(NamedTuple):
    """One pattern as it is written, and the character of the document where it starts."""

    fields: Node
    start: int


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
            self.head = {} if found is None else item_of(text[begin.end() if begin else 0 : found.start()], -2)
        except UnusualError:
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
            return Item(item_of(chunk, len(self._indent)), start)
        except UnusualError:
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
        try:
            return read_tree(text, None if starts is None else Starts("patterns", starts))
        except NotReadableError as error:
            raise NotReadableError(str(error), before + error.line) from None

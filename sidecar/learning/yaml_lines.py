"""Items of ``patterns.yaml`` as the export writes them, read by a few regular expressions; see ``yaml_reading.py``."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ..yaml_tree import Node, Plain
from .yaml_writing import UNPRINTABLE

_QUOTED: Final = r""""[^"\\]*(?:\\.[^"\\]*)*"|'[^']*(?:''[^']*)*'"""
_FLAT: Final = r"[-+]?[A-Za-z0-9_.]+(?:[:/+-][A-Za-z0-9_.]+)*"
_WORDS: Final = rf"{_FLAT}(?: {_FLAT})*"
_LINE: Final = re.compile(
    r'( *)(- )?(?:([a-z_]+)|"([0-9a-f]{16})"):(?: +'
    rf"(?:({_QUOTED})|\{{((?:[a-z_]+: {_FLAT}(?:, |(?=\}})))*)\}}|\[((?:(?:{_QUOTED}|{_WORDS})(?:, |(?=\])))*)\]"
    r"|([-+]?[A-Za-z0-9_.][A-Za-z0-9_./:+ -]*)))? *(?:(?<= )#.*)?"
)
_PART: Final = re.compile(rf"({_QUOTED})|({_WORDS})")


class UnusualError(Exception):
    """Not as the export writes it."""


def item_of(text: str, indent: int) -> dict[str, Node]:
    """An item of the list as the export writes it, whose dash stands at ``indent``."""
    lines = text.split("\n")
    if UNPRINTABLE.search("".join(lines)):
        raise UnusualError
    reading = _ItemReading(indent)
    for line in lines:
        bare = line.lstrip(" ")
        if bare and bare[0] != "#":
            found = _LINE.fullmatch(line)
            if found is None:
                raise UnusualError
            reading.take(found)
    if reading.pending:
        raise UnusualError
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
                raise UnusualError
            self.root[self.pending], self.pending = below, ""
            self._column, self._list_column = at, -1
        elif at != self._column:
            self._target, self._column, self._list_column = self.root, self._indent + 2, -1
        self._first = False
        key = name or octets
        if at != self._column or key in self._target:
            raise UnusualError
        if (found.lastindex or 0) >= 5:
            self._target[key] = _value(found)
        elif self._target is self.root:
            self._target[key], self.pending = "", key
        else:
            raise UnusualError

    def _dash(self, at: int) -> None:
        if self._first:
            return
        if self.pending and at >= self._indent + 2:
            self._list, self._list_column = [], at
            self.root[self.pending], self.pending = self._list, ""
        elif at != self._list_column:
            raise UnusualError
        self._target, self._column = {}, at + 2
        self._list.append(self._target)


def _value(found: re.Match[str]) -> Node:
    _, _, _, _, quoted, mapping, sequence, plain = found.groups()
    if plain is not None:
        plain = plain.rstrip(" ")
        if ": " in plain or plain[-1] == ":":
            raise UnusualError
        return Plain(plain)
    if quoted is not None:
        return _unquoted(quoted)
    if sequence is not None:
        return [_unquoted(part[1]) if part[1] else Plain(part[2]) for part in _PART.finditer(sequence)]
    pairs = [pair.split(": ", 1) for pair in mapping.removesuffix(", ").split(", ")] if mapping else []
    fields: dict[str, Node] = {name: Plain(value) for name, value in pairs}
    if len(fields) != len(pairs):
        raise UnusualError
    return fields


def _unquoted(quoted: str) -> str:
    if quoted[0] == "'":
        return quoted[1:-1].replace("''", "'")
    if "\\" not in quoted:
        return quoted[1:-1]
    try:
        return str(msgspec.json.decode(quoted))
    except msgspec.DecodeError:
        raise UnusualError from None

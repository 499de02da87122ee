"""The YAML that people usually write, read thirty times faster than ruamel.yaml does; all else is left to it.

Usual are mappings and lists in lines, values on the line of their key: plain, in quotes without escapes, or a flow
mapping or list that ends there. What comes out is what ``reading.py`` makes of ruamel's events; a test holds both
together. Nothing is reported from here: what is wrong is unusual too.
"""

from __future__ import annotations

import math
import re
from typing import Final, TypeAlias

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | bool | None"
Place: TypeAlias = "tuple[str | int, ...]"

#: The deepest nesting, and the most values in one document.
MAX_DEPTH: Final = 32
MAX_NODES: Final = 200_000
#: Whole numbers have 64 bits: what is stored and sent has no more.
LARGEST: Final = 2**63

_QUOTED: Final = r"'(?:[^']|'')*'|\"[^\"\\]*\""
_KEY: Final = re.compile(rf"([A-Za-z_][A-Za-z0-9_.-]*|{_QUOTED}):(?: +|$)")
_QUOTED_VALUE: Final = re.compile(rf"({_QUOTED}) *(?: #.*)?")
_PLAIN_VALUE: Final = re.compile(
    r"((?:[A-Za-z0-9_./~+^$(]|-(?=[0-9.]))[^ :#]*(?:(?: +|:)(?![ #:])[^ :#]+|(?<! )#[^ :#]*)*) *(?: #.*)?"
)
_FLOW_TOKEN: Final = re.compile(
    rf" *(?:([{{}}\[\],])|({_QUOTED})|((?:[A-Za-z0-9_./~+]|-(?=[0-9.]))[A-Za-z0-9_./~+*?$%@ -]*))"
)
_COMMENT: Final = re.compile(r" *(?: #.*)?")
_UNPRINTABLE: Final = re.compile(r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_INT: Final = re.compile(r"[-+]?[0-9]{1,30}|0o[0-7]{1,30}|0x[0-9a-fA-F]{1,25}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class UnusualError(Exception):
    """Not as people usually write it."""


def plain_value(text: str) -> Tree:
    """The value of a scalar without quotes, by the core schema of YAML 1.2. Raises OverflowError."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        whole = int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if not -LARGEST <= whole < LARGEST:
            raise OverflowError
        return whole
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise OverflowError
        return number
    return text


def quick_documents(text: str) -> list[tuple[Tree, dict[Place, int]]]:
    """The documents of a text, with the line of each part. Raises UnusualError."""
    if _UNPRINTABLE.search(text):
        raise UnusualError
    documents: list[tuple[Tree, dict[Place, int]]] = []
    lines: list[tuple[int, int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        body = line.lstrip(" ")
        if not body or body[0] == "#":
            continue
        if line.startswith(("---", "...", "%")):
            if line.rstrip(" ") != "---":
                raise UnusualError
            documents += _document(lines)
            lines = []
        else:
            lines.append((number, len(line) - len(body), body))
    return documents + _document(lines)


def _document(lines: list[tuple[int, int, str]]) -> list[tuple[Tree, dict[Place, int]]]:
    if not lines:
        return []
    reading = _Reading(lines)
    tree = reading.block(lines[0][1], ())
    if reading.at < len(lines):
        raise UnusualError
    return [(tree, reading.places)]


class _Reading:
    """Where the reading of a document is. Lines are number, indentation, and what stands there."""

    def __init__(self, lines: list[tuple[int, int, str]]) -> None:
        self.places: dict[Place, int] = {}
        self.at = 0
        self._lines = lines

    def block(self, indent: int, place: Place) -> Tree:
        """The mapping or list whose lines begin here, at this indentation."""
        number, found, body = self._lines[self.at]
        if found != indent or len(place) >= MAX_DEPTH:
            raise UnusualError
        self._note(place, number)
        return self._list(indent, place) if body.startswith("- ") else self._mapping(indent, place)

    def _list(self, indent: int, place: Place) -> Tree:
        items: list[Tree] = []
        lines = self._lines
        while self.at < len(lines):
            number, found, body = lines[self.at]
            if found != indent or not body.startswith("- "):
                break
            rest = body[2:].lstrip(" ")
            inner = (*place, len(items))
            if _KEY.match(rest):
                within = indent + len(body) - len(rest)
                lines[self.at] = (number, within, rest)
                items.append(self.block(within, inner))
            else:
                self.at += 1
                items.append(self._value(rest, number, inner))
        return items

    def _mapping(self, indent: int, place: Place) -> Tree:
        fields: dict[str, Tree] = {}
        lines = self._lines
        while self.at < len(lines):
            number, found, body = lines[self.at]
            if found < indent or (found == indent and body.startswith("- ")):
                break
            key = _KEY.match(body)
            if found > indent or key is None:
                raise UnusualError
            name = _unquoted(key[1]) if key[1][0] in "'\"" else key[1]
            if name in fields:
                raise UnusualError
            inner = (*place, name)
            self._note(inner, number)
            self.at += 1
            rest = body[key.end() :]
            if rest and rest[0] != "#":
                fields[name] = self._value(rest, number, inner)
            else:
                fields[name] = self._below(indent, inner)
        return fields

    def _below(self, indent: int, place: Place) -> Tree:
        """The value of a key that has none on its line."""
        if self.at < len(self._lines):
            _, found, body = self._lines[self.at]
            if found > indent or (found == indent and body.startswith("- ")):
                return self.block(found, place)
        return None

    def _value(self, text: str, number: int, place: Place) -> Tree:
        """The value that is the rest of a line."""
        self._note(place, number)
        if not text or len(place) > MAX_DEPTH:
            raise UnusualError
        if text[0] in "{[":
            value, end = self._flow(text, 0, number, place)
            if _COMMENT.fullmatch(text, end) is None:
                raise UnusualError
            return value
        if text[0] in "'\"":
            found = _QUOTED_VALUE.fullmatch(text)
            if found is None:
                raise UnusualError
            return _unquoted(found[1])
        found = _PLAIN_VALUE.fullmatch(text)
        if found is None:
            raise UnusualError
        return _plain(found[1])

    def _flow(self, text: str, at: int, number: int, place: Place) -> tuple[Tree, int]:
        """The flow mapping or list that begins here, and where it ends."""
        if len(place) >= MAX_DEPTH:
            raise UnusualError
        mapping = text[at] == "{"
        closing = "}" if mapping else "]"
        fields: dict[str, Tree] = {}
        items: list[Tree] = []
        at += 1
        while True:
            token = _FLOW_TOKEN.match(text, at)
            if token is None:
                raise UnusualError
            if token[1] == closing and not fields and not items:
                return (fields if mapping else items), token.end()
            if mapping:
                name, at = _flow_key(text, token)
                inner: Place = (*place, name)
                if name in fields:
                    raise UnusualError
                self._note(inner, number)
                token = _FLOW_TOKEN.match(text, at)
                if token is None:
                    raise UnusualError
                fields[name], at = self._flow_value(text, token, number, inner)
            else:
                value, at = self._flow_value(text, token, number, (*place, len(items)))
                items.append(value)
            token = _FLOW_TOKEN.match(text, at)
            if token is None or token[1] not in (",", closing):
                raise UnusualError
            at = token.end()
            if token[1] == closing:
                return (fields if mapping else items), at

    def _flow_value(self, text: str, token: re.Match[str], number: int, place: Place) -> tuple[Tree, int]:
        self._note(place, number)
        sign, quoted, plain = token.groups()
        if sign is not None:
            if sign not in "{[":
                raise UnusualError
            return self._flow(text, token.end() - 1, number, place)
        end = token.end()
        if text[end : end + 1] not in ("", ",", "}", "]", " "):
            raise UnusualError
        return (_unquoted(quoted) if quoted is not None else _plain(plain.rstrip(" "))), end

    def _note(self, place: Place, number: int) -> None:
        self.places.setdefault(place, number)
        if len(self.places) > MAX_NODES // 2:
            raise UnusualError


def _flow_key(text: str, token: re.Match[str]) -> tuple[str, int]:
    """The name that a token of a flow mapping is, and where its value begins."""
    end = token.end()
    if token[1] is not None or text[end : end + 2] != ": ":
        raise UnusualError
    if token[2] is not None:
        return _unquoted(token[2]), end + 2
    if token[3].endswith(" "):
        raise UnusualError
    return token[3], end + 2


def _plain(text: str) -> Tree:
    try:
        return plain_value(text)
    except OverflowError:
        raise UnusualError from None


def _unquoted(text: str) -> str:
    return text[1:-1] if text[0] == '"' else text[1:-1].replace("''", "'")

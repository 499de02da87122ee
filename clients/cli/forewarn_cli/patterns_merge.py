"""Writing usage patterns over a file that a person has edited: their comments, order and formatting stay.

Works on the text, field by field, so that what did not change stays as it is to the byte. An item is known again by its
id, or where it has none, by what makes the id. Items and fields that are gone are dropped, new ones are added; a
comment above an item or a field belongs to it, and one inside a value that is replaced moves above its field.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LIST = re.compile(r"^patterns: *(?:#.*)?\n", re.MULTILINE)
_EMPTY_LIST = re.compile(r"^patterns: *\[ *\] *(#.*)?$", re.MULTILINE)
_ID = re.compile(r"""^[ -]*id: *["']?([0-9a-f]{40})\b""", re.MULTILINE)
_NAMES = ("level", "tool", "server", "covers")


class NotPatternsError(ValueError):
    """The text to merge into is not a file of usage patterns."""


class _Field(NamedTuple):
    name: str
    above: list[str]
    lines: list[str]


def merge(old_text: str, new_text: str) -> str:
    """The new text's patterns in the old text's words. Raises NotPatternsError where the old text has no patterns."""
    old_text = old_text.replace("\r\n", "\n")
    head, indent, old, tail = _split(old_text)
    _, _, new, _ = _split(new_text)
    fresh = {_identity(item): item for _, item in new}
    by_subject = {_subject(item): key for key, item in fresh.items()} if any(not _ID.search(i) for _, i in old) else {}
    written = [head]
    for above, item in old:
        key = _identity(item)
        found = fresh.pop(key if key in fresh else by_subject.get(_subject(item), key), None)
        if found is not None:
            written.append(above + _updated(item, _indented(found, indent), indent))
    written += [_indented(item, indent) for item in fresh.values()]
    if len(written) == 1:
        written[0] = _LIST.sub("patterns: []\n", head)
    return "".join(written) + tail


def _split(text: str) -> tuple[str, int, list[tuple[str, str]], str]:
    """All up to the list, its indentation, its items each with the comments above it, and what follows the last."""
    if not re.search(r"^[\"']?forewarn[\"']?: *[\"']?patterns\b", text, re.MULTILINE):
        raise NotPatternsError("is not a file of usage patterns")
    text = _EMPTY_LIST.sub(lambda found: f"patterns: {found[1] or ''}".rstrip(), text)
    text += "" if text.endswith("\n") else "\n"
    found = _LIST.search(text)
    if found is None:
        raise NotPatternsError("has no list of patterns, one to a line")
    head, lines = text[: found.end()], text[found.end() :].splitlines(keepends=True)
    first = next((line for line in lines if line.strip() and line.lstrip()[0] != "#"), "")
    indent = len(first) - len(first.lstrip(" "))
    dash = " " * indent + "-"
    items: list[tuple[str, str]] = []
    above: list[str] = []
    for line in lines:
        bare = line.strip()
        depth = len(line) - len(line.lstrip(" "))
        if line.startswith(dash) and line[indent + 1] in " \n":
            items.append(("".join(above), line))
            above = []
        elif not bare or bare[0] == "#":
            above.append(line)
        elif items and depth > indent:
            items[-1] = (items[-1][0], items[-1][1] + "".join(above) + line)
            above = []
        else:
            raise NotPatternsError("has more than a list of patterns at its end")
    tail: list[str] = above
    if items:
        # What is indented like the last item's fields still is the item's.
        while tail and tail[0].strip() and len(tail[0]) - len(tail[0].lstrip(" ")) > indent:
            items[-1] = (items[-1][0], items[-1][1] + tail.pop(0))
    return head, indent, items, "".join(tail)


def _identity(item: str) -> str:
    found = _ID.search(item)
    return found[1] if found else item


def _subject(item: str) -> tuple[str, ...]:
    found = {field.name: _loaded(field) for field in _fields(item, len(item) - len(item.lstrip(" "))) or ()}
    return tuple(str(found.get(name, "")) for name in _NAMES)


def _indented(item: str, indent: int) -> str:
    return re.sub(r"^(?=.)", " " * indent, item, flags=re.MULTILINE) if indent else item


def _updated(old: str, new: str, indent: int) -> str:
    """An item with the values of the new one. Both are indented alike."""
    if old == new:
        return old
    before, after = _fields(old, indent), _fields(new, indent)
    if before is None or after is None:
        return new
    known = {field.name for field in before}
    values = {field.name: field for field in after}
    merged = [_renewed(field, values[field.name]) for field in before if field.name in values]
    for place, field in enumerate(after):
        if field.name not in known:
            earlier = {one.name for one in after[:place]}
            at = max((index + 1 for index, one in enumerate(merged) if one.name in earlier), default=0)
            merged.insert(at, field)
    lines: list[str] = []
    for index, (_, above, own) in enumerate(merged):
        dash = " " * indent + "- " + own[0][indent + 2 :] if not index else own[0]
        lines += [*above, dash, *own[1:]]
    # Comments below the last field.
    return "".join(lines) + "".join(_trailing(old))


def _trailing(item: str) -> list[str]:
    lines = item.splitlines(keepends=True)
    at = len(lines)
    while at and (not lines[at - 1].strip() or lines[at - 1].lstrip()[0] == "#"):
        at -= 1
    return lines[at:]


def _fields(item: str, indent: int) -> list[_Field] | None:
    """The fields of an item with the comments above each; None where it is written in another way."""
    starts = re.compile(rf" {{{indent + 2}}}[\"']?([a-z_]+)[\"']? *:(?=\s|$)")
    fields: list[_Field] = []
    above: list[str] = []
    lines = item.splitlines(keepends=True)
    lines = lines[: len(lines) - len(_trailing(item))]
    for index, line in enumerate(lines):
        own = line.replace("-", " ", 1) if not index else line
        bare = own.strip()
        found = starts.match(own)
        if found:
            fields.append(_Field(found[1], above, [own]))
            above = []
        elif not bare or bare[0] == "#":
            above.append(own)
        elif fields:
            fields[-1].lines.extend([*above, own])
            above = []
        else:
            return None
    return fields


def _renewed(old: _Field, new: _Field) -> _Field:
    """A field with the new value, in the old words where it means the same."""
    if old.lines == new.lines or _loaded(old) == _loaded(new):
        return old
    value, comment = _parted(old.lines[0])
    above = old.above
    if not value.partition(":")[2].strip():
        above = above + [line for line in old.lines[1:] if line.lstrip()[:1] == "#"]
    return _Field(old.name, above, [new.lines[0].rstrip("\n") + comment + "\n", *new.lines[1:]])


def _parted(line: str) -> tuple[str, str]:
    """A line without its comment, and the comment with the space before it."""
    quote = ""
    previous = " "
    index = 0
    line = line.rstrip("\n")
    while index < len(line):
        character = line[index]
        if quote:
            if character == "\\" and quote == '"':
                index += 1
            elif character == quote:
                quote = ""
        elif character in "\"'" and previous in " [{,":
            quote = character
        elif character == "#" and previous == " ":
            value = line[:index].rstrip(" ")
            return value, line[len(value) :]
        previous = character
        index += 1
    return line, ""


def _loaded(field: _Field) -> object:
    """The value as a tree of texts; what is not YAML equals nothing."""
    value = field.lines[0].partition(":")[2].strip()
    if len(field.lines) == 1 and re.fullmatch(r"[A-Za-z0-9_.]+", value):
        return value
    if len(field.lines) == 1 and re.fullmatch(r'"[^"\\]*"', value):
        return value[1:-1]
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        tree: dict[str, object] = YAML(typ="base", pure=True).load("".join(field.lines))
    except (YAMLError, ValueError):
        return object()
    return tree[field.name]

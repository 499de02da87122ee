"""YAML documents read strictly: texts, lists and mappings, as they are written, with nothing of YAML's own magic.

Scalars stay texts, so that an id may be ``no`` or ``1e3``. Anchors, aliases, tags, keys that stand twice and more than
one document are refused. ruamel.yaml reads about 100 kB a second, so it is given at most ``YAML_BYTES``; JSON, which is
YAML too, may be as long as an import.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

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

Node: TypeAlias = "str | list[Node] | dict[str, Node]"

#: Bytes of YAML that is not JSON: about 40 seconds of work.
YAML_BYTES: Final = 4 << 20
_DEPTH: Final = 6


class NotReadableError(ValueError):
    """The document cannot be read. ``line`` counts from 1, 0 where none can be named."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.line = line


def read_document(data: bytes) -> Node:
    """The tree of a document. Raises NotReadableError."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotReadableError("not UTF-8") from None
    if text.lstrip().startswith("{"):
        try:
            return _texts(msgspec.json.decode(data), _DEPTH)
        except (msgspec.DecodeError, RecursionError):
            pass  # YAML's flow style, perhaps
    if len(data) > YAML_BYTES:
        raise NotReadableError(f"YAML that is not JSON may have {YAML_BYTES >> 20} MiB")
    try:
        return _document(YAML(typ="safe", pure=True).parse(text))
    except NotReadableError:
        raise
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        problem = error.problem if isinstance(error, MarkedYAMLError) else "a character that YAML does not have"
        raise NotReadableError(f"not YAML: {problem}", mark.line + 1 if mark else 0) from None
    except Exception:  # noqa: BLE001  # ruamel.yaml's scanner stumbles over some documents in other ways
        raise NotReadableError("not YAML") from None


def _texts(value: object, depth: int) -> Node:
    if isinstance(value, list | dict) and not depth:
        raise NotReadableError("is nested too deep")
    if isinstance(value, list):
        return [_texts(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {str(key): _texts(item, depth - 1) for key, item in value.items()}
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _document(events: Iterator[Event]) -> Node:
    for event in events:
        if isinstance(event, DocumentStartEvent):
            root = _node(events, next(events), _DEPTH)
            next(events)
            if not isinstance(event := next(events), StreamEndEvent):
                raise NotReadableError("one document is expected", event.start_mark.line + 1)
            return root
    raise NotReadableError("is empty", 1)


def _node(events: Iterator[Event], event: Event, depth: int) -> Node:
    line = event.start_mark.line + 1
    if getattr(event, "anchor", None) is not None:
        raise NotReadableError("anchors and aliases (& and *) are not understood; put the text in quotes", line)
    if getattr(event, "ctag", None) is not None:
        raise NotReadableError("tags (!) are not understood; put the text in quotes", line)
    if isinstance(event, ScalarEvent):
        return str(event.value)
    if not depth:
        raise NotReadableError("is nested too deep", line)
    if isinstance(event, SequenceStartEvent):
        nodes: list[Node] = []
        while not isinstance(inner := next(events), SequenceEndEvent):
            nodes.append(_node(events, inner, depth - 1))
        return nodes
    if not isinstance(event, MappingStartEvent):
        raise NotReadableError("is not understood", line)
    fields: dict[str, Node] = {}
    while not isinstance(inner := next(events), MappingEndEvent):
        key = _node(events, inner, 0)
        if not isinstance(key, str) or key in fields:
            raise NotReadableError(f"{str(key)[:40]!r} stands twice", inner.start_mark.line + 1)
        fields[key] = _node(events, next(events), depth - 1)
    return fields

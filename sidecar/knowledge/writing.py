"""Entities as YAML that every YAML 1.1 and 1.2 reader takes for the same texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Final

from ..model.knowledge import Entity, Usage

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_(][A-Za-z0-9_./()-]*)*")
_WORDS: Final = frozenset("y n yes no on off true false null none nan inf".split())
#: What cannot stand for itself: control characters, line breaks of any YAML, byte order marks, what is no character.
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BLOCK: Final = re.compile(r"(?:[^\s#&*!|>%@`\"'-][^\n]*|-[^\n]+)(?:\n[^\n]*)*\n")


def text(value: str, indent: str = "") -> str:
    """A text: plain where nothing could take it for anything else, else in quotes.

    One with lines is a block, where ``indent`` says how far in its field stands; blocks cannot stand in a list.
    """
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    lines = value.split("\n")
    if indent and "\n" in value and _BLOCK.fullmatch(value) and not any(map(_unfit, lines)) and lines[-2]:
        return "|\n" + "\n".join(f"{indent}  {line}" if line else "" for line in lines[:-1])
    return _UNPRINTABLE.sub(_escape, encode_basestring(value))


def entity_lines(entity: Entity, usage: Usage | None) -> list[str]:
    """One item of a list, without metrics where ``usage`` is None. Times and people only where there are any."""
    fields: list[tuple[str, str]] = [("id", text(entity.id)), ("description", text(entity.description, "    "))]
    if entity.triggers:
        fields.append(("triggers", _sequence(entity.triggers)))
    if entity.suggested_resources:
        fields.append(("suggestedResources", _sequence(entity.suggested_resources)))
    if entity.rationale:
        fields.append(("rationale", text(entity.rationale, "    ")))
    if entity.policy_document:
        fields.append(("policyDocument", text(entity.policy_document, "    ")))
    if entity.created_time:
        fields.append(("createdAt", _moment(entity.created_time)))
    if entity.created_by:
        fields.append(("createdBy", text(entity.created_by)))
    lines = [f"{'  - ' if not at else '    '}{name}: {value}" for at, (name, value) in enumerate(fields)]
    return lines + (_metrics(usage) if usage is not None else [])


def _metrics(usage: Usage) -> list[str]:
    lines = [
        "    usageMetrics:",
        f"      timesRecommended: {usage.times_recommended}",
        f"      timesUsed: {usage.times_used}",
    ]
    if usage.additions:
        lines.append(f"      commonAdditions: {_counts(usage.additions)}")
    if usage.last_used:
        lines.append(f"      lastUsed: {_moment(usage.last_used)}")
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    often = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return "{" + ", ".join(f"{text(name)}: {count}" for name, count in often) + "}"


def _sequence(values: Iterable[str]) -> str:
    return "[" + ", ".join(map(text, values)) + "]"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unfit(line: str) -> bool:
    return _UNPRINTABLE.search(line) is not None or line != line.rstrip()


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"

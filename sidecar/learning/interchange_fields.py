"""The fields of a usage pattern in ``patterns.yaml``: how each is written, and what is accepted where it is read.

docs/patterns-file.md explains them to people. Fields that hold their default are not written; ``level`` always is.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, NamedTuple

from ..capture.extractor import Extractor
from ..capture.templates import TEMPLATE_CHARS
from ..model.counted import Counted
from ..model.pattern import EVERYWHERE, Edit, Fix, UsagePattern
from ..model.trial import Trial
from ..model.vocabulary import Cause, Level, State
from ..yaml_tree import Node, Plain
from . import interchange_values as read
from . import yaml_writing as write
from .interchange_values import ERROR_CHARS, LAST_EPOCH, MAX_BACKOFF, NOTHING, REASON_BYTES, RefusedError
from .sequential import LOWER, SLACK, UPPER

#: Of a ground only its preventions are in its pattern, and those are this store's own.
_LEVELS: Final = tuple([level for level in Level if level is not Level.GROUND])


class Imported(NamedTuple):
    """A pattern as it was read. ``id`` is empty where the file does not name it; ``epoch`` is the exporter's."""

    id: bytes
    pattern: UsagePattern


class _Field(NamedTuple):
    """``write`` gives what stands after the colon (lines below it begin with a line break), ``read`` the value back."""

    name: str
    attribute: str
    write: Callable[[Any], str]
    read: Callable[[Node, str, Extractor], Any]


def lines_of(key: bytes, pattern: UsagePattern) -> str:
    """A pattern as an item of the list."""
    lines = [f"- id: {write.octets(key)}"]
    for name, attribute, written, _ in _FIELDS:
        value = getattr(pattern, attribute)
        if value != _DEFAULTS[attribute]:
            lines.append(f"  {name}: {written(value)}" if attribute not in _BLOCKS else f"  {name}:{written(value)}")
    lines.append("")
    return "\n".join(lines)


def pattern_of(node: Node, extractor: Extractor) -> Imported:
    """An item of the list as a pattern, its texts redacted. Raises RefusedError."""
    if not isinstance(node, dict):
        raise RefusedError("", "must be a mapping of fields")
    values: dict[str, Any] = {"level": None, "tool": "", "server": "", "covers": b"", "description": ""}
    key = b""
    for name, value in node.items():
        if isinstance(value, Plain) and value in NOTHING:
            continue
        if name == "id":
            key = read.pattern_id(value, name, extractor)
            continue
        field = _BY_NAME.get(name)
        if field is None:
            raise RefusedError("", f"has no field {name[:40]!r}; there are id, {', '.join(_BY_NAME)}")
        values[field.attribute] = field.read(value, name, extractor)
    pattern = UsagePattern(**values)
    _check_subject(pattern)
    return Imported(key, pattern)


def _check_subject(pattern: UsagePattern) -> None:
    level: Level | None = pattern.level
    if level is None:
        raise RefusedError("level", f"is missing: one of {read.names_of(_LEVELS)}")
    if level is Level.SERVER:
        if pattern.tool or not pattern.server:
            raise RefusedError("server", "a pattern of level server names its server, and no tool")
    elif not pattern.tool:
        raise RefusedError("tool", f"is missing: a pattern of level {level.name.lower()} names its tool")
    if (level in (Level.CALL, Level.ERROR)) is not bool(pattern.covers):
        raise RefusedError("covers", "stands at level call and error, and at no other")
    if level in (Level.TOOL, Level.SERVER) and pattern.epoch:
        raise RefusedError("epoch", "stands at level call and error only")


def _write_scopes(scopes: dict[bytes, Counted]) -> str:
    return "".join(f"\n    {write.octets(value)}: {write.counted(record)}" for value, record in scopes.items())


def _write_fixes(fixes: list[Fix]) -> str:
    return "".join(
        f"\n  - tool: {write.text(fix.tool)}\n    arguments: {write.text(fix.preview)}"
        f"\n    fingerprint: {write.octets(fix.fingerprint)}"
        f"\n    worked: {fix.worked}"
        + (f"\n    failed: {fix.failed}" if fix.failed else "")
        + ("\n    several: true" if fix.several else "")
        + f"\n    time: {write.moment(fix.time)}"
        for fix in fixes
    )


def _write_trial(trial: Trial) -> str:
    return (
        f"{{right: {write.number(trial.right)}, wrong: {write.number(trial.wrong)}, "
        f"heaviest: {write.number(trial.heaviest)}}}"
    )


def _write_edits(edits: list[Edit]) -> str:
    return "".join(
        f"\n  - kind: {edit.kind}\n    argument: {write.text(edit.argument)}"
        f"\n    before: {write.text(edit.before)}\n    after: {write.text(edit.after)}"
        f"\n    worked: {edit.worked}\n    failed: {edit.failed}"
        + ("\n    several: true" if edit.several else "")
        + f"\n    time: {write.moment(edit.time)}"
        for edit in edits
    )


def _write_delays(delays: dict[int, list[float]]) -> str:
    return "".join(
        f"\n  - bin: {at}\n    worked: {write.number(worked)}\n    failed: {write.number(failed)}"
        f"\n    seconds: {write.number(seconds)}"
        for at, (worked, failed, seconds) in delays.items()
    )


def _write_word(word: IntEnum) -> str:
    return word.name.lower()


def _write_flag(flag: bool) -> str:
    return "true" if flag else "false"


_FIELDS: Final = (
    _Field("level", "level", _write_word, read.word_of(_LEVELS)),
    _Field("state", "state", _write_word, read.word_of(State)),
    _Field("suspended_reason", "suspended_reason", write.text, read.text_of(REASON_BYTES)),
    _Field("automatic", "automatic", _write_flag, read.flag),
    _Field("cause", "cause", _write_word, read.word_of(Cause)),
    _Field("transient", "transient", _write_flag, read.flag),
    _Field("tool", "tool", write.text, read.read_name),
    _Field("server", "server", write.text, read.read_name),
    _Field("scope", "scope", write.text, read.read_label),
    _Field("description", "description", write.text, read.read_preview),
    _Field("template", "template", write.text, read.text_of(4 * TEMPLATE_CHARS, TEMPLATE_CHARS)),
    _Field("last_error", "last_error", write.text, read.text_of(4 * ERROR_CHARS, ERROR_CHARS)),
    _Field("covers", "covers", write.octets, read.octets_of(1, 32)),
    _Field("epoch", "epoch", str, read.whole_to(LAST_EPOCH)),
    _Field("failures", "failures", str, read.count),
    _Field("successes", "successes", str, read.count),
    _Field("evidence", "rate", write.counted, read.read_counted),
    _Field("plain", "plain", write.counted, read.read_counted),
    _Field("changed", "changed", write.counted, read.read_counted),
    _Field("kin", "kin", write.counted, read.read_counted),
    _Field("ratio", "ratio", write.number, read.number_in(LOWER - SLACK, UPPER + SLACK)),
    _Field("scopes", "scopes", _write_scopes, read.read_scopes),
    _Field("call_ids", "call_ids", write.sequence, read.read_call_ids),
    _Field("first_time", "first_time", write.moment, read.read_moment),
    _Field("last_time", "last_time", write.moment, read.read_moment),
    _Field("last_failed", "last_failed", _write_flag, read.flag),
    _Field("backoff", "backoff", str, read.whole_to(MAX_BACKOFF)),
    _Field("probe_due", "probe_due", write.moment, read.read_moment),
    _Field("retry_until", "retry_until", write.moment, read.read_moment),
    _Field("prevented", "prevented", str, read.count),
    _Field("right", "right", str, read.count),
    _Field("wrong", "wrong", str, read.count),
    _Field("appeals", "appeals", str, read.count),
    _Field("failing", "failing", write.sequence, read.read_failing),
    _Field("trial", "trial", _write_trial, read.read_trial),
    _Field("fixes", "fixes", _write_fixes, read.read_fixes),
    _Field("edits", "edits", _write_edits, read.read_edits),
    _Field("delays", "delays", _write_delays, read.read_delays),
)
_BY_NAME: Final = {field.name: field for field in _FIELDS}
_BLOCKS: Final = frozenset({"scopes", "fixes", "edits", "delays"})
_DEFAULTS: Final[dict[str, Any]] = {
    "level": None, "state": State.CANDIDATE, "suspended_reason": "", "cause": Cause.NONE, "transient": False,
    "tool": "", "server": "", "scope": EVERYWHERE, "description": "", "template": "", "last_error": "", "covers": b"",
    "epoch": 0, "failures": 0, "successes": 0, "rate": Counted(), "plain": Counted(), "changed": Counted(),
    "kin": Counted(), "ratio": 0.0, "scopes": {}, "call_ids": [], "first_time": 0.0, "last_time": 0.0,
    "last_failed": False,
    "backoff": 0, "probe_due": 0.0, "retry_until": 0.0, "prevented": 0, "right": 0, "wrong": 0, "appeals": 0,
    "fixes": [], "edits": [], "delays": {}, "trial": Trial(), "automatic": False, "failing": [],
}  # fmt: skip

"""What the daemon would refuse of a call, before anything is taught: by its message rules, and those of arguments."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from forewarn_cli.replay.records import record_of

if TYPE_CHECKING:
    import protovalidate

    from forewarn_cli.replay.trace_files import TraceCall

#: Of arguments: objects and lists inside each other, and keys over all objects. The daemon's, see docs/guide.md.
MAX_DEPTH: Final = 64
MAX_KEYS: Final = 10_000

#: What a field of the record is called in a trace.
_NAMES: Final = {"arguments_json": "args", "time": "timestamp", "duration": "duration_ms"}


def refusal(call: TraceCall, arguments: dict[str, Any] | None) -> str:
    """Why the daemon would refuse the call: field and limit; empty where it would not. `arguments` are the call's."""
    # Only a text that could break a limit is walked.
    text = call.arguments_json
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(arguments, MAX_DEPTH + 1) > MAX_DEPTH:
        return f"args: nested more than {MAX_DEPTH} deep"
    if text.count(":") > MAX_KEYS and _keys(arguments) > MAX_KEYS:
        return f"args: more than {MAX_KEYS} keys"
    for violation in _validator().collect_violations(record_of(call, call.time or 0.0, "")):
        path = [element.field_name for element in violation.proto.field.elements] if violation.proto.field else []
        field = path[-1] if path else "the call"
        return f"{_NAMES.get(field, field)}: {violation.proto.message or violation.proto.rule_id}"
    return ""


@cache
def _validator() -> protovalidate.Validator:
    import protovalidate

    return protovalidate.Validator()


def _depth(value: Any, most: int) -> int:
    """How deep a value is nested, looked at no deeper than `most`."""
    if not most or not isinstance(value, dict | list):
        return 0
    return 1 + max((_depth(one, most - 1) for one in (value.values() if isinstance(value, dict) else value)), default=0)


def _keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0

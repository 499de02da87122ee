"""A call, from what the command line says of it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from forewarn_cli.faults import UsageFault

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp

    from forewarn.v1 import model_pb2

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def call(
    tool: str,
    arguments: str | None,
    argument_pairs: Iterable[str] | None,
    context_pairs: Iterable[str] | None,
    *,
    session: str = "",
    caller: str = "",
    roles: Iterable[str] | None = None,
    call_id: str = "",
    server: str = "",
    tool_version: str = "",
    time: str = "",
) -> model_pb2.Call:
    """The call; a UsageFault where the command line does not make one."""
    from forewarn.v1 import model_pb2

    made = model_pb2.Call(
        tool=tool,
        arguments_json=arguments_json(arguments, argument_pairs),
        context=pairs(context_pairs, "--context"),
        session_id=session,
        caller=caller,
        caller_roles=roles or (),
        call_id=call_id,
        server=server,
        tool_version=tool_version,
    )
    if time:
        made.time.CopyFrom(timestamp(time, "--time"))
    return made


def arguments_json(document: str | None, argument_pairs: Iterable[str] | None) -> str:
    """The arguments as JSON: the document, with the pairs on top; "" without either."""
    try:
        text = sys.stdin.buffer.read().decode() if document == "-" else document
    except UnicodeDecodeError as error:
        raise UsageFault(f"stdin is not text: {error}") from error
    given = list(argument_pairs or ())
    if text is None or not text.strip():
        return json.dumps(_loose(given)) if given else ""
    try:
        parsed = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise UsageFault(f"the arguments are not JSON: {error}") from error
    except RecursionError as error:
        raise UsageFault("the arguments are nested too deep") from error
    if not isinstance(parsed, dict):
        raise UsageFault(f"the arguments must be one JSON object, not {_kind(parsed)}")
    return json.dumps({**parsed, **_loose(given)}) if given else text


def pairs(given: Iterable[str] | None, option: str) -> dict[str, str]:
    """KEY=VALUE options as a map."""
    made: dict[str, str] = {}
    for pair in given or ():
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise UsageFault(f"{option} {pair!r}: expected KEY=VALUE")
        made[key] = value
    return made


def timestamp(text: str, option: str) -> Timestamp:
    """A time as RFC 3339 has it; without an offset it is UTC."""
    from google.protobuf.timestamp_pb2 import Timestamp

    try:
        parsed = datetime.fromisoformat(text)
        made = Timestamp()
        made.FromDatetime(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise UsageFault(f"{option} {text!r}: expected a time such as 2026-03-01T12:00:00Z") from error
    return made


def duration(text: str, option: str) -> Duration:
    """A duration such as 250ms, 1.5s, 2m, 1h or 7d; a bare number is seconds."""
    from google.protobuf.duration_pb2 import Duration

    matched = _SPAN.fullmatch(text.strip())
    if not matched:
        raise UsageFault(f"{option} {text!r}: expected a duration such as 250ms, 1.5s, 2m, 24h or 7d")
    made = Duration()
    try:
        made.FromNanoseconds(round(float(matched[1]) * _UNITS[matched[2] or "s"] * 1e9))
    except (ValueError, OverflowError) as error:
        raise UsageFault(f"{option} {text!r}: too long") from error
    return made


def _loose(argument_pairs: Iterable[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs(argument_pairs, "--arg").items():
        try:
            made[name] = json.loads(value, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            made[name] = value
    return made


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _kind(parsed: object) -> str:
    if isinstance(parsed, list):
        return "an array"
    return "null" if parsed is None else f"a {type(parsed).__name__}"

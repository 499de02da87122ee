"""Reads trace files: one call a line, .jsonl or .jsonl.gz.

Needed are `tool` and `outcome`; all else may be missing, as in a user's own log: source (the file's name), session_id
(a run of its own), seq (the line's place), args ({}), context, error, error_code, result_excerpt, duration_ms,
timestamp, server, tool_version, caller, cost. A line that cannot be used, or that the daemon would refuse, is an error
that names file, line and field, before anything is taught.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forewarn_cli.faults import UsageFault
from forewarn_cli.replay.limits import refusal
from forewarn_cli.replay.skipped import Skipped

OUTCOMES = ("success", "failure", "retry", "timeout", "prevented", "unknown", "cancelled")
BAD = ("failure", "timeout")
HINT = "--skip-bad goes on without such lines"
JUDGED = ("success", "retry", *BAD)
"""Outcomes that say whether a prediction was right; calls with others are replayed but not counted."""


@dataclass(frozen=True, slots=True)
class TraceCall:
    """One line. Times are seconds since 1970, durations seconds; None is unknown."""

    place: str
    source: str
    session: str
    seq: str
    tool: str
    arguments_json: str
    context: dict[str, str]
    outcome: str
    error: str
    error_code: str
    result_excerpt: str
    duration: float | None
    time: float | None
    server: str
    tool_version: str
    caller: str
    cost: float

    @property
    def run(self) -> str:
        """What keeps its order with: its session, or itself where it has none."""
        return self.session or self.place


@dataclass(slots=True)
class Traces:
    """What the files hold: per source its calls as they stand, and the lines that were skipped."""

    sources: dict[str, list[TraceCall]] = field(default_factory=dict)
    skipped: Skipped = field(default_factory=Skipped)


class BadLine(ValueError):  # noqa: N818 (the name says what it is)
    """A line that is not a call."""


def read(files: Iterable[Path], result_keys: Collection[str], *, limit: int = 0, skip_bad: bool = False) -> Traces:
    """All calls of all files; at most `limit` of each source (0: all).

    A skipped line belongs to the source of the call before it.
    """
    traces = Traces()
    for path in files:
        source = _named_after(path)
        for number, line in _lines(path):
            if not line.strip():
                continue
            try:
                call = parse(line, path, number, result_keys)
            except BadLine as error:
                if not skip_bad:
                    raise UsageFault(f"{path}:{number}: {error} ({HINT})") from error
                traces.skipped.add(source, f"{path}:{number}", str(error))
                continue
            source = call.source
            calls = traces.sources.setdefault(call.source, [])
            if not limit or len(calls) < limit:
                calls.append(call)
    return traces


def parse(line: str, path: Path, number: int, result_keys: Collection[str]) -> TraceCall:
    """The call in one line; BadLine where there is none. Context that is only known afterwards (`result_keys`) goes."""
    try:
        row = json.loads(line, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise BadLine("nested too deep") from None
    except ValueError as error:
        raise BadLine(f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise BadLine("not a JSON object")
    if not isinstance(row.get("tool"), str) or not row["tool"]:
        raise BadLine("no tool")
    if row.get("outcome") not in OUTCOMES:
        raise BadLine(f"outcome {row.get('outcome')!r} is none of {', '.join(OUTCOMES)}")
    args = row.get("args")
    if not isinstance(args, dict | None):
        raise BadLine("args are not an object")
    context = row.get("context")
    if not isinstance(context, dict | None):
        raise BadLine("context is not an object")
    duration = _number(row, "duration_ms")
    call = TraceCall(
        place=f"{path}:{number}",
        source=_text(row, "source") or _named_after(path),
        session=_text(row, "session_id"),
        seq=_text(row, "seq") or f"line {number}",
        tool=_text(row, "tool"),
        arguments_json=json.dumps(args or {}, separators=(",", ":")),
        context={_utf8(key): _utf8(_word(value)) for key, value in (context or {}).items()
                 if key not in result_keys and value is not None},
        outcome=row["outcome"],
        error=_text(row, "error"),
        error_code=_text(row, "error_code"),
        result_excerpt=_text(row, "result_excerpt")[:16_000],
        duration=None if duration is None else duration / 1000,
        time=_time(row.get("timestamp")),
        server=_text(row, "server"),
        tool_version=_text(row, "tool_version"),
        caller=_text(row, "caller"),
        cost=_number(row, "cost") or 0.0,
    )  # fmt: skip
    reason = refusal(call, args)
    if reason:
        raise BadLine(reason)
    return call


def _named_after(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".jsonl")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageFault(f"{path}: damaged after line {number}: {error}") from error
    except OSError as error:
        raise UsageFault(f"cannot read {path}: {error.strerror}") from error


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else _utf8(_word(value))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _utf8(text: str) -> str:
    """JSON can hold half a surrogate pair; protobuf cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _number(row: dict[str, Any], name: str) -> float | None:
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise BadLine(f"{name} {value!r} is not a number from 0")
    return float(value)


def _time(value: Any) -> float | None:
    if value is None:
        return None
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
        if not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value):
            return datetime.fromtimestamp(value, UTC).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    raise BadLine(f"timestamp {value!r} is neither RFC 3339 nor seconds since 1970")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is more than a number can be")
    return number


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")

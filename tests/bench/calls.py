"""Calls to measure with: real ones where ../shared/traces is, and synthetic ones that resemble them everywhere."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from forewarn.v1 import guard_pb2, guard_pb2_grpc, model_pb2

TRACES = Path(__file__).resolve().parents[3] / "shared" / "traces"
_SOURCES = ("tau2_bench", "mini_swe_agent", "intercode_sql")
_OUTCOMES = {"success": 1, "failure": 2, "timeout": 4}
_VERBS = "get list search update create cancel book send".split()
_NOUNS = "order user flight product ticket invoice".split()
_ERRORS = (
    "Error: {noun} {id} not found",
    "permission denied: caller may not {verb} {noun} {id}",
    "invalid value for 'status': expected one of open, closed",
)


def call(
    tool: str, arguments: dict[str, object], session: str, context: dict[str, str] | None = None
) -> model_pb2.Call:
    """A call as a runtime sends it."""
    return model_pb2.Call(
        tool=tool,
        arguments_json=json.dumps(arguments),
        session_id=session,
        caller="bench-agent",
        context=context or {"model": "bench-1", "domain": "shop", "db": "main"},
    )


def record(of: model_pb2.Call, error: str = "", outcome: int = 0) -> guard_pb2.RecordCallRequest:
    """A record of a call that succeeded, or failed with an error."""
    result = model_pb2.CallResult(outcome=outcome or (2 if error else 1), error=error)  # type: ignore[arg-type]
    if not error:
        result.result_excerpt = '{"status": "ok"}'
    return guard_pb2.RecordCallRequest(call=of, result=result)


def synthetic(count: int, seed: int = 1) -> Iterator[guard_pb2.RecordCallRequest]:
    """Records over 48 tools in sessions of 25 calls; a seventh fails, and some calls come again."""
    choice = random.Random(seed)
    for number in range(count):
        verb, noun = choice.choice(_VERBS), choice.choice(_NOUNS)
        item = int(choice.paretovariate(0.6)) % 5_000
        made = call(
            f"{verb}_{noun}", {f"{noun}_id": f"#{noun[0].upper()}{item:06}", "verbose": False}, f"s{number // 25}"
        )
        failed = item % 7 == 3
        yield record(made, choice.choice(_ERRORS).format(verb=verb, noun=noun, id=item) if failed else "")


def traced(count: int) -> Iterator[guard_pb2.RecordCallRequest]:
    """Records of real calls, as many of each source and one after the other; none where the traces are not."""
    rows = [_lines(TRACES / f"{source}.jsonl.gz", count // len(_SOURCES)) for source in _SOURCES]
    for several in zip(*rows, strict=True):
        yield from [_of(json.loads(line)) for line in several]


def _lines(path: Path, count: int) -> list[str]:
    if not path.exists():
        return []
    with gzip.open(path, "rt") as lines:
        return list(islice(lines, count))


def _of(row: dict[str, object]) -> guard_pb2.RecordCallRequest:
    context = {str(key)[:64]: str(value)[:200] for key, value in dict(row["context"]).items() if key != "exit_code"}  # type: ignore[call-overload]
    made = call(str(row["tool"]), dict(row["args"]), str(row["session_id"]), context)  # type: ignore[call-overload]
    made_record = record(made, str(row["error"] or ""), _OUTCOMES[str(row["outcome"])])
    made_record.result.result_excerpt = str(row["result_excerpt"] or "")
    return made_record


def some(count: int) -> list[guard_pb2.RecordCallRequest]:
    """Real ones as far as there are any, else synthetic ones."""
    return list(traced(count)) or list(synthetic(count))


def seed(guard: guard_pb2_grpc.GuardServiceStub, records: list[guard_pb2.RecordCallRequest]) -> None:
    """Record them all, through the API, and stop where one is refused."""
    requests = (guard_pb2.RecordCallsRequest(record=one) for one in records)
    for answer in guard.RecordCalls(requests, timeout=120):
        if not answer.HasField("recorded"):
            raise SystemExit(f"a record was refused: {answer.error.message}")

"""Reading traces: the format of the development traces, users' own logs, and lines that cannot be used."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from forewarn_cli.faults import UsageFault
from forewarn_cli.replay import limits
from forewarn_cli.replay.trace_files import BadLine, TraceCall, parse, read
from sidecar.capture import arguments

KEYS = {"exit_code"}
FULL = {
    "source": "web", "session_id": "s/0", "seq": 3, "tool": "get", "args": {"url": "x"},
    "context": {"model": "m", "trial": 1, "exit_code": 7, "none": None, "ok": True},
    "outcome": "failure", "error": "404", "result_excerpt": None, "duration_ms": 250,
    "timestamp": "2026-01-02T03:04:05Z",
}  # fmt: skip


def one(row: Any) -> TraceCall:
    return parse(row if isinstance(row, str) else json.dumps(row), Path("log.jsonl"), 9, KEYS)


def test_every_field_is_read() -> None:
    call = one(FULL)
    assert (call.source, call.session, call.seq, call.tool) == ("web", "s/0", "3", "get")
    assert json.loads(call.arguments_json) == {"url": "x"}
    assert call.outcome == "failure"
    assert call.error == "404"
    assert call.result_excerpt == ""
    assert call.duration == 0.25
    assert call.time == 1767323045


def test_what_is_known_only_afterwards_is_dropped() -> None:
    assert one(FULL).context == {"model": "m", "trial": "1", "ok": "true"}


def test_a_users_log_needs_a_tool_and_an_outcome() -> None:
    call = one({"tool": "get", "outcome": "success"})
    assert call.source == "log"
    assert call.session == ""
    assert call.run == "log.jsonl:9", "a run of its own"
    assert call.arguments_json == "{}"
    assert call.time is None
    assert one({"tool": "t", "outcome": "timeout", "timestamp": 1767323045.5}).time == 1767323045.5


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("[" * 100_000, "nested too deep"),
        ('{"outcome": "success"}', "no tool"),
        ('{"tool": 5, "outcome": "success"}', "no tool"),
        ('{"tool": "t"}', "outcome None is none of success"),
        ('{"tool": "t", "outcome": "fine"}', "outcome 'fine'"),
        ('{"tool": "t", "outcome": ["success"]}', "outcome"),
        ('{"tool": "t", "outcome": "success", "args": [1]}', "args are not an object"),
        ('{"tool": "t", "outcome": "success", "context": "x"}', "context is not an object"),
        ('{"tool": "t", "outcome": "success", "args": {"x": NaN}}', "NaN is not JSON"),
        ('{"tool": "t", "outcome": "success", "duration_ms": -1}', "duration_ms -1"),
        ('{"tool": "t", "outcome": "success", "duration_ms": "soon"}', "duration_ms 'soon'"),
        ('{"tool": "t", "outcome": "success", "timestamp": "soon"}', "timestamp 'soon'"),
        ('{"tool": "t", "outcome": "success", "timestamp": 1e300}', "timestamp 1e+300"),
        ('{"tool": "t", "outcome": "success", "args": {"x": 1e400}}', "1e400 is more than a number can be"),
        (
            '{"tool": "t", "outcome": "success", "args": {"x": ' + "[" * 64 + "]" * 64 + "}}",
            "args: nested more than 64",
        ),
        (json.dumps({"tool": "t", "outcome": "success", "args": {str(n): n for n in range(10_001)}}), "10000 keys"),
        (json.dumps({"tool": "t", "outcome": "success", "args": {"x": "x" * 1_048_576}}), "args: must be at most"),
        (json.dumps({"tool": "t", "outcome": "success", "session_id": "s" * 257}), "session_id: must be at most 256"),
        (json.dumps({"tool": "t", "outcome": "success", "context": {"k" * 65: "v"}}), "context: must be at most 64"),
        (json.dumps({"tool": "t", "outcome": "success", "context": {str(n): "" for n in range(33)}}), "context: "),
    ],
)
def test_a_bad_line_says_why(line: str, said: str) -> None:
    with pytest.raises(BadLine, match=re.escape(said)):
        one(line)


def test_half_a_surrogate_pair_is_no_reason_to_stop() -> None:
    call = one('{"tool": "t", "outcome": "failure", "error": "a\\ud800b", "args": {"x": "\\ud800"}}')
    assert call.error == "a?b"
    assert call.arguments_json == '{"x":"\\ud800"}'


def test_files_are_read_with_place_and_limit(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    lines = [json.dumps({"tool": "t", "outcome": "success", "source": source}) for source in "xyxyx"]
    plain.write_text("\n\n".join(lines))
    packed.write_bytes(gzip.compress(b'\xef\xbb\xbf{"tool": "t", "outcome": "success"}\n'))
    traces = read([plain, packed], KEYS, limit=2)
    assert {source: len(calls) for source, calls in traces.sources.items()} == {"x": 2, "y": 2, "b": 1}
    assert traces.sources["y"][1].place == f"{plain}:7"


def test_bad_lines_stop_or_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"tool": "t", "outcome": "success"}\nnonsense\n')
    with pytest.raises(UsageFault, match=r"a\.jsonl:2: not JSON"):
        read([file], KEYS)
    assert read([file], KEYS, skip_bad=True).skipped.by_source == {"a": 1}


def test_limits_of_arguments_are_the_daemons() -> None:
    assert (limits.MAX_DEPTH, limits.MAX_KEYS) == (arguments.MAX_DEPTH, arguments.MAX_KEYS)
    deepest = json.dumps({"tool": "t", "outcome": "success", "args": {"x": json.loads("[" * 63 + "]" * 63)}})
    assert arguments.parse(one(deepest).arguments_json)
    most = {"tool": "t", "outcome": "success", "args": {str(n): n for n in range(10_000)}}
    assert arguments.parse(one(most).arguments_json)


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"tool": "t", "outcome": "success"}\n' * 1000)[:-20])
    with pytest.raises(UsageFault, match="damaged"):
        read([file], KEYS, skip_bad=True)
    file.write_bytes(b"plain")
    with pytest.raises(UsageFault, match="damaged"):
        read([file], KEYS)
    with pytest.raises(UsageFault, match="cannot read"):
        read([tmp_path], KEYS)

"""What replay says of retry advice, against a story told by hand."""

from __future__ import annotations

from pathlib import Path

from forewarn_cli.replay.retries import Retries
from forewarn_cli.replay.trace_files import TraceCall, parse


def call(args: str, session: str = "s", tool: str = "t") -> TraceCall:
    line = f'{{"tool":"{tool}","args":{{"n":"{args}"}},"session_id":"{session}","outcome":"success"}}'
    return parse(line, Path("x.jsonl"), 1, ())


def test_mended_failures_and_advice_that_was_right() -> None:
    retries = Retries()
    retries.add(call("a"), bad=True, advised=True)
    retries.add(call("b"), bad=True, advised=False)
    retries.add(call("a"), bad=True, advised=True)  # the first advice was wrong
    retries.add(call("a"), bad=False, advised=False)  # the second was right; both failures are mended
    retries.add(call("b"), bad=False, advised=False)
    retries.add(call("c"), bad=True, advised=True)  # nobody tried
    assert retries.row() == {
        "mended": 3,
        "retry_advised": 3,
        "retry_made": 2,
        "retry_advised_of_mended": 2 / 3,
        "retry_precision": 1 / 2,
    }


def test_another_session_or_tool_is_no_repeat() -> None:
    retries = Retries()
    retries.add(call("a"), bad=True, advised=True)
    retries.add(call("a", session="other"), bad=False, advised=False)
    retries.add(call("a", tool="other"), bad=False, advised=False)
    assert retries.row()["mended"] == retries.row()["retry_made"] == 0
    assert retries.row()["retry_precision"] is None

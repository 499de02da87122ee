"""How good corrections and retry advice are on real traces: ``python -m tests.bench.corrections [SOURCE...]``.

Replays traces through the rooms of a daemon, in process and with a store in a temporary folder: each call is asked
about, then recorded as it really ended. Two tables come out.

Corrections, of calls that failed and would have been prevented (or at least warned of): for how many an alternative was
named; and for how many of those the session's next call of the tool that worked was one of the alternatives, or at
least 90 % alike. ``tried`` are later calls of the session that were one of the alternatives, ``worked`` how many of
those did, ``expected`` what had been promised for them on average.

Retries: failures, those that a later repeat in the session mended, for how many of those a retry was advised; advised
retries that were made at all (the next call with the same tool and arguments in the session), and how many worked.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from sidecar.config import Settings
from sidecar.model.call import Call, Result
from sidecar.model.decision import Decision
from sidecar.model.vocabulary import Outcome, Verdict
from sidecar.runtime import Rooms, open_rooms

from .calls import TRACES

_OUTCOMES = {"success": Outcome.SUCCESS, "failure": Outcome.FAILURE, "timeout": Outcome.TIMEOUT}
#: Context keys that are only known after a call.
_AFTERWARDS = frozenset(("exit_code", "status_code", "duration_ms"))
_ALIKE = 90.0
_START = 1_767_225_600.0

Run = list[dict[str, Any]]


@dataclass
class Tally:
    """Counts of one source; see the module."""

    warned: int = 0
    warned_named: int = 0
    prevented: int = 0
    named: int = 0
    continued: int = 0
    equal: int = 0
    alike: int = 0
    tried: int = 0
    worked: int = 0
    expected: float = 0.0
    failures: int = 0
    mended: int = 0
    mended_advised: int = 0
    advised: int = 0
    advised_made: int = 0
    advised_worked: int = 0

    def add(self, other: Tally) -> None:
        """Count what the other one counted."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def runs_of(path: Path) -> list[Run]:
    """The runs of a trace file, each in its order."""
    found: dict[str, Run] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found[row["session_id"]].append(row)
    return list(found.values())


def replayed(runs: Sequence[Run], seed: int) -> Tally:
    """All runs in a shuffled order through fresh rooms."""
    order = list(runs)
    random.Random(seed).shuffle(order)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="forewarn-corrections-") as folder:
        settings: dict[str, Any] = {"data_dir": folder}
        rooms = open_rooms(Settings(**settings))
        try:
            now = _START
            for run in order:
                tally.add(_run(rooms, run, now))
                now += len(run)
        finally:
            rooms.close()
    return tally


def _run(rooms: Rooms, run: Run, start: float) -> Tally:
    tally = Tally()
    advice: list[bool] = []
    decisions: list[Decision] = []
    for place, row in enumerate(run):
        call = _call(row, start + place)
        decisions.append(rooms.tracker.should_prevent(call))
        result = Result(_OUTCOMES[row["outcome"]], error=row["error"] or "", result_excerpt=row["result_excerpt"] or "")
        recorded = rooms.recorder.record(call, result, decisions[-1].decision_id.hex()).result(60)
        advice.append(recorded.retry is not None and recorded.retry.worth_it)
    for place, row in enumerate(run):
        if row["outcome"] == "success":
            continue
        later = [one for one in run[place + 1 :] if one["tool"] == row["tool"]]
        _count_correction(tally, decisions[place], row, later)
        _count_retry(tally, advice[place], row, later)
    return tally


def _count_correction(tally: Tally, decision: Decision, row: dict[str, Any], later: Run) -> None:
    if decision.would_be is Verdict.ALLOW:
        return
    offered = decision.alternatives
    tally.warned += 1
    tally.warned_named += bool(offered)
    if decision.would_be is not Verdict.PREVENT:
        return
    tally.prevented += 1
    tally.named += bool(offered)
    same = [(one, json.loads(one.arguments_json)) for one in offered if one.arguments_json]
    mended = next((one for one in later if one["outcome"] == "success" and one["args"] != row["args"]), None)
    if same and mended is not None:
        tally.continued += 1
        tally.equal += any(arguments == mended["args"] for _, arguments in same)
        text = json.dumps(mended["args"], sort_keys=True)
        tally.alike += any(fuzz.ratio(json.dumps(arguments, sort_keys=True), text) >= _ALIKE for _, arguments in same)
    for one, arguments in same:
        made = next((call for call in later if call["args"] == arguments), None)
        if made is not None:
            tally.tried += 1
            tally.worked += made["outcome"] == "success"
            tally.expected += one.expected_success


def _count_retry(tally: Tally, advised: bool, row: dict[str, Any], later: Run) -> None:
    repeats = [one for one in later if one["args"] == row["args"]]
    mended = any(one["outcome"] == "success" for one in repeats)
    tally.failures += 1
    tally.mended += mended
    tally.mended_advised += mended and advised
    tally.advised += advised
    if advised and repeats:
        tally.advised_made += 1
        tally.advised_worked += repeats[0]["outcome"] == "success"


def _call(row: dict[str, Any], now: float) -> Call:
    context = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in row["context"].items()
        if key not in _AFTERWARDS and value is not None
    }
    return Call(row["tool"], row["args"], json.dumps(row["args"]), context, row["session_id"], "", "", "", "", now)


def _tables(tallies: dict[str, Tally]) -> Iterator[str]:
    yield (
        "| source | prevented failures | named | went on | equal | ≥ 90 % alike | tried | worked | expected"
        " | warned, named |"
    )
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, one in tallies.items():
        yield (
            f"| {name} | {one.prevented} | {_share(one.named, one.prevented)} | {one.continued}"
            f" | {_share(one.equal, one.continued)} | {_share(one.alike, one.continued)} | {one.tried}"
            f" | {_share(one.worked, one.tried)} | {_share(one.expected, one.tried)}"
            f" | {_share(one.warned_named, one.warned)} |"
        )
    yield ""
    yield "| source | failures | mended by a repeat | of these advised | advised | repeat made | of these worked |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, one in tallies.items():
        yield (
            f"| {name} | {one.failures} | {one.mended} | {_share(one.mended_advised, one.mended)} | {one.advised}"
            f" | {one.advised_made} | {_share(one.advised_worked, one.advised_made)} |"
        )


def _share(part: float, whole: float) -> str:
    return f"{100.0 * part / whole:.1f} %" if whole else "–"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print two tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.corrections", description=__doc__)
    parser.add_argument("source", nargs="*", help="names of trace files, without .jsonl.gz; all")
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--orders", type=int, default=1, help="shuffled orders of the runs, counted together")
    said = parser.parse_args(arguments)
    names = said.source or sorted(path.name.removesuffix(".jsonl.gz") for path in said.traces.glob("*.jsonl.gz"))
    tallies: dict[str, Tally] = {}
    for name in names:
        runs = runs_of(said.traces / f"{name}.jsonl.gz")
        tallies[name] = Tally()
        for seed in range(1, said.orders + 1):
            tallies[name].add(replayed(runs, seed))
    print("\n".join(_tables(tallies)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Measures, prints a table, writes build/bench.json: ``python -m tests.bench [--quick] [NAME…]``.

Exit codes: 0 all bars reached, or missed by no more than noise; 1 a bar was missed clearly; 2 usage.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import tempfile
import time
from pathlib import Path

from . import load, measures
from .machine import LOAD_CORE, pin, stolen
from .rows import Plan, Row

OUTPUT = Path("build/bench.json")
#: The exit code for bars that were missed clearly; 1 is for what could not be measured.
BARS_MISSED = 3


def main() -> int:
    """Runs the command line."""
    names = sorted(module.name for module in pkgutil.iter_modules(measures.__path__))
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", nargs="*", choices=[*names, []], help="benchmarks to run (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: a minute, and more noise")
    options = parser.parse_args()
    load.require()
    if len(os.sched_getaffinity(0)) < 2:
        print("one core only: the load takes time from what is measured")
    print(f"others use {stolen(1.0):.0%} of the daemon's core")
    pin(LOAD_CORE)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as folder:
        for name in options.name or names:
            began = time.monotonic()
            module = importlib.import_module(f"{measures.__name__}.{name}")
            for row in module.measure(Plan(Path(folder), options.quick)):
                print(_line(row), flush=True)
                rows.append(row)
            print(f"  ({name}: {time.monotonic() - began:.0f} s)")
    _write(rows)
    missed = [row for row in rows if row.missed_clearly]
    for row in missed:
        print(f"missed: {row.name}: {row.value:,.4g} {row.unit}, the bar is {row.bar:,.4g}")
    return BARS_MISSED if missed else 0


def _line(row: Row) -> str:
    bar, verdict = "", ""
    if row.bar is not None:
        bar = f"{'≥' if row.best == 'high' else '≤'} {row.bar:,.4g}"
        verdict = (
            "met" if row.met else "later" if row.later else "MISSED" if row.missed_clearly else "missed, within noise"
        )
    return f"{row.name:52} {row.value:>10,.4g} {row.unit:6} {bar:>9} {verdict} {row.note}".rstrip()


def _write(rows: list[Row]) -> None:
    """Replaces the rows of the same name and keeps the others, so that benchmarks can be run one by one."""
    OUTPUT.parent.mkdir(exist_ok=True)
    kept = {row["name"]: row for row in json.loads(OUTPUT.read_text())} if OUTPUT.exists() else {}
    kept |= {row.name: row.as_json() for row in rows}
    OUTPUT.write_text(json.dumps(list(kept.values()), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())

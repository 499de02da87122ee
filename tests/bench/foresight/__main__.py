"""``python -m tests.bench.foresight``: the table of ``docs/foresight.md``, its ablation, and what weights were learned.

Traces are read from ``../shared/traces``, or from the folder that ``--traces`` names.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from statistics import fmean

from sidecar.learning.foresight import Foresight
from sidecar.learning.schemas import Schemas

from .living import LivingReplay
from .measures import Measures, mean_of, measures_of
from .replay import Run, runs_of

_TRACES = Path(__file__).resolve().parents[4] / "shared" / "traces"
_Job = tuple[str, int, tuple[str, ...], bool]


def main() -> int:
    """Run the experiment that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.foresight", description=__doc__)
    parser.add_argument("--traces", type=Path, default=_TRACES, help="folder of *.jsonl.gz")
    parser.add_argument("--orders", type=int, default=5, help="orders of the runs, seeds 0 and up (default 5)")
    parser.add_argument("--source", action="append", help="only sources of this name; may be repeated")
    parser.add_argument("--without", action="append", default=[], metavar="DETECTOR", help="leave a detector out")
    parser.add_argument("--ablation", action="store_true", help="each detector left out in turn")
    parser.add_argument("--weights", action="store_true", help="the weights learned on each source")
    parser.add_argument("--enforced", action="store_true", help="prevented calls are not made, and teach nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    files = sorted(options.traces.glob("*.jsonl.gz"))
    files = [file for file in files if not options.source or file.name.partition(".")[0] in options.source]
    if not files:
        print(f"no traces in {options.traces}", file=sys.stderr)
        return 1
    variants = [tuple(options.without)]
    if options.ablation:
        codes = [detector.code for detector in Foresight(Schemas()).detectors[1:]]
        variants += [(*options.without, code) for code in codes if code not in options.without]
    with ProcessPoolExecutor(options.jobs) as pool:
        for variant in variants:
            jobs: list[_Job] = [
                (str(file), order, variant, options.enforced) for file in files for order in range(options.orders)
            ]
            results = list(pool.map(_replay, jobs))
            print(f"\n{'without ' + ', '.join(variant) if variant else 'all detectors'}, orders 0-{options.orders - 1}")
            _show(files, options.orders, results, weights=options.weights)
    return 0


@lru_cache(maxsize=2)
def _runs(path: str) -> list[Run]:
    return runs_of(Path(path))


def _replay(job: _Job) -> tuple[Measures, dict[str, float]]:
    path, order, without, enforced = job
    living = LivingReplay(order, enforced=enforced, without=without)
    return measures_of(list(living.run(_runs(path)))), living.weights()


def _show(files: list[Path], orders: int, results: list[tuple[Measures, dict[str, float]]], *, weights: bool) -> None:
    print(f"{'source':20} recall  false %  worst %  at 1 %    ECE")
    learned: list[dict[str, float]] = []
    for at, file in enumerate(files):
        mine = results[at * orders : (at + 1) * orders]
        mean = mean_of([one for one, _ in mine])
        worst = max(one.false_prevention for one, _ in mine)
        print(
            f"{file.name.partition('.')[0]:20} {mean.recall:6.3f} {100 * mean.false_prevention:8.2f}"
            f" {100 * worst:8.2f} {mean.ranked:7.3f} {mean.calibration:6.3f}",
            flush=True,
        )
        learned.append({name: fmean(one[name] for _, one in mine) for name in mine[0][1]})
    if weights:
        print(f"\n{'weight':18}" + "".join(f"{file.name[:9]:>11}" for file in files))
        for name in learned[0]:
            print(f"{name:18}" + "".join(f"{one[name]:11.2f}" for one in learned))


if __name__ == "__main__":
    sys.exit(main())

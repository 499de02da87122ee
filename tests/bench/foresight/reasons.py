"""What stood between a failure and its prevention, and what wrong preventions rest on.

``python -m tests.bench.foresight.reasons --source NAME [--enforced]`` replays as the table does and counts, for each
failure that was not prevented, the first thing that stopped it, apart for calls at or above the probability at which
1 % of the successes are lost and below. Whatever the order of the guard's questions, the budget is asked first.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from math import exp
from pathlib import Path
from typing import Any, Final, NamedTuple

from sidecar.guard.prevention_tracker import LEAST_GROUND
from sidecar.learning.budget import CAUTION, FLOOR, GRACE_OVERALL, UTILISATION
from sidecar.learning.repeats import passes
from sidecar.learning.view import View
from sidecar.learning.waiting import is_waiting
from sidecar.model.vocabulary import TRANSIENT, State

from .living import LivingReplay
from .replay import Recorded, Run, runs_of

_TRACES = Path(__file__).resolve().parents[4] / "shared" / "traces"
_SET_ASIDE: Final = (State.REFUTED, State.SUSPENDED)


class Told(NamedTuple):
    """A decision, with the code of its ground or what it wants for, and the call it was about."""

    p: float
    prevented: bool
    failed: bool
    why: str
    recorded: Recorded
    parts: list[tuple[str, float]]


class Explained:
    """A replay whose decisions say why."""

    def __init__(self, order: int, *, enforced: bool, **settings: Any) -> None:
        self.living = LivingReplay(order, enforced=enforced, **settings)
        self._tracker = self.living._tracker
        self._find, self._let = self._tracker._findings, self._tracker._letting_through.passage
        self._why, self._parts = "", list[tuple[str, float]]()
        self._tracker._findings = self._findings  # type: ignore[method-assign]
        self._tracker._letting_through.passage = self._passage  # type: ignore[method-assign, assignment]

    def run(self, runs: list[Run]) -> Iterator[Told]:
        """As the replay's."""
        for one in self.living.run(runs):
            recorded = self.living._extractor.current
            yield Told(one.p, one.prevented, one.failed, self._why, recorded, self._parts)

    def _findings(self, view: View, judgement: Any) -> Any:
        findings, lead = self._find(view, judgement)
        if lead is not None:
            self._why = next(code for code, _, fact in findings if fact is lead)
        else:
            self._why = self._wanting(view, judgement)
        foresight = self._tracker._foresight
        self._parts = [(code, part) for code, _, part in foresight.parts(judgement)]
        return findings, lead

    def _passage(self, *arguments: Any) -> Any:
        passage = self._let(*arguments)
        if passage.probe is not None:
            self._why = "probe"
        elif passage.holdout:
            self._why = "lot"
        elif passage.capped:
            self._why = "blast cap"
        return passage

    def _wanting(self, view: View, judgement: Any) -> str:
        if not judgement.known:
            return "nothing is known"
        score, budget, overall = judgement.score, self._tracker._budget, view.overall.budget
        if not self._tracker._sure(view, judgement):
            if score < FLOOR:
                return "below the floor"
            caution = CAUTION / (1.0 + exp(score))
            limit = budget * UTILISATION
            most = limit * overall.correction(limit) * (overall.total + GRACE_OVERALL)
            if overall.above(score) + caution > most:
                return "overall budget" if overall.above(score) > most else "overall caution"
            return "tool's budget"
        return self._no_ground(view, judgement)

    def _no_ground(self, view: View, judgement: Any) -> str:
        call, tool = view.known_call(), view.tool_pattern
        if (call is not None and call.state is State.SUSPENDED) or (
            tool is not None and tool.state in _SET_ASIDE and not tool.automatic
        ):
            return "set aside"
        works = call is not None and call.state is State.REFUTED
        findings = self._tracker._foresight.findings(view, judgement)
        preventing = [(code, part, fact) for code, part, fact in findings if fact.prevents]
        if not preventing:
            return "no fact that prevents"
        grounds = [one for one in preventing if one[1] >= LEAST_GROUND]
        if not grounds:
            return "weak facts: " + ",".join(f"{code}" for code, _, _ in preventing)
        if works:
            return "refuted call"
        if is_waiting(view):
            return "waits"
        if passes(view) and all(one.cause in TRANSIENT or view.repeats_transient for _, _, one in grounds):
            return "a repeat passes"
        return "pattern set aside"


def main() -> int:
    """Replay, count, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.foresight.reasons", description=__doc__)
    parser.add_argument("--traces", type=Path, default=_TRACES, help="folder of *.jsonl.gz")
    parser.add_argument("--orders", type=int, default=5)
    parser.add_argument("--source", action="append", required=True)
    parser.add_argument("--enforced", action="store_true")
    parser.add_argument("--show", action="store_true", help="each failure that was missed, and each wrong prevention")
    options = parser.parse_args()
    for source in options.source:
        runs = runs_of(options.traces / f"{source}.jsonl.gz")
        missed, wrong, right = Counter[tuple[str, str]](), Counter[str](), Counter[str]()
        failures = successes = 0
        for order in range(options.orders):
            told = list(Explained(order, enforced=options.enforced).run(runs))
            least = _at_share(told)
            for at, one in enumerate(told):
                failures += one.failed
                successes += not one.failed
                if one.prevented:
                    (right if one.failed else wrong)[one.why] += 1
                elif one.failed:
                    missed["above" if one.p >= least else "below", one.why] += 1
                if options.show and (one.failed != one.prevented) and (one.prevented or one.p >= least):
                    _show(order, at, one)
        _tell(source, failures / options.orders, successes / options.orders, options.orders, missed, wrong, right)
    return 0


def _at_share(told: list[Told]) -> float:
    """The probability at and above which at most 1 % of the successes stand."""
    successes = sorted((one.p for one in told if not one.failed), reverse=True)
    return successes[int(0.01 * len(successes))] + 1e-9


def _show(order: int, at: int, one: Told) -> None:
    call = one.recorded.call
    parts = " ".join(f"{code}{part:+.2f}" for code, part in one.parts[:7])
    kind = "MISSED" if one.failed else "WRONG "
    print(f"{order} {at:5} {kind} p={one.p:.3f} {one.why:22} {call.tool} {call.arguments_json[:160]}\n      {parts}")
    if one.failed:
        print(f"      {one.recorded.captured.error[:200]!r}")


def _tell(
    source: str, failures: float, successes: float, orders: int, missed: Counter[tuple[str, str]],
    wrong: Counter[str], right: Counter[str],
) -> None:  # fmt: skip
    print(f"\n{source}: {failures:.0f} failures, {successes:.0f} successes, means of {orders} orders")
    for where in ("above", "below"):
        for (side, why), count in missed.most_common():
            if side == where:
                print(f"  missed, {where} 1 %  {count / orders:7.1f}  {count / orders / failures:6.3f}  {why}")
    for what, found, of in (("wrong", wrong, successes), ("right", right, failures)):
        for why, count in found.most_common():
            print(f"  {what:5} prevention  {count / orders:7.1f}  {count / orders / of:6.4f}  {why}")


if __name__ == "__main__":
    sys.exit(main())

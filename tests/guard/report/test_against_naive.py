"""Every block of the report against plain recomputation over a list, and against the replay's own figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from math import isclose, sqrt

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from forewarn_cli.replay import scores
from sidecar.guard.report.calibration import BINS, step_of
from sidecar.guard.report.judged import MOST_WEIGHT, Share
from sidecar.guard.report.timeline import MAX_BUCKETS, WIDTHS
from sidecar.guard.report.whole import Report
from sidecar.model.decision import DecisionRecord
from sidecar.model.vocabulary import Mode, Outcome, Verdict

from .decided import START, decided, decisions

BAD, GOOD = {Outcome.FAILURE, Outcome.TIMEOUT}, {Outcome.SUCCESS, Outcome.RETRY}
many = st.lists(decisions(), max_size=40)


def made(records: list[DecisionRecord], tool: str = "") -> Report:
    report = Report(tool)
    report.add_decisions(iter(records))
    return report


def bad(record: DecisionRecord) -> bool | None:
    """Whether the call failed; None where nobody knows."""
    category = record.classification.category if record.classification else None
    return True if category in BAD else False if category in GOOD else None


def prevents(record: DecisionRecord) -> bool:
    return record.decision.would_be is Verdict.PREVENT


class Weights:
    """What each decision counts: those let through in enforce stand for those that were not."""

    def __init__(self, records: list[DecisionRecord]) -> None:
        judged = [one for one in records if self.sampled(one) and bad(one) is not None]
        withheld = [one for one in records if one.decision.verdict is Verdict.PREVENT and bad(one) is None]
        weight = sum(min(100.0, 1 / one.propensity) for one in judged)
        self.can_say = bool(judged) or not withheld
        self.scale = (len(judged) + len(withheld)) / weight if judged else 1.0

    @staticmethod
    def sampled(one: DecisionRecord) -> bool:
        through = prevents(one) and one.decision.verdict is not Verdict.PREVENT
        return through and one.decision.mode is Mode.ENFORCE

    def __call__(self, one: DecisionRecord) -> float:
        return self.scale * min(100.0, 1 / one.propensity) if self.sampled(one) else 1.0

    def share(self, records: list[DecisionRecord], of: Callable[[DecisionRecord], bool]) -> float | None:
        whole = sum(map(self, records))
        return sum(self(one) for one in records if of(one)) / whole if records else None


def same(found: float | None, wanted: float | None) -> bool:
    return found is wanted is None or (
        found is not None and wanted is not None and isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)
    )


@given(many, st.sampled_from(("", "x", "nobody")))
def test_counts_and_shares(records: list[DecisionRecord], tool: str) -> None:
    report = made(records, tool)
    mine = [one for one in records if one.question != "optimize" and tool in ("", one.tool)]
    assert report.examined == len(records)
    totals = report.totals
    assert totals.decisions == len(mine)
    assert totals.known == sum(one.decision.known for one in mine)
    assert totals.failed == sum(bad(one) is True for one in mine)
    assert totals.worked == sum(bad(one) is False for one in mine)
    assert totals.would_prevent == sum(map(prevents, mine))
    assert totals.prevented == sum(one.decision.verdict is Verdict.PREVENT for one in mine)
    assert totals.right == sum(prevents(one) and bad(one) is True for one in mine)
    assert totals.wrong == sum(prevents(one) and bad(one) is False for one in mine)
    assert sum(totals.bases.values()) == totals.right + totals.wrong
    assert totals.modes == Counter(one.decision.mode for one in mine)
    weights = Weights(mine)
    assert same(totals.scale, weights.scale)
    for end, found in ((True, totals.rates.recall), (False, totals.rates.false_rate)):
        wanted = weights.share([one for one in mine if bad(one) is end], prevents)
        assert same(found.value, wanted if weights.can_say else None)
    judged = [one for one in mine if prevents(one) and bad(one) is not None]
    assert same(totals.rates.precision.value, weights.share(judged, lambda one: bad(one) is True))


@given(many)
def test_calibration(records: list[DecisionRecord]) -> None:
    report = made(records)
    asked = [one for one in records if one.question != "optimize"]
    weight = Weights(asked)
    mine = [one for one in asked if one.decision.known and bad(one) is not None]
    gap = 0.0
    for place, found in enumerate(report.calibration.bins(weight.scale)):
        inside = [one for one in mine if min(int(one.decision.p_fail * BINS), BINS - 1) == place]
        assert found.calls == len(inside)
        assert same(found.failed.value, weight.share(inside, lambda one: bad(one) is True))
        whole = sum(map(weight, inside))
        said = sum(weight(one) * one.decision.p_fail for one in inside)
        assert same(found.mean, said / whole if inside else None)
        gap += abs(said - sum(weight(one) for one in inside if bad(one)))
    assert same(report.calibration.expected_error(weight.scale), gap / sum(map(weight, mine)) if mine else None)


@given(many)
def test_the_curve_is_every_threshold(records: list[DecisionRecord]) -> None:
    report = made(records)
    asked = [one for one in records if one.question != "optimize"]
    weight = Weights(asked)
    mine = [one for one in asked if bad(one) is not None]
    failed, worked = [one for one in mine if bad(one)], [one for one in mine if not bad(one)]
    points = report.ranking.points(weight.scale)
    if not failed or not worked:
        assert points == []
        return
    assert (points[0].recall, points[0].false_rate) == (0.0, 0.0)
    assert isclose(points[-1].recall, 1.0)
    assert isclose(points[-1].false_rate, 1.0)
    steps = sorted({step_of(one.decision.p_fail) for one in mine}, reverse=True)
    assert len(points) == len(steps) + 1
    for step, point in zip(steps, points[1:], strict=True):
        above = [one for one in mine if step_of(one.decision.p_fail) >= step]
        assert same(point.recall, sum(weight(one) for one in above if bad(one)) / sum(map(weight, failed)))
        assert same(point.false_rate, sum(weight(one) for one in above if not bad(one)) / sum(map(weight, worked)))
        assert point.p_fail <= min(one.decision.p_fail for one in above) + 1e-9
    best = max(one.recall for one in points if one.false_rate <= 0.01)
    assert same(report.ranking.recall_at(0.01, weight.scale), best)


known_calls = st.lists(
    st.tuples(st.floats(0, 1).map(lambda p: round(p, 6)), st.booleans(), st.booleans()), min_size=1, max_size=300
)


@given(known_calls)
def test_it_says_what_the_replay_says(calls: list[tuple[float, bool, bool]]) -> None:
    """In shadow with all outcomes: the same figures as `forewarn replay`, which keeps every prediction."""
    predictions = scores.Predictions()
    records = []
    for number, (p, prevented, failed) in enumerate(calls):
        would_be = Verdict.PREVENT if prevented else Verdict.ALLOW
        outcome = Outcome.FAILURE if failed else Outcome.SUCCESS
        records.append(decided(number, p=p, would_be=would_be, outcome=outcome))
        predictions.add(p, prevented=prevented, known=True, bad=failed)
    told, report = scores.score(predictions), made(records)
    assert same(report.totals.rates.recall.value, told["recall"])
    assert same(report.totals.rates.precision.value, told["precision"])
    assert same(report.totals.rates.false_rate.value, told["false_prevention_rate"])
    assert same(report.calibration.expected_error(report.totals.scale), told["ece"])
    binned, exact = report.ranking.recall_at(0.01, report.totals.scale), told["recall_at_fpr_1pct"]
    if exact is None:
        assert binned is None
    else:  # calls within a step cannot be told apart: never more than there is
        assert binned is not None
        assert binned <= exact + 1e-12


@given(many)
def test_detectors_and_tools(records: list[DecisionRecord]) -> None:
    report = made(records)
    mine = [one for one in records if one.question != "optimize"]
    for code in ("a", "b", "c"):
        spoke = [(one, r.contribution) for one in mine for r in one.decision.reasons if r.code == code]
        led = [one for one in mine if prevents(one) and one.decision.reasons and one.decision.reasons[0].code == code]
        found = report.detectors.by_code.get(code)
        if not spoke:
            assert found is None
            continue
        assert found is not None
        assert found.spoke == len(spoke)
        assert (found.led, found.right, found.wrong) == (
            len(led), sum(bad(one) is True for one in led), sum(bad(one) is False for one in led)
        )  # fmt: skip
        for end in (True, False, None):
            pushed = [push for one, push in spoke if bad(one) is end]
            assert found.pushes[end][1] == len(pushed)
            assert isclose(found.pushes[end][0], sum(pushed), abs_tol=1e-9)
        assert isclose(found.contribution, sum(push for _, push in spoke), abs_tol=1e-9)
    by_tool: dict[str, list[DecisionRecord]] = defaultdict(list)
    for one in mine:
        by_tool[one.tool].append(one)
    assert {name: part.decisions for name, part in report.tools.by_name.items()} == {
        name: len(found) for name, found in by_tool.items()
    }
    for name, part in report.tools.by_name.items():
        mine = by_tool[name]
        stopped = [one for one in mine if prevents(one)]
        ends = [bad(one) for one in mine]
        assert (part.would_prevent, part.failed, part.worked) == (len(stopped), ends.count(True), ends.count(False))
        for end, most in ((True, 2), (False, 2), (None, 1)):
            shown = [one.record for one in part.examples if one.failed is end]
            assert shown == [one for one in stopped if bad(one) is end][:most]
    ranks = [part.would_prevent for _, part in report.tools.ranked()]
    assert ranks == sorted(ranks, reverse=True)


@given(st.permutations(range(30)), st.lists(st.integers(0, 4 * 10**8), min_size=1, max_size=30))
def test_buckets_hold_every_call_in_its_place(order: list[int], seconds: list[int]) -> None:
    """In any order of arrival: bounded, without gaps, each at a multiple of a readable width."""
    records = [decided(n, time=START + offset, outcome=Outcome.FAILURE) for n, offset in enumerate(seconds)]
    timeline = made([records[place] for place in order if place < len(records)]).timeline
    buckets = timeline.buckets()
    assert 1 <= len(buckets) <= MAX_BUCKETS
    starts = [start for start, _ in buckets]
    assert all(start % timeline.width == 0 for start in starts)
    assert starts == [starts[0] + timeline.width * place for place in range(len(starts))]
    for start, bucket in buckets:
        assert bucket.decisions == sum(start <= START + one < start + timeline.width for one in seconds)
    # No wider than it must be.
    narrower = [width for width in WIDTHS if width < timeline.width]
    if narrower:
        first, last = START + min(seconds), START + max(seconds)
        assert last // narrower[-1] - first // narrower[-1] >= MAX_BUCKETS


def test_widths_can_be_joined() -> None:
    assert all(wider % width == 0 for width, wider in pairwise(WIDTHS))


@given(st.integers(0, 50), st.integers(0, 50))
def test_the_interval_is_wilsons(failed: int, worked: int) -> None:
    share = Share()
    for count, counts in ((failed, True), (worked, False)):
        for _ in range(count):
            share.add(1.0, counts=counts)
    n = failed + worked
    if not n:
        assert share.value is None
        assert (share.interval.low, share.interval.high) == (0.0, 1.0)
        return
    z, p = norm.ppf(0.95), failed / n
    middle, half = (p + z * z / 2 / n), z * sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    assert isclose(share.interval.low, max(0.0, low), abs_tol=1e-6)
    assert isclose(share.interval.high, min(1.0, high), abs_tol=1e-6)


def test_what_is_let_through_at_random_stands_for_the_rest() -> None:
    """Of 1,000 calls that would be prevented 1 in 20 is let through; 30 % of them would have worked."""
    stopped = [decided(n, would_be=Verdict.PREVENT, verdict=Verdict.PREVENT, mode=Mode.ENFORCE) for n in range(950)]
    through = [
        decided(n, would_be=Verdict.PREVENT, mode=Mode.ENFORCE, propensity=0.05,
                outcome=Outcome.SUCCESS if n < 15 else Outcome.FAILURE)
        for n in range(50)
    ]  # fmt: skip
    plain = [decided(n, mode=Mode.ENFORCE, outcome=Outcome.SUCCESS) for n in range(700)]
    plain += [decided(n, mode=Mode.ENFORCE, outcome=Outcome.FAILURE) for n in range(300)]
    totals = made([*stopped, *through, *plain]).totals
    assert (totals.right, totals.wrong) == (35, 15)
    assert same(totals.rates.precision.value, 0.7)
    assert same(totals.rates.recall.value, 700 / 1000)
    assert same(totals.rates.false_rate.value, 300 / 1000)
    # 15 calls are behind it, not 300: the interval is as wide as that.
    interval = totals.rates.false_rate.interval
    assert interval.high - interval.low > 0.08
    found = totals.rates.precision.interval  # 35 of 50, whatever they stand for
    assert (round(found.low, 2), round(found.high, 2)) == (0.59, 0.79)
    assert isclose(interval.high, 1000 * (1 - found.low) / (700 + 1000 * (1 - found.low)))
    # Probes, of which no propensity is known, stand for the rest as well.
    for one in through:
        one.propensity = 1.0
    assert same(made([*stopped, *through, *plain]).totals.rates.recall.value, 700 / 1000)


def test_a_tiny_propensity_does_not_take_over() -> None:
    """Of two calls let through, one as good as never: it counts 100 times the other, not a billion times."""
    kind = {"would_be": Verdict.PREVENT, "mode": Mode.ENFORCE}
    rare = decided(1, propensity=1e-9, outcome=Outcome.SUCCESS, **kind)  # type: ignore[arg-type]
    sure = decided(2, outcome=Outcome.FAILURE, **kind)  # type: ignore[arg-type]
    assert same(made([rare, sure]).totals.rates.precision.value, 1 / (1 + MOST_WEIGHT))

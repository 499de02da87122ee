"""From the report to protobuf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from forewarn.v1 import admin_pb2, model_pb2

from ..guard.report.calibration import BINS, ONE_PERCENT, Calibration, Ranking
from ..guard.report.judged import Basis, Judged, Share
from ..guard.report.preventions import Detector, ToolPart
from ..guard.report.standouts import Standouts
from ..guard.report.totals import Totals
from ..guard.report.whole import Report
from ..model.pattern import UsagePattern
from ..model.vocabulary import Mode
from . import answers

#: Tools that are listed.
MAX_LISTED: Final = 100
_TEXT: Final = 300


def report(value: Report, limit: int, mode: Mode, now: float) -> admin_pb2.GetReportResponse:
    """The whole report. ``mode`` is the one for all tools now, ``limit`` how many decisions might be looked at."""
    tools, scale, rates = value.tools.ranked(), value.totals.scale, value.totals.rates
    return admin_pb2.GetReportResponse(
        scope=_scope(value, limit, mode, now),
        totals=_totals(value.totals),
        rates=admin_pb2.ReportRates(
            recall=_share(rates.recall),
            precision=_share(rates.precision),
            false_prevention_rate=_share(rates.false_rate),
        ),
        budget=admin_pb2.ReportBudget(
            budget=value.budget.budget, spent=value.budget.spent, successes=value.budget.successes
        ),
        calibration=_calibration(value.calibration, scale),
        curve=_curve(value.ranking, scale),
        detectors=[_detector(code, part) for code, part in value.detectors.ranked()],
        tools=[_tool(name, part) for name, part in tools[:MAX_LISTED]],
        tools_left_out=max(0, len(tools) - MAX_LISTED),
        buckets=[
            admin_pb2.ReportBucket(
                start_time=answers.stamp(start),
                decisions=bucket.decisions,
                failed=bucket.failed,
                worked=bucket.worked,
                would_prevent=bucket.would_prevent,
                right=bucket.right,
                wrong=bucket.wrong,
            )
            for start, bucket in value.timeline.buckets()
        ],
        bucket_width=answers.span(float(value.timeline.width)),
        patterns=_patterns(value.standouts, cut=value.patterns_cut, now=now),
    )


def _scope(value: Report, limit: int, mode: Mode, now: float) -> admin_pb2.ReportScope:
    totals = value.totals
    return admin_pb2.ReportScope(
        tool=value.tool,
        time=answers.stamp(now),
        oldest_time=answers.stamp(totals.oldest) if totals.decisions else None,
        newest_time=answers.stamp(totals.newest) if totals.decisions else None,
        examined=value.examined,
        cut=value.cut,
        limit=limit,
        mode=answers.mode(mode),
        modes=[
            admin_pb2.ReportMode(mode=answers.mode(one), decisions=count) for one, count in sorted(totals.modes.items())
        ],
    )


def _totals(value: Totals) -> admin_pb2.ReportTotals:
    return admin_pb2.ReportTotals(
        decisions=value.decisions,
        known=value.known,
        failed=value.failed,
        worked=value.worked,
        would_prevent=value.would_prevent,
        prevented=value.prevented,
        right=value.right,
        wrong=value.wrong,
        judged_advised=value.bases[Basis.ADVISED],
        judged_probes=value.bases[Basis.PROBE],
        judged_holdout=value.bases[Basis.HOLDOUT],
        judged_against=value.bases[Basis.AGAINST],
    )


def _share(value: Share) -> admin_pb2.ReportShare:
    return admin_pb2.ReportShare(value=value.value, interval=answers.interval(value.interval))


def _calibration(value: Calibration, scale: float) -> admin_pb2.ReportCalibration:
    return admin_pb2.ReportCalibration(
        bins=[
            admin_pb2.ReportBin(
                low=place / BINS,
                high=(place + 1) / BINS,
                calls=one.calls,
                mean_p_fail=one.mean,
                failed=_share(one.failed),
            )
            for place, one in enumerate(value.bins(scale))
        ],
        expected_error=value.expected_error(scale),
    )


def _curve(value: Ranking, scale: float) -> admin_pb2.ReportCurve:
    return admin_pb2.ReportCurve(
        points=[
            admin_pb2.ReportPoint(p_fail=one.p_fail, recall=one.recall, false_prevention_rate=one.false_rate)
            for one in value.points(scale)
        ],
        recall_at_one_percent=value.recall_at(ONE_PERCENT, scale),
    )


def _detector(code: str, part: Detector) -> admin_pb2.ReportDetector:
    failed, worked = part.pushes[True], part.pushes[False]
    return admin_pb2.ReportDetector(
        code=code,
        led=part.led,
        right=part.right,
        wrong=part.wrong,
        spoke=part.spoke,
        contribution_failed=failed[0],
        spoke_failed=int(failed[1]),
        contribution_worked=worked[0],
        spoke_worked=int(worked[1]),
        contribution=part.contribution,
    )


def _tool(name: str, part: ToolPart) -> admin_pb2.ReportTool:
    return admin_pb2.ReportTool(
        tool=name,
        decisions=part.decisions,
        failed=part.failed,
        worked=part.worked,
        would_prevent=part.would_prevent,
        prevented=part.prevented,
        right=part.right,
        wrong=part.wrong,
        examples=[_example(one) for one in part.examples],
    )


def _example(one: Judged) -> admin_pb2.ReportExample:
    decision, found = one.record.decision, one.record.classification
    return admin_pb2.ReportExample(
        decision_id=decision.decision_id.hex(),
        arguments_json=one.record.preview[:_TEXT],
        p_fail=decision.p_fail,
        summary=decision.learned_reasons[0].summary if decision.learned_reasons else "",
        category=int(found.category) if found is not None else 0,  # type: ignore[arg-type]
        error_template=found.template[:_TEXT] if found is not None else "",
    )


def _patterns(value: Standouts, *, cut: bool, now: float) -> admin_pb2.ReportPatterns:
    def listed(rows: Sequence[tuple[bytes, UsagePattern]]) -> list[model_pb2.UsagePattern]:
        return [answers.usage_pattern(key, pattern, now) for key, pattern in rows]

    return admin_pb2.ReportPatterns(
        most_used=listed(value.most_used.listed()),
        most_wrong=listed(value.most_wrong.listed()),
        never_right=listed(value.never_right.listed()),
        most_appealed=listed(value.most_appealed.listed()),
        suspended=listed(value.suspended.listed()),
        suspended_count=value.suspended_count,
        examined=value.examined,
        cut=cut,
    )

"""A report with something in every block, and texts in it that must not run."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from forewarn.v1 import admin_pb2, model_pb2

RUN = "document.documentElement.dataset.owned=1"
HOSTILE_TOOL = f"<script>{RUN}</script>"
HOSTILE_ARGUMENTS = f'{{"a": "</script><script>{RUN}</script>", "b": "<img src=x onerror={RUN}>"}}'
HOSTILE_ERROR = f"\"'--></style></svg><svg onload={RUN}> \u202e \x1b[2J &lt;"
HOSTILE = (HOSTILE_TOOL, HOSTILE_ARGUMENTS, HOSTILE_ERROR)
START = 1_790_000_000


def full_report(tool_count: int = 15, bucket_count: int = 48) -> admin_pb2.GetReportResponse:
    """Everything that a report may hold."""
    interval = model_pb2.Interval(low=0.5, high=0.7, confidence=0.9)

    def share(value: float) -> admin_pb2.ReportShare:
        return admin_pb2.ReportShare(value=value, interval=interval)

    report = admin_pb2.GetReportResponse(
        scope=admin_pb2.ReportScope(
            time=Timestamp(seconds=START + 90_000),
            oldest_time=Timestamp(seconds=START),
            newest_time=Timestamp(seconds=START + 86_000),
            examined=12_345,
            limit=12_345,
            cut=True,
            mode=model_pb2.MODE_ENFORCE,
            modes=[admin_pb2.ReportMode(mode=model_pb2.MODE_ENFORCE, decisions=12_000)],
        ),
        totals=admin_pb2.ReportTotals(
            decisions=12_000, known=9_000, failed=2_000, worked=8_500, would_prevent=1_500, prevented=1_400, right=90,
            wrong=4, judged_probes=60, judged_holdout=30, judged_against=4,
        ),
        rates=admin_pb2.ReportRates(
            recall=share(0.61), precision=share(0.956), false_prevention_rate=share(0.0071)
        ),
        budget=admin_pb2.ReportBudget(budget=0.01, spent=0.0062, successes=8_000.5),
        curve=admin_pb2.ReportCurve(
            points=[
                admin_pb2.ReportPoint(p_fail=1 - n / 200, recall=(n / 200) ** 0.3, false_prevention_rate=(n / 200) ** 2)
                for n in range(201)
            ],
            recall_at_one_percent=0.66,
        ),
        calibration=admin_pb2.ReportCalibration(
            bins=[
                admin_pb2.ReportBin(
                    low=n / 10, high=(n + 1) / 10, calls=100 * (n != 4), mean_p_fail=n / 10 + 0.05,
                    failed=admin_pb2.ReportShare(
                        value=n / 10 + 0.04, interval=model_pb2.Interval(low=n / 10, high=n / 10 + 0.1, confidence=0.9)
                    ),
                )
                for n in range(10)
            ],
            expected_error=0.0123,
        ),
    )  # fmt: skip
    for place, code in enumerate(("exact_repeat", "telling_words", HOSTILE_TOOL)):
        report.detectors.add(
            code=code, led=500 - place * 100, right=30, wrong=1 + place, spoke=2_000, contribution_failed=900.5,
            spoke_failed=300, contribution_worked=-80.25, spoke_worked=400, contribution=820.25,
        )  # fmt: skip
    for n in range(tool_count):
        tool = report.tools.add(
            tool=HOSTILE_TOOL if n == 1 else f"tool_number_{n:02}", decisions=1_000 - n, failed=100, worked=800,
            would_prevent=max(0, 40 - 4 * n), prevented=20, right=max(0, 20 - 2 * n), wrong=1 if n < 10 else 0,
        )  # fmt: skip
        for category in (model_pb2.OUTCOME_FAILURE, model_pb2.OUTCOME_SUCCESS, model_pb2.OUTCOME_UNSPECIFIED):
            tool.examples.add(
                decision_id=f"{n:032x}", arguments_json=HOSTILE_ARGUMENTS, p_fail=0.97, summary=HOSTILE_ERROR,
                category=category, error_template=HOSTILE_ERROR,
            )  # fmt: skip
    report.tools_left_out = 7
    report.bucket_width.seconds = 1_800
    for n in range(bucket_count):
        report.buckets.add(
            start_time=Timestamp(seconds=START + 1_800 * n), decisions=100 + n, failed=20, worked=70,
            would_prevent=12, right=8, wrong=n % 3,
        )  # fmt: skip
    patterns = report.patterns
    for number, found in enumerate((patterns.most_wrong, patterns.most_used, patterns.suspended)):
        found.add(
            usage_pattern_id=f"{number:040x}", tool=HOSTILE_TOOL, level=model_pb2.USAGE_PATTERN_LEVEL_CALL,
            state=model_pb2.USAGE_PATTERN_STATE_SUSPENDED, prevented=9, prevented_right=3, prevented_wrong=2, appeals=1,
            description=HOSTILE_ARGUMENTS,
        )  # fmt: skip
    patterns.suspended_count = 1
    patterns.examined = 321
    return report

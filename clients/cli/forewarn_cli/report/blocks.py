"""The report's tables and sentences, the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from forewarn.v1 import admin_pb2, model_pb2
from forewarn_cli.wording import counted, label, moment, one_line, percent

_AIM = 0.01

RELIABILITY = "Is p_fail what it says?"
CURVE = "How well does it rank?"
TIME = "Over time"
DETECTORS = "What each detector contributed"
TOOLS = "What was prevented, by tool"
PATTERNS = "Patterns worth a look"


class Table(NamedTuple):
    """Rows under columns; a column whose name starts with ">" holds numbers. ``none`` is said without rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    none: str


def number(count: float) -> str:
    """A count with separators: 12,304."""
    return f"{count:,.0f}"


def share(value: admin_pb2.ReportShare, digits: int = 1) -> str:
    """As in "41.2 % (38–44 %)"; a dash where there is nothing to divide by."""
    if not value.HasField("value"):
        return "–"
    low, high = value.interval.low * 100, value.interval.high * 100
    return f"{percent(value.value, digits)} ({low:.{digits}f}–{high:.{digits}f} %)"


def share_of(value: admin_pb2.ReportShare, of: str, digits: int = 1) -> tuple[str, str]:
    """The share, and what it is of with its range: "41.2 %", "of failures; 38.1–44.3 %"."""
    if not value.HasField("value"):
        return "–", of
    low, high = value.interval.low * 100, value.interval.high * 100
    return percent(value.value, digits), f"{of}; {low:.{digits}f}–{high:.{digits}f} %"


def rates(answer: admin_pb2.GetReportResponse) -> list[tuple[str, str, str]]:
    """Recall, precision and false prevention: name, share, and what it is of."""
    found = answer.rates
    return [
        ("recall", *share_of(found.recall, "of failures")),
        ("precision", *share_of(found.precision, "of preventions")),
        ("false prevention", *share_of(found.false_prevention_rate, "of good calls", 2)),
    ]


def optional(message: object, field: str, digits: int = 3) -> str:
    """An optional number; a dash where it is unset."""
    return f"{getattr(message, field):.{digits}f}" if message.HasField(field) else "–"  # type: ignore[attr-defined]


def period(answer: admin_pb2.GetReportResponse) -> str:
    """From the oldest decision to the newest."""
    if not answer.totals.decisions:
        return "no decisions"
    oldest, newest = moment(answer.scope.oldest_time), moment(answer.scope.newest_time)
    if oldest[:10] == newest[:10]:
        newest = newest[11:]
    return f"{oldest.removesuffix('Z')} – {newest.removesuffix('Z')} UTC"


def modes(answer: admin_pb2.GetReportResponse) -> str:
    """The modes that decisions were made in, and the one in force."""
    made = ", ".join(f"{label(model_pb2.Mode, one.mode)} {number(one.decisions)}" for one in answer.scope.modes)
    now = label(model_pb2.Mode, answer.scope.mode)
    return f"{made} (now {now})" if made else f"now {now}"


def budget(answer: admin_pb2.GetReportResponse) -> str:
    """What the budget is of, and how much of it was spent."""
    found = answer.budget
    if not found.HasField("spent"):
        return "of good calls; nothing spent yet"
    last = counted(round(found.successes), "good call")
    return f"of good calls; {percent(found.spent, 2)} of the last {last} spent, by the daemon's running account"


def verdict(answer: admin_pb2.GetReportResponse) -> str:
    """The report in a sentence."""
    totals = answer.totals
    if not totals.decisions:
        return "No decision was made in this period."
    if not totals.would_prevent:
        return f"None of {counted(totals.decisions, 'call')} would have been prevented."
    known = totals.right + totals.wrong
    one = totals.would_prevent == 1
    were = "was" if one else "were"
    would = f"{were} prevented or would have been" if totals.prevented else "would have been prevented"
    what = f"{number(totals.would_prevent)} of {counted(totals.decisions, 'call')} {would}"
    if not known:
        return f"{what}; how {'it' if one else 'those'} would have ended is not known."
    if one:
        return f"{what}; it {'failed' if totals.right else 'worked'}."
    ends = f"{number(totals.right)} failed and {number(totals.wrong)} worked"
    which = "of those" if known == totals.would_prevent else f"of {number(known)} that were made all the same,"
    return f"{what}; {which} {ends}."


def notes(answer: admin_pb2.GetReportResponse) -> list[str]:
    """What the figures stand on, and what they leave out."""
    totals, scope = answer.totals, answer.scope
    said = []
    known = totals.failed + totals.worked
    if totals.decisions:
        said.append(
            f"Figures stand on {number(known)} of {counted(totals.decisions, 'call')}, on those whose outcome was "
            "recorded. Ranges are 90 % intervals."
        )
    judged = [
        (totals.judged_advised, "in shadow or warn, where every call is made"),
        (totals.judged_probes, "let through as probes"),
        (totals.judged_holdout, "let through at random"),
        (totals.judged_against, "made in spite of it"),
    ]
    if any(count for count, _ in judged):
        parts = ", ".join(f"{number(count)} {how}" for count, how in judged if count)
        said.append(f"Preventions with a known end: {parts}.")
    missing = totals.would_prevent - totals.right - totals.wrong
    if missing:
        have, count = ("has", "counts") if missing == 1 else ("have", "count")
        said.append(f"{counted(missing, 'prevention')} {have} no outcome and {count} neither as right nor as wrong.")
    if totals.judged_probes or totals.judged_holdout:
        said.append(
            "Shares and curves take prevented calls that were let through to stand for those that were not: at random "
            "by the inverse of their chance, probes as they are. Counts are plain. Probes are no random choice: where "
            "they are most of it, this is a rough estimate."
        )
    elif totals.prevented:
        said.append("No prevented call was let through, so recall and false prevention are not known.")
    if scope.cut:
        newest = "decision was" if scope.examined == 1 else f"{number(scope.examined)} decisions were"
        said.append(f"Only the newest {newest} looked at (--limit); the period holds older ones.")
    return said


def summary(answer: admin_pb2.GetReportResponse) -> list[tuple[str, str]]:
    """The head of the report: names and values."""
    totals = answer.totals
    known = totals.failed + totals.worked
    return [
        ("period", period(answer)),
        ("tool", answer.scope.tool),
        ("mode", modes(answer)),
        ("calls decided", number(totals.decisions)),
        ("outcome known", f"{number(known)}, {number(totals.failed)} failed"),
        ("would be prevented", f"{number(totals.would_prevent)}, {number(totals.prevented)} really were"),
        ("right, wrong", f"{number(totals.right)}, {number(totals.wrong)}"),
        *((name, f"{value} {of}") for name, value, of in rates(answer)),
        ("budget", f"{percent(answer.budget.budget, 2)} {budget(answer)}"),
    ]


def reliability_key(answer: admin_pb2.GetReportResponse) -> str:
    """The reliability diagram in a number."""
    return f"Calibration error (ECE, 10 bins): {optional(answer.calibration, 'expected_error')}"


def curve_key(answer: admin_pb2.GetReportResponse) -> str:
    """The curve in a number."""
    return f"Recall at 1 % false prevention: {recall_at_one(answer)}"


def recall_at_one(answer: admin_pb2.GetReportResponse) -> str:
    """What the ranking by p_fail alone would find."""
    curve = answer.curve
    return percent(curve.recall_at_one_percent) if curve.HasField("recall_at_one_percent") else "–"


def reliability(answer: admin_pb2.GetReportResponse) -> Table:
    """What was said against what came of it."""
    rows = [
        [
            f"{one.low:.1f}–{one.high:.1f}",
            number(one.calls),
            percent(one.mean_p_fail) if one.HasField("mean_p_fail") else "–",
            share(one.failed),
        ]
        for one in answer.calibration.bins
        if one.calls
    ]
    return Table(
        ["p_fail", ">calls", ">said", ">failed (90 %)"], rows, "no call with an outcome that anything was known of"
    )


def curve(answer: admin_pb2.GetReportResponse) -> Table:
    """The best recall at some false-prevention rates."""
    rows = []
    points = answer.curve.points
    for rate in (0.001, 0.0025, 0.005, _AIM, 0.02, 0.05, 0.1) if points else ():
        best = [one for one in points if one.false_prevention_rate <= rate][-1]
        rows.append(
            [percent(rate, 2), percent(best.recall), percent(best.false_prevention_rate, 2), f"{best.p_fail:.3f}"]
        )
    return Table([">at most", ">recall", ">false prevention", ">from p_fail"], rows, "needs failures and successes")


def detectors(answer: admin_pb2.GetReportResponse) -> Table:
    """What each detector contributed."""
    rows = [
        [
            one.code,
            number(one.led),
            number(one.right),
            number(one.wrong),
            number(one.spoke),
            f"{one.contribution:+,.1f}",
            _mean(one.contribution_failed, one.spoke_failed),
            _mean(one.contribution_worked, one.spoke_worked),
        ]
        for one in answer.detectors
    ]
    columns = [
        "detector",
        ">led",
        ">right",
        ">wrong",
        ">spoke",
        ">sum of log-odds",
        ">mean if failed",
        ">mean if worked",
    ]
    return Table(columns, rows, "no decision gave a reason")


def tools(answer: admin_pb2.GetReportResponse) -> Table:
    """What was prevented of each tool, of those where something was."""
    return _tools([one for one in answer.tools if one.would_prevent], "nothing was prevented")


def quiet_tools(answer: admin_pb2.GetReportResponse) -> Table:
    """The tools of which nothing was prevented."""
    return _tools([one for one in answer.tools if not one.would_prevent], "something was prevented of each tool")


def _tools(found: Iterable[admin_pb2.ReportTool], none: str) -> Table:
    rows = [
        [
            one.tool,
            number(one.decisions),
            number(one.failed),
            number(one.would_prevent),
            number(one.prevented),
            number(one.right),
            number(one.wrong),
            percent(one.right / (one.right + one.wrong) if one.right + one.wrong else None),
            percent(one.right / one.failed if one.failed else None),
        ]
        for one in found
    ]
    columns = ["tool", ">calls", ">failed", ">would prevent", ">did", ">right", ">wrong", ">precision", ">of failures"]
    return Table(columns, rows, none)


def left_out(answer: admin_pb2.GetReportResponse) -> str:
    """How many tools the table leaves out; empty for none."""
    return more_tools(answer.tools_left_out, "left out; --tool asks for one") if answer.tools_left_out else ""


def more_tools(count: int, what: str) -> str:
    """As in "1 more tool is left out."."""
    return f"{number(count)} more {'tool is' if count == 1 else 'tools are'} {what}."


def quiet(answer: admin_pb2.GetReportResponse) -> str:
    """How many tools there are of which nothing was prevented."""
    return f"{counted(len(quiet_tools(answer).rows), 'tool')} of which nothing was prevented"


def buckets(answer: admin_pb2.GetReportResponse) -> Table:
    """How it went over time."""
    rows = [
        [
            moment(one.start_time),
            number(one.decisions),
            number(one.failed),
            number(one.worked),
            number(one.would_prevent),
            number(one.right),
            number(one.wrong),
        ]
        for one in answer.buckets
    ]
    return Table(["from", ">calls", ">failed", ">worked", ">would prevent", ">right", ">wrong"], rows, "no calls")


def width(answer: admin_pb2.GetReportResponse) -> str:
    """How long a bucket is, in words."""
    seconds = answer.bucket_width.seconds
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            count = seconds // length
            return unit if count == 1 else f"{count} {unit}s"
    return "second" if seconds == 1 else f"{seconds} seconds"


def pattern_lists(answer: admin_pb2.GetReportResponse) -> list[tuple[str, Table]]:
    """(title, table) of each list of patterns."""
    found = answer.patterns
    aside = f"Set aside ({number(found.suspended_count)})" if found.suspended_count else "Set aside"
    return [
        ("Most wrong", _patterns(found.most_wrong, "no prevention was wrong")),
        ("Never right", _patterns(found.never_right, "none was wrong every time")),
        ("Most appealed", _patterns(found.most_appealed, "nobody appealed")),
        (aside, _patterns(found.suspended, "none is set aside")),
        ("Most used", _patterns(found.most_used, "none prevented anything")),
    ]


def _patterns(found: Iterable[model_pb2.UsagePattern], none: str) -> Table:
    rows = [
        [
            one.usage_pattern_id,
            one.tool or one.server,
            label(model_pb2.UsagePatternLevel, one.level),
            label(model_pb2.UsagePatternState, one.state),
            number(one.prevented),
            number(one.prevented_right),
            number(one.prevented_wrong),
            number(one.appeals),
            one_line(one.description, 160),
        ]
        for one in found
    ]
    return Table(["id", "tool", "level", "state", ">prevented", ">right", ">wrong", ">appeals", "covers"], rows, none)


def _mean(total: float, count: int) -> str:
    return f"{total / count:+.2f}" if count else "–"

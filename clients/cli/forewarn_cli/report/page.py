"""The report as one HTML file that loads nothing: style, script and drawings are in it, and its policy forbids more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from forewarn.v1 import admin_pb2, model_pb2
from forewarn_cli.report import bars, blocks, charts
from forewarn_cli.report.markup import Html, join, tag
from forewarn_cli.report.parts import document, figure, key, numbers, section, tiles
from forewarn_cli.report.svg import WIDE, WIDTH
from forewarn_cli.wording import counted, label, moment, percent

_EXAMPLE_TOOLS: Final = 12

_READ_RELIABILITY: Final = (
    "Each point is the calls of one bin of p_fail. On the dashed line, what was said came true: of calls said to fail "
    "with 70 %, 70 % failed. Above it the daemon was too hopeful, below too gloomy. Rules are 90 % intervals. Only "
    "calls that anything was known of."
)
_READ_CURVE: Final = (
    "If the calls with the highest p_fail were prevented first: the share of failures caught, against the share of "
    "good calls lost. Left of the dashed line at most 1 % of good calls are prevented. The diamond is what "
    "decisions came to."
)
_READ_DETECTORS: Final = (
    "The first reason of a prevention leads it. Contributions are log-odds of failure: +0.7 doubles the odds, −0.7 "
    "halves them. A detector that helps pushes up where calls then fail and down where they work. Decisions keep "
    "their five strongest reasons; weaker ones are not counted."
)
_READ_PATTERNS: Final = (
    "Counts are since a pattern was learned, whatever the period above. Paste an id into ",
    "forewarn patterns show ID",
    "; ",
    "forewarn patterns suspend ID",
    " sets a pattern aside.",
)


def render(answer: admin_pb2.GetReportResponse) -> str:
    """The whole document."""
    about = f" · {answer.scope.tool}" if answer.scope.tool else ""
    decided = answer.totals.decisions
    return document(
        f"Forewarn report{about}",
        _header(answer),
        tag("main", *(_sections(answer) if decided else _nothing(answer))),
        _footer(answer),
    )


def _header(answer: admin_pb2.GetReportResponse) -> Html:
    scope = answer.scope
    about = [blocks.period(answer), f"tool {scope.tool}" if scope.tool else "all tools", f"mode {blocks.modes(answer)}"]
    return tag(
        "header",
        tag("p", "Forewarn report", class_="brand"),
        tag("h1", blocks.verdict(answer)),
        tag("p", " · ".join(about), class_="scope"),
        _tiles(answer) if answer.totals.decisions else "",
        tag("ul", *(tag("li", note) for note in blocks.notes(answer)), class_="notes") if blocks.notes(answer) else "",
    )


def _tiles(answer: admin_pb2.GetReportResponse) -> Html:
    totals, number = answer.totals, blocks.number
    known = totals.failed + totals.worked
    shown = [
        ("calls decided", number(totals.decisions), f"{number(known)} with a known outcome"),
        ("failed", number(totals.failed), f"{percent(totals.failed / known if known else None)} of known outcomes"),
        ("would be prevented", number(totals.would_prevent), f"{number(totals.prevented)} really were"),
        *blocks.rates(answer),
        ("budget", percent(answer.budget.budget, 2), blocks.budget(answer)),
    ]
    return tiles(shown)


def _nothing(answer: admin_pb2.GetReportResponse) -> list[Html]:
    looked = answer.scope.examined
    what = "None of those looked at is about this tool. " if looked and answer.scope.tool else ""
    about = tag(
        "section",
        tag("h2", "Nothing to show yet", id="nothing"),
        tag(
            "p",
            f"The daemon has logged no decision that this report asks for. {what}A runtime makes one with each ",
            tag("code", "ShouldPrevent"),
            "; try one by hand with ",
            tag("code", "forewarn check TOOL '{\"argument\": 1}'"),
            ", tell how it went with ",
            tag("code", "forewarn record"),
            ", or replay recorded calls with ",
            tag("code", "forewarn replay FILE"),
            ".",
        ),
        class_="empty",
        aria_labelledby="nothing",
    )
    known = any(table.rows for _, table in blocks.pattern_lists(answer))
    return [about, _patterns(answer)] if known else [about]


def _sections(answer: admin_pb2.GetReportResponse) -> list[Html]:
    known = any(one.calls for one in answer.calibration.bins)
    reliability = section(
        "reliability",
        blocks.RELIABILITY,
        blocks.reliability_key(answer),
        figure(known, lambda: charts.reliability(answer)),
        _READ_RELIABILITY,
        blocks.reliability(answer),
    )
    curve = section(
        "curve",
        blocks.CURVE,
        blocks.curve_key(answer),
        figure(bool(answer.curve.points), lambda: charts.curve(answer)),
        _READ_CURVE,
        blocks.curve(answer),
    )
    times = join(
        key({**charts.CALLS, **charts.ENDS}),
        figure(bool(answer.buckets), lambda: charts.timeline(answer, WIDE), "chart wide"),
        figure(bool(answer.buckets), lambda: charts.timeline(answer, WIDTH), "chart narrow"),
    )
    return [
        tag("div", reliability, curve, class_="pair"),
        section("time", blocks.TIME, f"Each bar: {blocks.width(answer)}", times, "", blocks.buckets(answer)),
        _detectors(answer),
        _tools(answer),
        _patterns(answer),
    ]


def _detectors(answer: admin_pb2.GetReportResponse) -> Html:
    led = any(one.led for one in answer.detectors)
    pushed = any(one.spoke_failed or one.spoke_worked for one in answer.detectors)
    drawn = tag(
        "div",
        tag(
            "div",
            tag("h3", "Preventions that each led"),
            key(charts.ENDS),
            figure(led, lambda: bars.leaders(answer.detectors)),
        ),
        tag(
            "div",
            tag("h3", "How it pushes"),
            key(charts.PUSHES),
            figure(pushed, lambda: bars.pushes(answer.detectors)),
        ),
        class_="pair inner",
    )
    return tag(
        "section",
        tag("h2", blocks.DETECTORS, id="detectors"),
        tag("p", _READ_DETECTORS, class_="read"),
        drawn,
        numbers(blocks.detectors(answer), blocks.DETECTORS),
        aria_labelledby="detectors",
    )


def _tools(answer: admin_pb2.GetReportResponse) -> Html:
    led = any(one.would_prevent for one in answer.tools)
    quiet = blocks.quiet_tools(answer)
    about = blocks.quiet(answer)
    return tag(
        "section",
        tag("h2", blocks.TOOLS, id="tools"),
        tag("p", "Right: the call was made all the same, and failed. Wrong: it worked.", class_="read"),
        _prevented(answer) if led else figure(False, lambda: ""),
        tag("details", tag("summary", about), numbers(quiet, about), class_="numbers") if quiet.rows else "",
        tag("p", blocks.left_out(answer), class_="read") if answer.tools_left_out else "",
        aria_labelledby="tools",
    )


def _prevented(answer: admin_pb2.GetReportResponse) -> Html:
    drawn = tag(
        "div", tag("h3", "How often it was right"), key(charts.ENDS), figure(True, lambda: bars.tools(answer.tools))
    )
    return join(
        tag("div", drawn, tag("div", *_examples(answer.tools)), class_="pair inner"),
        numbers(blocks.tools(answer), blocks.TOOLS),
    )


def _examples(tools: Iterable[admin_pb2.ReportTool]) -> Iterable[Html]:
    shown = [one for one in tools if one.examples][:_EXAMPLE_TOOLS]
    if not shown:
        return
    yield tag("h3", "Newest examples")
    for one in shown:
        # A wrong prevention is what one wants to see first.
        order = sorted(one.examples, key=lambda example: example.category not in _WORKED)
        inside = join(
            tag(
                "summary",
                tag("b", one.tool),
                tag("span", f"{blocks.number(one.right)} right, {blocks.number(one.wrong)} wrong", class_="muted"),
            ),
            tag("ul", *(_example(example) for example in order), class_="examples"),
        )
        yield tag("details", inside)


_WORKED: Final = frozenset((model_pb2.OUTCOME_SUCCESS, model_pb2.OUTCOME_RETRY))
_FAILED: Final = frozenset((model_pb2.OUTCOME_FAILURE, model_pb2.OUTCOME_TIMEOUT))


def _example(one: admin_pb2.ReportExample) -> Html:
    if one.category in _WORKED:
        badge = tag("span", "wrong: it worked", class_="badge wrong")
    elif one.category in _FAILED:
        badge = tag("span", "right: it failed", class_="badge right")
    else:
        said = label(model_pb2.Outcome, one.category)
        badge = tag("span", f"no outcome: {said}" if said else "no outcome", class_="badge")
    return tag(
        "li",
        tag("p", badge, f" p_fail {percent(one.p_fail)} ", tag("code", one.decision_id, class_="id")),
        tag("pre", one.arguments_json or "{}"),
        tag("p", tag("b", "Because "), one.summary) if one.summary else "",
        tag("p", tag("b", "Ended with "), one.error_template, class_="muted") if one.error_template else "",
    )


def _patterns(answer: admin_pb2.GetReportResponse) -> Html:
    lists = []
    for title, table in blocks.pattern_lists(answer):
        lists.append(tag("h3", title))
        lists.append(numbers(table, title))
    cut = f" Only {counted(answer.patterns.examined, 'pattern')} were looked at." if answer.patterns.cut else ""
    return tag(
        "section",
        tag("h2", blocks.PATTERNS, id="patterns"),
        tag(
            "p",
            *(tag("code", one) if place % 2 else one for place, one in enumerate(_READ_PATTERNS)),
            cut,
            class_="read",
        ),
        *lists,
        aria_labelledby="patterns",
    )


def _footer(answer: admin_pb2.GetReportResponse) -> Html:
    return tag(
        "footer",
        tag(
            "p",
            f"Made {moment(answer.scope.time)} by forewarn report from "
            f"{counted(answer.scope.examined, 'logged decision')}. Arguments and errors are as the store keeps them, "
            "with secrets redacted; whoever has this file can read them. It loads nothing and sends nothing.",
        ),
    )

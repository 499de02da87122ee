"""The report as one HTML file that loads nothing: style, script and drawings are in it, and its policy forbids more."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from typing import Final

from forewarn.v1 import admin_pb2, model_pb2
from forewarn_cli.report import blocks, charts, palette
from forewarn_cli.report.markup import Html, join, tag
from forewarn_cli.wording import label, moment, percent

_EXAMPLE_TOOLS: Final = 12

_READ_RELIABILITY: Final = (
    "Each point is the calls of one bin of p_fail. On the dashed line, what was said came true: of calls said to fail "
    "with 70 %, 70 % failed. Above it the daemon was too hopeful, below too gloomy. Rules are 90 % intervals. Only "
    "calls that anything was known of."
)
_READ_CURVE: Final = (
    "If the calls with the highest p_fail were prevented first: the share of failures caught, against the share of "
    "working calls lost. Left of the dashed line at most 1 % of working calls are prevented. The diamond is what "
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
    style, script = _style(), Html(_asset("page.js"))
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    about = f" · {answer.scope.tool}" if answer.scope.tool else ""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"Forewarn report{about}"),
        Html(f"<style>{style}</style>"),
    )
    decided = answer.totals.decisions
    body = tag(
        "body",
        _header(answer),
        tag("main", *(_sections(answer) if decided else _nothing(answer))),
        _footer(answer),
        Html('<div id="hint" role="status" hidden></div>'),
        Html(f"<script>{script}</script>"),
    )
    return f'<!doctype html>\n<html lang="en">{head}\n{body}</html>\n'


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
    totals, rates, number = answer.totals, answer.rates, blocks.number
    known = totals.failed + totals.worked
    spent = f"{percent(answer.budget.spent, 2)} spent" if answer.budget.HasField("spent") else "nothing spent yet"
    shown = [
        ("calls decided", number(totals.decisions), f"{number(known)} with a known outcome"),
        ("failed", number(totals.failed), f"{percent(totals.failed / known if known else None)} of known outcomes"),
        ("would be prevented", number(totals.would_prevent), f"{number(totals.prevented)} really were"),
        ("recall", *_share(rates.recall, 1, "of failures")),
        ("false prevention", *_share(rates.false_prevention_rate, 2, "of working calls")),
        ("budget", percent(answer.budget.budget, 1), f"of working calls; {spent}"),
    ]
    tiles = (
        tag("div", tag("dt", name), tag("dd", tag("strong", value), tag("span", _unbroken(more))))
        for name, value, more in shown
    )
    return tag("dl", *tiles, class_="tiles")


def _unbroken(said: str) -> str:
    """A range and its unit stay on one line."""
    return said.replace(" %", "\N{NO-BREAK SPACE}%").replace("–", "\N{WORD JOINER}–\N{WORD JOINER}")


def _share(value: admin_pb2.ReportShare, digits: int, of: str) -> tuple[str, str]:
    if not value.HasField("value"):
        return "–", of
    low, high = value.interval.low * 100, value.interval.high * 100
    return percent(value.value, digits), f"{of}; {low:.{digits}f}–{high:.{digits}f} %"


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
    error = blocks.optional(answer.calibration, "expected_error")
    reliability = _section(
        "reliability",
        "Is p_fail what it says?",
        f"Calibration error (ECE, 10 bins): {error}",
        _figure(known, lambda: charts.reliability(answer)),
        _READ_RELIABILITY,
        blocks.reliability(answer),
    )
    curve = _section(
        "curve",
        "How well does it rank?",
        f"Recall at 1 % false prevention: {blocks.recall_at_one(answer)}",
        _figure(bool(answer.curve.points), lambda: charts.curve(answer)),
        _READ_CURVE,
        blocks.curve(answer),
    )
    times = join(
        _key({**charts.CALLS, **charts.ENDS}),
        _figure(bool(answer.buckets), lambda: charts.timeline(answer, charts.WIDE), "chart wide"),
        _figure(bool(answer.buckets), lambda: charts.timeline(answer, charts.WIDTH), "chart narrow"),
    )
    return [
        tag("div", reliability, curve, class_="pair"),
        _section("time", "Over time", f"Each bar: {blocks.width(answer)}", times, "", blocks.buckets(answer)),
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
            _key(charts.ENDS),
            _figure(led, lambda: charts.leaders(answer.detectors)),
        ),
        tag(
            "div",
            tag("h3", "How it pushes"),
            _key(charts.PUSHES),
            _figure(pushed, lambda: charts.pushes(answer.detectors)),
        ),
        class_="pair inner",
    )
    return tag(
        "section",
        tag("h2", "What each detector contributed", id="detectors"),
        tag("p", _READ_DETECTORS, class_="read"),
        drawn,
        _table(blocks.detectors(answer), "What each detector contributed"),
        aria_labelledby="detectors",
    )


def _tools(answer: admin_pb2.GetReportResponse) -> Html:
    led = any(one.would_prevent for one in answer.tools)
    quiet = blocks.quiet_tools(answer)
    about = f"{blocks.number(len(quiet.rows))} tools of which nothing was prevented"
    return tag(
        "section",
        tag("h2", "What was prevented, by tool", id="tools"),
        tag("p", "Right: the call was made all the same, and failed. Wrong: it worked.", class_="read"),
        _prevented(answer) if led else _figure(False, lambda: ""),
        tag("details", tag("summary", about), _table(quiet, about), class_="numbers") if quiet.rows else "",
        tag("p", blocks.left_out(answer), class_="read") if answer.tools_left_out else "",
        aria_labelledby="tools",
    )


def _prevented(answer: admin_pb2.GetReportResponse) -> Html:
    drawn = tag(
        "div", tag("h3", "How often it was right"), _key(charts.ENDS), _figure(True, lambda: charts.tools(answer.tools))
    )
    return join(
        tag("div", drawn, tag("div", *_examples(answer.tools)), class_="pair inner"),
        _table(blocks.tools(answer), "What was prevented, by tool"),
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
        lists.append(_table(table, title))
    cut = f" Only {blocks.number(answer.patterns.examined)} patterns were looked at." if answer.patterns.cut else ""
    return tag(
        "section",
        tag("h2", "Patterns worth a look", id="patterns"),
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
            f"Made {moment(answer.scope.time)} by forewarn report from {blocks.number(answer.scope.examined)} logged "
            "decisions. Arguments and errors are as the store keeps them, with secrets redacted; whoever has this file "
            "can read them. It loads nothing and sends nothing.",
        ),
    )


def _section(name: str, title: str, key: str, drawn: Html, read: str, table: blocks.Table) -> Html:
    return tag(
        "section",
        tag("h2", title, id=name),
        tag("p", key, class_="key"),
        drawn,
        tag("p", read, class_="read") if read else "",
        tag("details", tag("summary", "As a table"), _table(table, title), class_="numbers"),
        aria_labelledby=name,
    )


def _key(kinds: Mapping[str, str]) -> Html:
    """What the colours of a chart stand for."""
    return tag("ul", *(tag("li", tag("i", class_=f"ink {ink}"), said) for ink, said in kinds.items()), class_="legend")


def _figure(drawn: bool, draw: Callable[[], str], kind: str = "chart") -> Html:
    if not drawn:
        return tag("p", "Nothing to draw yet.", class_=f"{kind} none")
    return tag("div", Html(draw()), class_=kind)


def _table(table: blocks.Table, about: str) -> Html:
    if not table.rows:
        return tag("p", f"{table.none[:1].upper()}{table.none[1:]}.", class_="muted")
    numeric = [name.startswith(">") for name in table.columns]
    heads = (
        tag("th", tag("button", name.lstrip(">"), type="button"), scope="col", class_="n" if right else "")
        for name, right in zip(table.columns, numeric, strict=True)
    )
    rows = (
        tag(
            "tr",
            *(
                tag("td", tag("code", cell, class_="id") if name == "id" else cell, class_="n" if right else "")
                for name, cell, right in zip(table.columns, row, numeric, strict=True)
            ),
        )
        for row in table.rows
    )
    inside = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows))
    return tag("div", inside, class_="scroll", role="region", aria_label=about, tabindex="0")


def _style() -> Html:
    dark = f":root {{ {palette.variables('dark')} }}\n{palette.dark_rules()}"
    light = f":root {{ {palette.variables('light')} }}"
    return Html(f"{light}\n{_asset('page.css')}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n")


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _hash(of: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(of.encode()).digest()).decode()}"

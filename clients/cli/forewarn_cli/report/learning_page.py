"""The report on learning as one HTML file that loads nothing."""

from __future__ import annotations

from typing import Final

from forewarn.v1 import suggestion_pb2
from forewarn_cli.report import learning_blocks as blocks
from forewarn_cli.report import learning_charts as charts
from forewarn_cli.report.blocks import Table, number
from forewarn_cli.report.markup import Html, tag
from forewarn_cli.report.parts import document, figure, key, numbers, section, tiles
from forewarn_cli.wording import moment, percent

_BADGES: Final = {
    suggestion_pb2.LEARNING_VERDICT_MET: "badge right",
    suggestion_pb2.LEARNING_VERDICT_NOT_MET: "badge wrong",
}
_READ_CALIBRATION: Final = (
    "Each point is the decided suggestions of one bin of confidence. On the dashed line, what was said came true: of "
    "suggestions with 80 %, 80 % were taken. Rules are 95 % intervals."
)
_READ_TIMES: Final = (
    "What suggestions add is the difference of the first two lines (p99): what callers waited, and what they waited "
    "when nothing of suggestions ran beside them. Since the daemon\N{RIGHT SINGLE QUOTATION MARK}s start."
)


def render(answer: blocks.Answer) -> str:
    """The whole document."""
    header = tag(
        "header",
        tag("p", "Forewarn report on learning", class_="brand"),
        tag("h1", blocks.headline(answer)),
        tag("p", blocks.note(), class_="scope"),
        _tiles(answer),
    )
    footer = tag(
        "footer",
        tag("p", f"Made {moment(answer.time)} by forewarn report --learning. It loads nothing and sends nothing."),
    )
    return document("Forewarn report on learning", header, tag("main", *_sections(answer)), footer)


def _tiles(answer: blocks.Answer) -> Html:
    rate = answer.acceptance_rate
    decided = f"of {number(rate.out_of)} decided; {rate.low * 100:.0f}–{rate.high * 100:.0f} %" if rate.out_of else ""
    generated = sum(one.generated for one in answer.months)
    return tiles(
        [
            ("suggestions", number(generated), "made in the months below"),
            ("accepted", percent(rate.value, 0) if rate.out_of else "–", decided or "nobody decided yet"),
            ("patterns made", number(len(answer.adoption)), "and in use"),
            ("calibration error", blocks.error(answer), "of confidence"),
        ]
    )


def _sections(answer: blocks.Answer) -> list[Html]:
    decided = any(one.decided for one in answer.calibration)
    fates = any(
        one.approved + one.modified + one.rejected + one.reverted + one.dismissed + one.lapsed for one in answer.months
    )
    calibration = section(
        "calibration",
        "Is confidence what it says?",
        f"Calibration error (10 bins): {blocks.error(answer)}",
        figure(decided, lambda: charts.calibration(answer)),
        _READ_CALIBRATION,
        blocks.calibration(answer),
    )
    months = section(
        "months",
        "What became of suggestions",
        "By month",
        Html(key(charts.FATES) + figure(fates, lambda: charts.months(answer))),
        "",
        blocks.months(answer),
    )
    return [
        _criteria(answer),
        tag("div", calibration, months, class_="pair"),
        _listed("acceptance", "Accepted, by type", "", blocks.acceptance(answer)),
        _listed("adoption", "What came of suggestions, and its use", "", blocks.adoption(answer)),
        _listed("times", "How long it takes", _READ_TIMES, blocks.times(answer)),
    ]


def _criteria(answer: blocks.Answer) -> Html:
    rows = (
        tag(
            "tr",
            tag("td", asked),
            tag("td", measured, class_="n"),
            tag("td", on, class_="n"),
            tag("td", tag("span", said, class_=_BADGES.get(one.verdict, "badge"))),
        )
        for one, (asked, measured, on, said) in zip(answer.criteria, blocks.criteria(answer).rows, strict=True)
    )
    heads = (
        tag("th", tag("button", name, type="button"), scope="col", class_=kind)
        for name, kind in (("asked", ""), ("measured", "n"), ("on", "n"), ("verdict", ""))
    )
    inside = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows))
    title = "Success criteria"
    return tag(
        "section",
        tag("h2", title, id="criteria"),
        tag("div", inside, class_="scroll", role="region", aria_label=title, tabindex="0"),
        aria_labelledby="criteria",
    )


def _listed(name: str, title: str, read: str, table: Table) -> Html:
    return tag(
        "section",
        tag("h2", title, id=name),
        tag("p", read, class_="read") if read else "",
        numbers(table, title),
        aria_labelledby=name,
    )

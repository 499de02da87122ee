"""The report's charts by detector and by tool: horizontal bars and points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from forewarn.v1 import admin_pb2
from forewarn_cli.report import blocks
from forewarn_cli.report.charts import COUNTS, ENDS, PUSHES, stacked
from forewarn_cli.report.palette import light
from forewarn_cli.report.svg import WIDTH, Spec, draw
from forewarn_cli.wording import clean, one_line

_MOST_BARS: Final = 12
_LONGEST_NAME: Final = 24
#: Height of a bar with its gap, and what a letter may be wide.
_STEP: Final = 26
_LETTER: Final = 7.4


def leaders(found: Iterable[admin_pb2.ReportDetector]) -> str:
    """Preventions by the detector that led them, by whether they were right."""
    rows: list[Spec] = []
    names: list[str] = []
    for one in found:
        if one.led and len(names) < _MOST_BARS:
            names.append(_short(one.code, names))
            counts = {"right": one.right, "wrong": one.wrong, "open": one.led - one.right - one.wrong}
            rows += stacked(names[-1], {"who": names[-1]}, counts, ENDS)
    x: Spec = {"title": "preventions", "axis": {"tickCount": 5, **COUNTS}}
    return draw(_bars(rows, names, x), "Preventions by the detector that led them: right, wrong, no outcome")


def tools(found: Iterable[admin_pb2.ReportTool]) -> str:
    """How often preventions of each tool were right, with how many there were."""
    rows: list[Spec] = []
    names: list[str] = []
    totals: list[Spec] = []
    for one in found:
        if one.would_prevent and len(names) < _MOST_BARS:
            names.append(_short(one.tool, names))
            totals.append({"who": names[-1], "high": 1, "text": blocks.number(one.would_prevent)})
            counts = {"right": one.right, "wrong": one.wrong, "open": one.would_prevent - one.right - one.wrong}
            rows += stacked(names[-1], {"who": names[-1]}, counts, ENDS, whole=one.would_prevent)
    x: Spec = {
        "title": "share of preventions; how many there were",
        "scale": {"domain": [0, 1]},
        "axis": {"values": [0, 0.5, 1], "format": ".0%"},
    }
    bars = _bars(rows, names, x)
    text: Spec = {
        "data": {"values": totals},
        "mark": {"type": "text", "align": "left", "dx": 6, "color": light("muted"), "aria": False},
        "encoding": {"y": _by_name(names), "x": {"field": "high", "type": "quantitative"}, "text": {"field": "text"}},
    }
    layers = [{key: bars.pop(key) for key in ("data", "mark", "encoding")}, text]
    return draw({**bars, "layer": layers}, "Share of each tool's preventions that were right, wrong or have no outcome")


def pushes(found: Sequence[admin_pb2.ReportDetector]) -> str:
    """What a detector adds to the log-odds on average, where the call then failed and where it worked."""
    rows: list[Spec] = []
    names: list[str] = []
    for one in found[:_MOST_BARS]:
        ends = (("failed", one.contribution_failed, one.spoke_failed),
                ("accent", one.contribution_worked, one.spoke_worked))  # fmt: skip
        names.append(_short(one.code, names))
        for ink, total, count in ends:
            if count:
                about = f"{names[-1]}: {total / count:+.2f} on average over {blocks.number(count)}, {PUSHES[ink]}"
                rows.append({"who": names[-1], "ink": light(ink), "push": total / count, "about": about})
    y, x = _by_name(names), {"field": "push", "type": "quantitative"}
    layers = [
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "color": light("line"), "aria": False},
            "encoding": {"x": {"field": "zero", "type": "quantitative"}},
        },
        {
            "mark": {"type": "line", "color": light("line"), "aria": False},
            "encoding": {"y": y, "x": x, "detail": {"field": "who", "type": "nominal"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
            "encoding": {
                "y": y,
                "x": {
                    **x,
                    "title": "mean log-odds of failure added",
                    "axis": {"tickCount": 6},
                    "scale": {"padding": 12},
                },
                "color": {"field": "ink", "type": "nominal", "scale": None, "legend": None},
                "description": {"field": "about", "type": "nominal"},
            },
        },
    ]
    return draw(
        {"width": _beside(names), "height": {"step": _STEP}, "data": {"values": rows}, "layer": layers},
        "Mean contribution of each detector, for calls that failed and for calls that worked",
    )


def _bars(rows: Sequence[Spec], names: Sequence[str], x: Spec) -> Spec:
    """Horizontal bars of stacked parts."""
    return {
        "width": _beside(names),
        "height": {"step": _STEP},
        "data": {"values": rows},
        "mark": {"type": "bar", "height": {"band": 0.68}},
        "encoding": {
            "y": _by_name(names),
            "x": {"field": "low", "type": "quantitative", **x},
            "x2": {"field": "high"},
            "color": {"field": "ink", "type": "nominal", "scale": None, "legend": None},
            "description": {"field": "about", "type": "nominal"},
        },
    }


def _by_name(names: Sequence[str]) -> Spec:
    # The page's font may be wider than the one that text is measured with here: leave room for it.
    axis = {"minExtent": _extent(names), "labelLimit": 300}
    return {"field": "who", "type": "nominal", "sort": list(names), "title": None, "axis": axis}


def _extent(names: Sequence[str]) -> int:
    return round(max(map(len, names), default=0) * _LETTER) + 8


def _beside(names: Sequence[str]) -> int:
    return max(160, WIDTH + 40 - _extent(names))


def _short(name: str, taken: Sequence[str]) -> str:
    """A name that fits beside a bar and is not among those ``taken``: bars of one name would be one bar.

    Its beginning and its end, since tools of one server begin alike; then a number, if that is not enough.
    """
    name = one_line(clean(name))
    short, number = _cut(name, _LONGEST_NAME), 1
    while short in taken:
        number += 1
        short = f"{_cut(name, _LONGEST_NAME - len(str(number)) - 1)} {number}"
    return short


def _cut(name: str, limit: int) -> str:
    head = limit // 2
    return name if len(name) <= limit else f"{name[:head]}…{name[head + 1 - limit :]}"

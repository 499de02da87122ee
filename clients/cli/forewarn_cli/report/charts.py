"""The report's charts of all decisions: reliability, the curve, over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from forewarn.v1 import admin_pb2
from forewarn_cli.report import blocks
from forewarn_cli.report.palette import light
from forewarn_cli.report.svg import WIDTH, Spec, draw
from forewarn_cli.wording import counted, moment, percent

#: Points drawn of a curve; nearer ones than this share of either axis are left out.
_NEAR: Final = 0.002

_MARGIN: Final = 46
COUNTS: Final = {"format": ",d", "tickMinStep": 1}

#: What colours stand for, by their names in the palette.
CALLS: Final = {"failed": "call failed", "worked": "call worked"}
ENDS: Final = {"right": "right: prevented, failed", "wrong": "wrong: prevented, worked", "open": "no outcome"}
PUSHES: Final = {"failed": "call failed", "accent": "call worked"}


def reliability(answer: admin_pb2.GetReportResponse) -> str:
    """Said against came true, with how many calls stand behind each point."""
    rows = [
        {
            "low": one.low,
            "high": one.high,
            "middle": (one.low + one.high) / 2,
            "said": one.mean_p_fail,
            "failed": one.failed.value,
            "least": one.failed.interval.low,
            "most": one.failed.interval.high,
            "calls": one.calls,
            "about": f"{counted(one.calls, 'call')}: said {percent(one.mean_p_fail)}, "
            f"failed {blocks.share(one.failed)}",
        }
        for one in answer.calibration.bins
        if one.calls
    ]
    data = {"values": rows}
    x = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    about = {"field": "about", "type": "nominal"}
    percents = {"format": ".0%", "tickCount": 5}
    points: Spec = {
        "width": WIDTH,
        "height": 250,
        "layer": [
            {
                "data": {"values": [{"a": 0}, {"a": 1}]},
                "mark": {"type": "line", "color": light("line"), "strokeDash": [4, 4], "aria": False},
                "encoding": {"x": {"field": "a", **x}, "y": {"field": "a", "type": "quantitative"}},
            },
            {
                "data": data,
                "mark": {"type": "rule", "color": light("accent"), "strokeWidth": 1.5, "aria": False},
                "encoding": {
                    "x": {"field": "said", **x},
                    "y": {"field": "least", "type": "quantitative"},
                    "y2": {"field": "most"},
                },
            },
            {
                "data": data,
                "mark": {"type": "point", "filled": True, "size": 60, "color": light("accent"), "opacity": 1},
                "encoding": {
                    "x": {"field": "said", "title": None, "axis": {**percents, "labels": False}, **x},
                    "y": {
                        "field": "failed",
                        "type": "quantitative",
                        "title": "failed",
                        "scale": {"domain": [0, 1]},
                        "axis": {**percents, "minExtent": _MARGIN},
                    },
                    "description": about,
                },
            },
        ],
    }
    counts: Spec = {
        "width": WIDTH,
        "height": 56,
        "data": data,
        "mark": {"type": "bar", "color": light("worked"), "binSpacing": 2},
        "encoding": {
            "x": {"field": "low", "title": "p_fail, as said before the call", "axis": percents, "bin": "binned", **x},
            "x2": {"field": "high"},
            "y": {
                "field": "calls",
                "type": "quantitative",
                "title": "calls (√)",
                "scale": {"type": "sqrt", "nice": False},
                "axis": {"tickCount": 2, "minExtent": _MARGIN, **COUNTS},
            },
            "description": about,
        },
    }
    error = blocks.optional(answer.calibration, "expected_error")
    return draw(
        {"vconcat": [points, counts], "spacing": 8},
        f"Reliability diagram: share that failed against p_fail in ten bins; calibration error {error}",
    )


def curve(answer: admin_pb2.GetReportResponse) -> str:
    """Recall against false-prevention rate, with the point at which decisions were made."""
    rates = answer.rates
    line = [
        {
            "rate": one.false_prevention_rate,
            "recall": one.recall,
            "about": f"from p_fail {one.p_fail:.3f}: recall {percent(one.recall)}, "
            f"false prevention {percent(one.false_prevention_rate, 2)}",
        }
        for one in _thinned(answer.curve.points)
    ]
    x: Spec = {
        "field": "rate",
        "type": "quantitative",
        "scale": {"type": "pow", "exponent": 0.5, "domain": [0, 1], "nice": False},
    }
    x_axis = {"values": [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1], "format": ".0%", "labelOverlap": False, "labelFlush": False}
    y: Spec = {"field": "recall", "type": "quantitative", "scale": {"domain": [0, 1]}}
    about = {"field": "about", "type": "nominal"}
    layers: list[Spec] = [
        {
            "data": {"values": line},
            "mark": {"type": "line", "color": light("accent"), "strokeWidth": 2, "aria": False},
            "encoding": {
                "x": {**x, "title": "false-prevention rate (square-root scale)", "axis": x_axis},
                "y": {**y, "title": "recall", "axis": {"format": ".0%", "tickCount": 5}},
            },
        },
        {
            "data": {"values": line},
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 0},
            "encoding": {"x": x, "y": y, "description": about},
        },
        {
            "data": {"values": [{"rate": 0.01, "text": "1 %"}]},
            "mark": {"type": "rule", "color": light("muted"), "strokeDash": [4, 3], "aria": False},
            "encoding": {"x": x},
        },
    ]
    said = f"at 1 % false prevention the ranking finds {blocks.recall_at_one(answer)} of failures"
    if rates.recall.HasField("value") and rates.false_prevention_rate.HasField("value"):
        at = [
            {
                "rate": rates.false_prevention_rate.value,
                "recall": rates.recall.value,
                "text": "as decided",
                "about": f"as decided: recall {blocks.share(rates.recall)}, "
                f"false prevention {blocks.share(rates.false_prevention_rate, 2)}",
            }
        ]
        layers += [
            {
                "data": {"values": at},
                "mark": {"type": "point", "filled": True, "size": 130, "opacity": 1, "color": light("failed"),
                         "shape": "diamond"},
                "encoding": {"x": x, "y": y, "description": about},
            },
            {
                "data": {"values": at},
                "mark": {"type": "text", "align": "left", "dx": 12, "dy": 12, "color": light("failed"),
                         "fontWeight": 600, "aria": False},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}},
            },
        ]  # fmt: skip
        said += f"; as decided, recall {percent(rates.recall.value)}"
    return draw(
        {"width": WIDTH, "height": 330, "layer": layers}, f"Curve of recall against false-prevention rate: {said}"
    )


def timeline(answer: admin_pb2.GetReportResponse, width: int) -> str:
    """Calls by how they ended, and preventions by whether they were right, over time."""
    calls: list[Spec] = []
    preventions: list[Spec] = []
    length = answer.bucket_width.seconds
    for one in answer.buckets:
        span = {"from": one.start_time.seconds * 1000, "to": (one.start_time.seconds + length) * 1000}
        when = moment(one.start_time)
        unknown = one.decisions - one.failed - one.worked
        calls += stacked(when, span, {"failed": one.failed, "worked": one.worked, "open": unknown}, {**CALLS, **ENDS})
        unknown = one.would_prevent - one.right - one.wrong
        preventions += stacked(when, span, {"right": one.right, "wrong": one.wrong, "open": unknown}, ENDS)
    domain = [answer.buckets[0].start_time.seconds * 1000, (answer.buckets[-1].start_time.seconds + length) * 1000]
    gap = {"stroke": light("ground"), "strokeWidth": 0.5} if len(answer.buckets) < width / 5 else {}
    panels = [
        {
            "width": width,
            "height": height,
            "data": {"values": rows},
            "mark": {"type": "rect", **gap},
            "encoding": {
                "x": {
                    "field": "from",
                    "type": "temporal",
                    "title": None if name == "calls" else "UTC",
                    "scale": {"type": "utc", "domain": domain, "nice": False},
                    "axis": {
                        "format": _clock(answer),
                        "labelOverlap": True,
                        "tickCount": max(3, width // 120),
                        "labels": name != "calls",
                    },
                },
                "x2": {"field": "to"},
                "y": {
                    "field": "low",
                    "type": "quantitative",
                    "title": name,
                    "scale": {"zero": True},
                    "axis": {"tickCount": 4, "minExtent": _MARGIN, **COUNTS},
                },
                "y2": {"field": "high"},
                "color": {"field": "ink", "type": "nominal", "scale": None, "legend": None},
                "description": {"field": "about", "type": "nominal"},
            },
        }
        for name, rows, height in (("calls", calls, 120), ("preventions", preventions, 100))
    ]
    return draw({"vconcat": panels, "spacing": 12}, f"Calls and preventions over time, by {blocks.width(answer)}")


def stacked(who: str, row: Spec, counts: Mapping[str, int], kinds: Mapping[str, str], whole: int = 1) -> Iterator[Spec]:
    """Parts on top of each other, in units of ``whole``; those that are empty are left out."""
    low = 0
    for ink, count in counts.items():
        if count:
            about = f"{who}: {blocks.number(count)} {kinds[ink]}"
            yield {**row, "low": low / whole, "high": (low + count) / whole, "ink": light(ink), "about": about}
        low += count


def _clock(answer: admin_pb2.GetReportResponse) -> str:
    """How times are written under bars: dates where the bars cover days, seconds where they are that short."""
    span = answer.buckets[-1].start_time.seconds - answer.buckets[0].start_time.seconds
    if answer.bucket_width.seconds >= 86_400:
        return "%-d %b"
    if span >= 86_400:
        return "%-d %b %H:%M"
    return "%H:%M" if span >= 600 else "%H:%M:%S"


def _thinned(points: Sequence[admin_pb2.ReportPoint]) -> list[admin_pb2.ReportPoint]:
    """The curve without points that could not be told from the one before."""
    kept = list(points[:1])
    for one in points[1:-1]:
        moved = max(
            one.recall - kept[-1].recall, one.false_prevention_rate**0.5 - kept[-1].false_prevention_rate ** 0.5
        )
        if moved >= _NEAR * 2:
            kept.append(one)
    return [*kept, *points[1:][-1:]]

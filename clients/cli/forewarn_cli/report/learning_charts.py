"""The charts of the report on learning."""

from __future__ import annotations

from typing import Final

from forewarn_cli.report import learning_blocks as blocks
from forewarn_cli.report.palette import light
from forewarn_cli.report.svg import WIDTH, Spec, draw
from forewarn_cli.wording import percent

#: What colours stand for, by their names in the palette.
FATES: Final = {"right": "approved or modified", "wrong": "rejected or reverted", "open": "dismissed or lapsed"}
_HEIGHT: Final = 230


def calibration(answer: blocks.Answer) -> str:
    """Confidence against the share that was taken."""
    rows = [
        {
            "said": one.mean_confidence,
            "taken": one.taken.value,
            "low": one.taken.low,
            "high": one.taken.high,
            "about": f"{one.decided} decided: said {percent(one.mean_confidence)}, taken {blocks.share(one.taken)}",
        }
        for one in answer.calibration
        if one.decided
    ]
    x: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    percents = {"format": ".0%", "tickCount": 5}
    y: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    layers = [
        {
            "data": {"values": [{"a": 0}, {"a": 1}]},
            "mark": {"type": "line", "color": light("line"), "strokeDash": [4, 4], "aria": False},
            "encoding": {"x": {"field": "a", **x}, "y": {"field": "a", **y}},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "rule", "color": light("accent"), "strokeWidth": 1.5, "aria": False},
            "encoding": {"x": {"field": "said", **x}, "y": {"field": "low", **y}, "y2": {"field": "high"}},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "point", "filled": True, "size": 70, "color": light("accent"), "opacity": 1},
            "encoding": {
                "x": {"field": "said", "title": "confidence, as said", "axis": percents, **x},
                "y": {"field": "taken", "title": "taken", "axis": percents, **y},
                "description": {"field": "about", "type": "nominal"},
            },
        },
    ]
    said = f"Share of suggestions that were taken against confidence; calibration error {blocks.error(answer)}"
    return draw({"width": WIDTH, "height": _HEIGHT, "layer": layers}, said)


def months(answer: blocks.Answer) -> str:
    """What became of suggestions in each month."""
    rows = []
    for one in answer.months:
        name = blocks.month(one)
        counts = {"right": one.approved + one.modified, "wrong": one.rejected + one.reverted,
                  "open": one.dismissed + one.lapsed}  # fmt: skip
        low = 0
        for ink, count in counts.items():
            if count:
                about = f"{name}: {count} {FATES[ink]}"
                rows.append({"month": name, "low": low, "high": low + count, "ink": light(ink), "about": about})
            low += count
    spec: Spec = {
        "width": WIDTH,
        "height": _HEIGHT,
        "data": {"values": rows},
        "mark": {"type": "bar", "width": {"band": 0.7}},
        "encoding": {
            "x": {"field": "month", "type": "nominal", "title": None, "sort": [blocks.month(m) for m in answer.months],
                  "axis": {"labelAngle": -40, "labelOverlap": True}},
            "y": {"field": "low", "type": "quantitative", "title": "suggestions", "axis": {"tickMinStep": 1}},
            "y2": {"field": "high"},
            "color": {"field": "ink", "type": "nominal", "scale": None, "legend": None},
            "description": {"field": "about", "type": "nominal"},
        },
    }  # fmt: skip
    return draw(spec, "What became of suggestions, by month: taken, refused, left")

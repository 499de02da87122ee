"""Charts as plain SVG, drawn by Vega-Lite when a page is written, so that a page carries no chart code."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

from forewarn_cli.faults import UsageFault
from forewarn_cli.report.palette import light
from forewarn_cli.wording import clean

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_VERSION: Final = "5.21"
WIDTH: Final = 400
WIDE: Final = 1000
Spec = dict[str, Any]


def require() -> None:
    """A UsageFault where the extra that draws is not installed."""
    if find_spec("vl_convert") is None:
        raise UsageFault("--html needs the extra `report`: pip install 'forewarn[report]'")


def draw(spec: Spec, description: str) -> str:
    """The chart as one SVG element. It reads nothing from elsewhere: all data is in ``spec``."""
    import vl_convert

    whole = {"$schema": _SCHEMA, "config": _config(), "background": None, "padding": 4, **spec}
    drawn: str = vl_convert.vegalite_to_svg(
        whole, vl_version=_VERSION, allowed_base_urls=[], show_warnings=False, format_locale=None
    )
    head = f'<svg role="img" aria-label="{_attribute(description)}" '
    return drawn.replace("<svg ", head, 1)


def _attribute(text: str) -> str:
    from html import escape

    return escape(clean(text))


def _config() -> Spec:
    words = {"labelColor": light("muted"), "titleColor": light("muted"), "labelFontSize": 12, "titleFontSize": 12}
    return {
        "font": "sans-serif",
        "view": {"stroke": None},
        "axis": {
            **words,
            "titleFontWeight": 400,
            "gridColor": light("grid"),
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
            "titlePadding": 8,
        },
        "axisX": {"grid": False, "domain": True, "domainColor": light("line")},
        "text": {"fontSize": 12},
    }

"""The colours of the report's charts. They are drawn in the light ones, which a style sheet makes dark.

Worked and failed, right and wrong differ in lightness as well as in hue, so that they can be told apart without colour
vision and on paper.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Ink(NamedTuple):
    """A colour on a light ground, and its counterpart on a dark one."""

    light: str
    dark: str


INKS: Final[dict[str, Ink]] = {
    "text": Ink("#1d2633", "#e6ebf2"),
    "muted": Ink("#5a6676", "#9aa7b8"),
    "grid": Ink("#e4e8ee", "#2b3442"),
    "line": Ink("#b9c2ce", "#4a5668"),
    "accent": Ink("#2f55c8", "#8aa8ff"),
    "worked": Ink("#a9c3ec", "#3e5f96"),
    "failed": Ink("#d4572b", "#ef8357"),
    "right": Ink("#168070", "#3fc0a8"),
    "wrong": Ink("#c3246e", "#ff74ae"),
    "open": Ink("#c9d0d9", "#566275"),
    "ground": Ink("#ffffff", "#171d27"),
}


def light(name: str) -> str:
    """A colour by what it stands for."""
    return INKS[name].light


def dark_rules() -> str:
    """CSS that turns what is drawn in light colours dark."""
    return "\n".join(
        f'svg [{side}="{ink.light}"] {{ {side}: {ink.dark} }}' for ink in INKS.values() for side in ("fill", "stroke")
    )


def variables(side: str) -> str:
    """CSS custom properties of one side: "light" or "dark"."""
    return " ".join(f"--{name}: {getattr(ink, side)};" for name, ink in INKS.items())

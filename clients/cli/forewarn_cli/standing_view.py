"""How false prevention stands, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forewarn_cli.screen import Cell, Styled

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2, model_pb2


def standing(found: admin_pb2.FalsePrevention) -> list[tuple[str, Cell]]:
    """Pairs for a screen: the share of good calls that is prevented, against what may be, and what is known of it."""
    from forewarn_cli.wording import counted, percent

    if not found.observed:
        return []  # no call that was to be prevented was made: nothing is known
    # Over the budget for certain is bad news; that an estimate is above it may be chance.
    style = "bold red" if found.interval.low > found.budget else ""
    told = f"{percent(found.estimate, 2)}{_range(found.interval)} of good calls, of {percent(found.budget, 2)} allowed"
    made = f"{counted(found.observed, 'call')} to be prevented {'was' if found.observed == 1 else 'were'} made"
    rests = f"{made}, {found.prevented} not; {counted(found.passed, 'other')} succeeded"
    return [
        ("wrongly prevented", Styled(told, style)),
        ("known from", rests),
        ("not known of", f"{found.unobservable} prevented without a lot" if found.unobservable else ""),
    ]


def in_brief(found: admin_pb2.FalsePrevention) -> str:
    """As in "0.8 % (0.2–3.1 %)"; nothing where none is known."""
    from forewarn_cli.wording import percent

    if not found.observed:
        return ""
    return f"{percent(found.estimate)}{_range(found.interval)}"


def _range(interval: model_pb2.Interval) -> str:
    return f" ({interval.low * 100:.1f}–{interval.high * 100:.1f} %)"

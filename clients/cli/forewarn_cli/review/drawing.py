"""Suggestions as text for the screen. Whatever a text holds is shown as it is, and does nothing.

Nothing here is markup: texts become rich's ``Text``, after what would steer a terminal was escaped. What is too long is
cut, and says so; `forewarn suggestions show` prints all of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from forewarn.v1 import suggestion_pb2
from forewarn_cli import suggestion_view
from forewarn_cli.screen import Cell, Styled
from forewarn_cli.wording import clean, counted, one_line, percent

#: Characters of a value or a line, and lines of a change, that are shown.
MOST: Final = 2_000
LINES: Final = 400
_LINE: Final = 240


def safe(text: str, style: str = "", most: int = MOST) -> Text:
    """A text of somebody's, cut."""
    left = len(text) - most
    shown = Text(clean(text if left <= 0 else text[:most]), style=style, overflow="fold")
    if left > 0:
        shown.append(f" … {counted(left, 'character')} more", style="italic")
    return shown


def row(one: suggestion_pb2.Suggestion, now: float, *, marked: bool, elsewhere: bool) -> Text:
    """Two lines of the list. ``marked``: the cursor is here; ``elsewhere``: the list would not show it any more."""
    mark, state = "▶" if marked else " ", suggestion_view.state(one.state)
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{mark} {suggestion_view.type_word(one.type)}", style="bold")
    text.append(f"  {percent(one.confidence, 0)}  ")
    text.append(state.text, style=state.style)
    text.append(f"  {age(now - one.created_at.seconds)}", style="dim")
    if elsewhere:
        text.append("  (was just decided)", style="italic")
    name = f"{one_line(one.target_id[: 2 * _LINE], _LINE)}: " if one.target_id else ""
    text.append(f"\n  {clean(name + one_line(one.reason[: 2 * _LINE], _LINE))}")
    return text


def age(seconds: float) -> str:
    """As in "3 min", "5 h", "12 d"."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return "now"


def detail(answer: suggestion_pb2.GetSuggestionResponse) -> RenderableType:
    """Everything about one."""
    one = answer.suggestion
    cases = {"workflow": len(one.evidence.workflow_ids), "call": len(one.evidence.call_ids)}
    named = " and ".join(counted(count, case) for case, count in cases.items() if count)
    behind = f"{named}: press c to look" if named else ""
    lines = suggestion_view.diff(one, answer.target if answer.HasField("target") else None)
    target = [("changes", one.target_id)] if one.target_id else []
    return Group(
        _pairs([*suggestion_view.facts(one), *target]),
        *_part("Evidence", [_pairs([*suggestion_view.evidence(one), ("behind it", behind)])]),
        *_part("Change", change(lines)),
        *_part("History", [_pairs(suggestion_view.fate(one))]),
    )


def change(lines: Sequence[str]) -> list[Text]:
    """A diff; each line begins with +, - or a blank, so that it can be read without colours."""
    shown = [safe(text, suggestion_view.DIFF_STYLES.get(text[:1], "")) for text in lines[:LINES]]
    if len(lines) > LINES:
        shown.append(Text(f"… {counted(len(lines) - LINES, 'line')} more", style="italic"))
    return shown


def _part(title: str, inside: Iterable[RenderableType]) -> list[RenderableType]:
    return [Text(), Text(title, style="bold underline"), *inside]


def _pairs(pairs: Iterable[tuple[str, Cell]]) -> Table:
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for name, cell in pairs:
        text = cell if isinstance(cell, str) else cell.text
        style = cell.style if isinstance(cell, Styled) else ""
        if text:
            grid.add_row(name, safe(text, style))
    return grid


def pairs(found: Iterable[tuple[str, Cell]]) -> RenderableType:
    """Names and values."""
    return _pairs(found)


def now() -> float:
    """Seconds since the epoch."""
    return time.time()

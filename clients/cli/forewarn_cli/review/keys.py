"""The keys of the screen: what they do, and the page that says so."""

from __future__ import annotations

from typing import Final

from rich.table import Table
from textual.binding import Binding

BINDINGS: Final = [
    Binding("j", "move('down')", "Down", show=False),
    Binding("k", "move('up')", "Up", show=False),
    Binding("g,home", "move('first')", "First", show=False),
    Binding("G,end", "move('last')", "Last", show=False),
    Binding("enter", "read", "Read", show=False),
    Binding("escape", "leave", "Back", show=False),
    Binding("a", "approve", "Approve"),
    Binding("m", "modify", "Modify"),
    Binding("r", "refuse('reject')", "Reject"),
    Binding("d", "refuse('dismiss')", "Dismiss"),
    Binding("u", "undo", "Undo"),
    Binding("c", "cases", "Cases", show=False),
    Binding("s", "next_state", "State", show=False),
    Binding("t", "next_type", "Type", show=False),
    Binding("slash", "find", "Filter", key_display="/"),
    Binding("question_mark", "help", "Help", key_display="?"),
    Binding("q", "quit", "Quit"),
]

_MEANING: Final = [
    ("j k ↓ ↑", "down, up; g and G: first, last"),
    ("Enter", "read it; there j and k scroll, Esc goes back"),
    ("a", "approve: do what is suggested"),
    ("m", "modify: change the draft in $EDITOR, and do that"),
    ("r", "reject, with a reason; it does not come back for 90 days"),
    ("d", "dismiss: not now; it does not come back for 14 days"),
    ("u", "undo: take back this decision, else the last one made here"),
    ("c", "the workflows and calls behind it"),
    ("s", "the next state: pending, any, approved, …"),
    ("t", "the next type: any, create pattern, …"),
    ("/", "filter by words; Enter keeps them, Esc shows all"),
    ("q", "quit"),
]


def page() -> Table:
    """What each key does."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for key, meaning in _MEANING:
        grid.add_row(key, meaning)
    return grid

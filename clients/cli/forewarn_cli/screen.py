"""Output for people and for programs.

On a terminal: coloured tables that fit its width (NO_COLOR is honoured). In a pipe: tab-separated tables and plain
`key: value` lines that nothing cuts. With --json: one document, or a line for each item of a stream.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from forewarn_cli.wording import clean, one_line

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from rich.console import Console, RenderableType


_GAP = 2
"""Cells between the columns of a table."""

_WORD = 40
"""A word up to this long (an id is) is not broken: where words do not fit, a table becomes blocks of pairs."""


class Styled(NamedTuple):
    """Text with a rich style."""

    text: str
    style: str


Cell = str | Styled


class Screen:
    """Stdout (or stderr), as wide and as colourful as it is."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stream = sys.stderr if stderr else sys.stdout
        self._tty = self._stream.isatty()
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """The terminal's rich console; markup and highlighting stay off, since texts come from tools."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(file=self._stream, highlight=False, markup=False, emoji=False)
        return self._console

    def line(self, *cells: Cell) -> None:
        """One paragraph."""
        if self._tty:
            from rich.text import Text

            self.console.print(Text.assemble(*(_styled(cell) for cell in cells)))
        else:
            print("".join(map(_on_one_line, cells)), file=self._stream)

    def pairs(self, pairs: Iterable[tuple[str, Cell]]) -> None:
        """Names and values; empty values are left out."""
        filled = [(name, cell) for name, cell in pairs if _plain(cell)]
        if not self._tty:
            for name, cell in filled:
                print(f"{name}: {_on_one_line(cell)}", file=self._stream)
            return
        from rich.table import Table

        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", overflow="fold")
        grid.add_column(overflow="fold")
        for name, cell in filled:
            grid.add_row(name, _rendered(cell))
        self.console.print(grid)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, none: str = "none") -> None:
        """A table; a column whose name starts with ">" is set right. `none` is said on a terminal without rows."""
        rows = list(rows)
        if not self._tty:
            print("\t".join(name.lstrip(">") for name in columns), file=self._stream)
            for row in rows:
                print("\t".join(clean(one_line(_plain(cell))) for cell in row), file=self._stream)
            return
        if not rows:
            self.line(Styled(none, "dim"))
            return
        widths = [
            min(max(_longest_word(text) for text in texts), _WORD)
            for texts in zip(columns, *([_plain(cell) for cell in row] for row in rows), strict=True)
        ]
        if self.console.width < sum(widths) + _GAP * (len(widths) - 1):
            for number, row in enumerate(rows):
                if number:
                    self.line()
                self.pairs((name.lstrip(">"), cell) for name, cell in zip(columns, row, strict=True))
            return
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, _GAP - 1, 0, 0))
        for name, width in zip(columns, widths, strict=True):
            side: Literal["left", "right"] = "right" if name.startswith(">") else "left"
            table.add_column(name.lstrip(">"), justify=side, overflow="fold", min_width=width)
        for row in rows:
            table.add_row(*(_rendered(cell) for cell in row))
        self.console.print(table)

    def flush(self) -> None:
        """What was said is said now: for streams that somebody follows."""
        self._stream.flush()

    def bar(self, amount: float, largest: float, width: int = 20) -> str:
        """A bar whose length is `amount` relative to `largest`; nothing for nothing."""
        share = min(abs(amount) / largest, 1.0) if largest else 0.0
        try:
            "█▏".encode(self._stream.encoding or "ascii")
        except UnicodeEncodeError:
            return "#" * round(share * width)
        eighths = round(share * width * 8)
        return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _longest_word(text: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, clean(text).lstrip(">").split()), default=0)


def _plain(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell


def _on_one_line(cell: Cell) -> str:
    return clean(_plain(cell)).replace("\n", "\\n")


def _styled(cell: Cell) -> tuple[str, str]:
    return (clean(cell.text), cell.style) if isinstance(cell, Styled) else (clean(cell), "")


def _rendered(cell: Cell) -> RenderableType:
    from rich.text import Text

    text, style = _styled(cell)
    return Text(text, style=style)


def as_document(message: Message) -> dict[str, Any]:
    """The message's proto JSON with the names of the .proto files; unset numbers and lists are there, as 0 and []."""
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def show_json(document: Message | dict[str, Any] | list[Any], *, line: bool = False) -> None:
    """One JSON document on stdout, or as one `line` of a stream, at once."""
    plain = document if isinstance(document, dict | list) else as_document(document)
    print(json.dumps(plain, indent=None if line else 2), flush=line)

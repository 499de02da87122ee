"""Output for people and for programs.

On a terminal: coloured tables that fit its width (NO_COLOR is honoured). In a pipe: tab-separated tables and plain
`key: value` lines that nothing cuts. With --json: one document, or a line for each item of a stream.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from forewarn_cli.wording import clean, one_line

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from rich.console import Console, RenderableType


_GAP = 2
"""Cells between the columns of a table."""

_WORTH = 0.75
"""Of the height of blocks, how much a table may have; one whose cells are wrapped so often is not easier to read."""

_WORDS = re.compile(r" *(?:\S+ (?=%)\S+|\S+)")
"""A word with the spaces before it."""

_WORD = 40
"""A word up to this long (an id is) is not broken: where words do not fit, a table becomes blocks of pairs."""


class Styled(NamedTuple):
    """Text with a rich style."""

    text: str
    style: str


class Brief(NamedTuple):
    """Text of which a terminal shows so many characters on one line; a pipe gets it whole."""

    text: str
    limit: int


Cell = str | Styled | Brief


class Screen:
    """Stdout (or stderr), as wide and as colourful as it is."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stream = sys.stderr if stderr else sys.stdout
        self._tty = self._stream.isatty()
        self._console: Console | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether somebody looks at it: a terminal is shown what fits, a pipe gets everything."""
        return self._tty

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

    def code(self, cell: Cell) -> None:
        """A line of code or of a diff: no line break is put into it."""
        if self._tty:
            self.console.print(_rendered(cell), soft_wrap=True)
        else:
            self.line(cell)

    def pairs(self, pairs: Iterable[tuple[str, Cell]]) -> None:
        """Names and values; empty values are left out."""
        filled = [(name, cell) for name, cell in pairs if _plain(cell)]
        if not self._tty:
            for name, cell in filled:
                print(f"{name}: {_on_one_line(cell)}", file=self._stream)
            return
        from rich.table import Table

        grid = Table.grid(padding=(0, _GAP))
        grid.add_column(style="dim", overflow="fold")
        grid.add_column(overflow="fold")
        room = self.console.width - max((len(name) for name, _ in filled), default=0) - _GAP
        for name, cell in filled:
            grid.add_row(name, _rendered(cell, room))
        self.console.print(grid)

    def entry(self, mark: Cell, *paragraphs: Sequence[Cell], indent: int = 7) -> None:
        """Paragraphs beside a mark: what is too long for a line goes on under the beginning of its paragraph."""
        if not self._tty:
            for number, paragraph in enumerate(paragraphs):
                self.line(" " * indent if number else f"{_plain(mark):<{indent}}", *paragraph)
            return
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid()
        grid.add_column(width=indent, no_wrap=True)
        grid.add_column(overflow="fold")
        for number, paragraph in enumerate(paragraphs):
            beside = Text.assemble(*(_styled(cell) for cell in paragraph))
            grid.add_row("" if number else _rendered(mark), beside)
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
        rows = [[one_line(*cell) if isinstance(cell, Brief) else cell for cell in row] for row in rows]
        told = [place for place in range(len(columns)) if any(_plain(row[place]) for row in rows)]
        columns, rows = [columns[place] for place in told], [[row[place] for place in told] for row in rows]
        least, most = _widths(columns, rows)
        room = self.console.width - _GAP * (len(columns) - 1)
        widths = _shared(room, least, most)
        if room < sum(least) or _height(rows, widths) > _WORTH * sum(len(_joined(columns, row)) + 1 for row in rows):
            self._blocks(columns, rows)
            return
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, _GAP - 1, 0, 0))
        for name, width in zip(columns, widths, strict=True):
            side: Literal["left", "right"] = "right" if name.startswith(">") else "left"
            table.add_column(name.lstrip(">"), justify=side, overflow="fold", width=width)
        for row in rows:
            table.add_row(*(_rendered(cell, width) for cell, width in zip(row, widths, strict=True)))
        self.console.print(table)

    def _blocks(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows that have no room as a table: each as pairs, numbers that stand side by side on one line."""
        for number, row in enumerate(rows):
            if number:
                self.line()
            joined = _joined(columns, row)
            room = self.console.width - max(len(name) for name, _ in joined) - _GAP
            self.pairs(
                (name, cells[0] if len(cells) == 1 else filled([_plain(cell) for cell in cells], room))
                for name, cells in joined
            )

    def flush(self) -> None:
        """What was said is said now: for streams that somebody follows."""
        self._stream.flush()

    def listed(self, parts: Iterable[str], mark: str = ",", indent: int = 0) -> str:
        """What is told of those parts that are not empty, one after the other; on a terminal in lines that fit."""
        told = [part for part in parts if part]
        if not self._tty:
            return f"{mark} ".join(told)
        return wrapped(filled(told, self.console.width - indent, mark), self.console.width - indent)

    def bar(self, amount: float, largest: float, width: int = 20) -> str:
        """A bar whose length is `amount` relative to `largest`; nothing for nothing."""
        share = min(abs(amount) / largest, 1.0) if largest else 0.0
        try:
            "█▏".encode(self._stream.encoding or "ascii")
        except UnicodeEncodeError:
            return "#" * round(share * width)
        eighths = round(share * width * 8)
        return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _joined(columns: Sequence[str], row: Sequence[Cell]) -> list[tuple[str, list[Cell]]]:
    """What a row says, by column; numbers that stand side by side are together, all but the first with their names."""
    told: list[tuple[str, list[Cell]]] = []
    after_a_number = False
    for name, cell in zip(columns, row, strict=True):
        if not _plain(cell):
            continue
        is_number = name.startswith(">")
        if is_number and after_a_number:
            told[-1][1].append(f"{name.lstrip('>')} {_plain(cell)}")
        else:
            told.append((name.lstrip(">"), [cell]))
        after_a_number = is_number
    return told


def filled(parts: Sequence[str], width: int, mark: str = ",") -> str:
    """Parts with a mark between them, in lines of so many cells that break after one where they can."""
    from rich.cells import cell_len

    lines: list[str] = []
    for part in parts:
        if lines and cell_len(longer := f"{lines[-1]}{mark} {part}") < width:
            lines[-1] = longer
        else:
            lines = [*lines[:-1], *(f"{line}{mark}" for line in lines[-1:]), part]
    return "\n".join(lines)


def _height(rows: Iterable[Sequence[Cell]], widths: Sequence[int]) -> int:
    """About how many lines a table has."""
    from rich.cells import cell_len

    return sum(
        max(-(-cell_len(clean(_plain(cell))) // max(width, 1)) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def _widths(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> tuple[list[int], list[int]]:
    """Of each column how wide it must be, so that no word is broken that is not long, and how wide it may be."""
    from rich.cells import cell_len

    texts = [[name.lstrip(">"), *(clean(_plain(row[place])) for row in rows)] for place, name in enumerate(columns)]
    least = [min(max(map(_longest_word, said)), _WORD) for said in texts]
    most = [max(cell_len(line) for text in said for line in text.splitlines() or [""]) for said in texts]
    return least, [max(pair) for pair in zip(least, most, strict=True)]


def _shared(room: int, least: Sequence[int], most: Sequence[int]) -> list[int]:
    """How wide columns are in this room: all up to one width, those that need less as they need, none under its least.

    So what is short stays on one line, and the longest texts are what is wrapped.
    """
    if sum(most) <= room:
        return list(most)
    low, high = 0, max(most)  # the width that all may have: the widest at which they fit
    while low < high:
        middle = (low + high + 1) // 2
        if sum(_clamped(middle, least, most)) <= room:
            low = middle
        else:
            high = middle - 1
    widths = _clamped(low, least, most)
    for place, width in enumerate(widths):  # what is left over, cell by cell
        if sum(widths) < room and width == low < most[place]:
            widths[place] += 1
    return widths


def _clamped(width: int, least: Sequence[int], most: Sequence[int]) -> list[int]:
    return [min(max(width, few), many) for few, many in zip(least, most, strict=True)]


def _longest_word(text: str) -> int:
    from rich.cells import cell_len

    return max((cell_len(word.lstrip(" ")) for line in text.splitlines() for word in _WORDS.findall(line)), default=0)


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.text


def _on_one_line(cell: Cell) -> str:
    return clean(_plain(cell)).replace("\n", "\\n")


def _styled(cell: Cell) -> tuple[str, str]:
    return clean(_plain(cell)), cell.style if isinstance(cell, Styled) else ""


def _rendered(cell: Cell, width: int = 0) -> RenderableType:
    """As rich has it; in lines of ``width``, where one is given."""
    from rich.text import Text

    text, style = _styled(cell)
    return Text(wrapped(text, width) if width > 0 else text, style=style)


def wrapped(text: str, width: int) -> str:
    """Text in lines of so many cells, where a number and its % stay together; a word that is longer is broken."""
    from rich.cells import cell_len, chop_cells

    lines: list[str] = []
    for line in text.split("\n"):
        filled = ""
        for word in _WORDS.findall(line.expandtabs()):
            if cell_len(filled + word) <= width:
                filled += word
                continue
            if filled:
                lines.append(filled)
            *whole, filled = chop_cells(word.lstrip(" ") if filled else word, width)
            lines += whole
        lines.append(filled)
    return "\n".join(lines)


def as_document(message: Message) -> dict[str, Any]:
    """The message's proto JSON with the names of the .proto files; unset numbers and lists are there, as 0 and []."""
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def show_json(document: Message | dict[str, Any] | list[Any], *, line: bool = False) -> None:
    """One JSON document on stdout, or as one `line` of a stream, at once."""
    plain = document if isinstance(document, dict | list) else as_document(document)
    print(json.dumps(plain, indent=None if line else 2), flush=line)

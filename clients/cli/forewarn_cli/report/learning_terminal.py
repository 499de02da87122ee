"""The report on learning on a terminal or in a pipe."""

from __future__ import annotations

from forewarn_cli.report import learning_blocks as blocks
from forewarn_cli.report.blocks import Table
from forewarn_cli.screen import Screen, Styled


def show(answer: blocks.Answer) -> None:
    """All blocks."""
    screen = Screen()
    screen.line(Styled(blocks.headline(answer), "bold"))
    screen.line(Styled(blocks.note(), "dim"))
    _block(screen, "Success criteria", blocks.criteria(answer))
    _block(screen, "Accepted, by type", blocks.acceptance(answer))
    _block(screen, f"Is confidence what it says? Calibration error {blocks.error(answer)}", blocks.calibration(answer))
    _block(screen, "By month", blocks.months(answer))
    _block(screen, "What came of suggestions, and its use", blocks.adoption(answer))
    _block(screen, "How long it takes", blocks.times(answer))


def _block(screen: Screen, title: str, table: Table) -> None:
    screen.line()
    screen.line(Styled(title, "bold"))
    screen.table(table.columns, table.rows, none=table.none)

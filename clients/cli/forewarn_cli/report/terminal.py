"""The report on a terminal or in a pipe."""

from __future__ import annotations

from forewarn.v1 import admin_pb2
from forewarn_cli.report import blocks
from forewarn_cli.screen import Screen, Styled

_BUCKETS = 12
_TOOLS = 20


def show(answer: admin_pb2.GetReportResponse) -> None:
    """All blocks."""
    screen = Screen()
    screen.line(Styled(blocks.verdict(answer), "bold"))
    screen.line()
    screen.pairs(blocks.summary(answer))
    for note in blocks.notes(answer):
        screen.line(Styled(note, "dim"))
    _block(screen, "Is p_fail what it says?", _reliability(screen, answer))
    _block(screen, "Recall, preventing the highest p_fail first", blocks.curve(answer))
    _block(screen, f"Over time, by {blocks.width(answer)}", _newest(blocks.buckets(answer)))
    _block(screen, "What detectors contributed", blocks.detectors(answer))
    tools = blocks.tools(answer)
    _block(screen, "What was prevented, by tool", tools._replace(rows=tools.rows[:_TOOLS]))
    if len(tools.rows) > _TOOLS:
        screen.line(Styled(f"{len(tools.rows) - _TOOLS} more tools are not shown; --json has them.", "dim"))
    quiet = len(blocks.quiet_tools(answer).rows)
    if quiet:
        screen.line(Styled(f"Of {quiet} more tools nothing was prevented; --json has them.", "dim"))
    if more := blocks.left_out(answer):
        screen.line(Styled(more, "dim"))
    for title, table in blocks.pattern_lists(answer):
        _block(screen, f"Patterns: {title[0].lower()}{title[1:]}", table)


def _block(screen: Screen, title: str, table: blocks.Table) -> None:
    screen.line()
    screen.line(Styled(title, "bold"))
    screen.table(table.columns, table.rows, none=table.none)


def _reliability(screen: Screen, answer: admin_pb2.GetReportResponse) -> blocks.Table:
    """With a bar for the share that failed."""
    table = blocks.reliability(answer)
    shown = [one for one in answer.calibration.bins if one.calls]
    rows = [[*row, screen.bar(one.failed.value, 1.0)] for row, one in zip(table.rows, shown, strict=True)]
    return blocks.Table([*table.columns, "failed"], rows, table.none)


def _newest(table: blocks.Table) -> blocks.Table:
    """The newest rows that fit without scrolling past the rest; --json has all."""
    return table._replace(rows=table.rows[-_BUCKETS:])

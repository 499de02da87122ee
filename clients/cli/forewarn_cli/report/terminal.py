"""The report on a terminal or in a pipe."""

from __future__ import annotations

from forewarn.v1 import admin_pb2
from forewarn_cli.report import blocks
from forewarn_cli.screen import Screen, Styled
from forewarn_cli.wording import counted

_BUCKETS = 12
_TOOLS = 20


def show(answer: admin_pb2.GetReportResponse) -> None:
    """All blocks: a terminal is shown the beginning of long ones and how much more there is, a pipe gets them whole."""
    screen = Screen()
    screen.line(Styled(blocks.verdict(answer), "bold"))
    screen.line()
    screen.pairs(blocks.summary(answer))
    for note in blocks.notes(answer):
        screen.line(Styled(note, "dim"))
    if answer.totals.decisions:
        _decided(screen, answer)
    if answer.totals.decisions or any(table.rows for _, table in blocks.pattern_lists(answer)):
        _title(screen, blocks.PATTERNS)
        for title, table in blocks.pattern_lists(answer):
            screen.line()
            screen.line(Styled(title, "bold"))
            screen.table(table.columns, table.rows, none=table.none)


def _decided(screen: Screen, answer: admin_pb2.GetReportResponse) -> None:
    """What there is to say where decisions were made in the period."""
    _block(screen, blocks.RELIABILITY, _reliability(screen, answer), blocks.reliability_key(answer))
    _block(screen, blocks.CURVE, blocks.curve(answer), blocks.curve_key(answer))
    _timeline(screen, answer)
    _block(screen, blocks.DETECTORS, blocks.detectors(answer))
    _tools(screen, answer)


def _title(screen: Screen, title: str, key: str = "") -> None:
    screen.line()
    screen.line(Styled(title, "bold"))
    if key:
        screen.line(Styled(key, "dim"))


def _block(screen: Screen, title: str, table: blocks.Table, key: str = "") -> None:
    _title(screen, title, key)
    screen.table(table.columns, table.rows, none=table.none)


def _reliability(screen: Screen, answer: admin_pb2.GetReportResponse) -> blocks.Table:
    """With a bar for the share that failed, where somebody looks at it."""
    table = blocks.reliability(answer)
    if not screen.is_terminal:
        return table
    shown = [one for one in answer.calibration.bins if one.calls]
    rows = [[*row, screen.bar(one.failed.value, 1.0)] for row, one in zip(table.rows, shown, strict=True)]
    return blocks.Table([*table.columns, "0–100 % failed"], rows, table.none)


def _timeline(screen: Screen, answer: admin_pb2.GetReportResponse) -> None:
    """On a terminal the newest in which calls were decided, so many as do not scroll the rest away."""
    table = blocks.buckets(answer)
    rows = table.rows
    _title(screen, blocks.TIME, f"Each row: {blocks.width(answer)}" if rows else "")
    if screen.is_terminal:
        rows = [row for row, bucket in zip(rows, answer.buckets, strict=True) if bucket.decisions][-_BUCKETS:]
        if left_out := len(table.rows) - len(rows):
            are = "row is" if left_out == 1 else "rows are"
            why = "older or without a call; --json has all, and so has a pipe"
            screen.line(Styled(f"{left_out} {are} not shown: {why}.", "dim"))
    screen.table(table.columns, rows, none=table.none)


def _tools(screen: Screen, answer: admin_pb2.GetReportResponse) -> None:
    table = blocks.tools(answer)
    more = len(table.rows) - _TOOLS if screen.is_terminal else 0
    _block(screen, blocks.TOOLS, table._replace(rows=table.rows[: len(table.rows) - max(more, 0)]))
    if more > 0:
        screen.line(Styled(blocks.more_tools(more, "not shown; --json has all, and so has a pipe"), "dim"))
    if quiet := len(blocks.quiet_tools(answer).rows):
        screen.line(Styled(f"Of {counted(quiet, 'more tool')} nothing was prevented; --json has them.", "dim"))
    if left_out := blocks.left_out(answer):
        screen.line(Styled(left_out, "dim"))

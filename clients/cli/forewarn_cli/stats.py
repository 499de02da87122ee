"""`forewarn stats`: the counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import admin

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2

app = single()


@app.command()
def stats(
    context: typer.Context,
    tool: options.OfTool = "",
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """Show what was counted since the store was made, in all and per tool."""
    from forewarn.v1 import admin_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, Styled, show_json
    from forewarn_cli.standing_view import standing

    request = admin_pb2.GetStatsRequest(tool=tool, page_token=page_token)
    with admin(context) as ask:
        answer: admin_pb2.GetStatsResponse = read(ask, "GetStats", request, "tools", limit)
    if json:
        show_json(answer)
        return
    columns = ["tool", ">calls", ">ok", ">retried", ">failed", ">timed out", ">prevented", ">fails",
               ">asked", ">would prevent", ">right", ">wrong"]  # fmt: skip
    screen = Screen()
    rows = [[one.tool, *_counts(one.counts)] for one in answer.tools]
    screen.table(columns, [*rows, [Styled("all", "bold"), *_counts(answer.total)]])
    screen.pairs(
        [
            ("usage patterns", str(answer.usage_patterns)),
            ("let through", _let_through(answer.total)),
            *standing(answer.false_prevention),
            ("more tools", f"--page-token {answer.next_page_token}" if answer.next_page_token else ""),
        ]
    )


def _let_through(counts: admin_pb2.Counts) -> str:
    """What was to be prevented in mode enforce and was made all the same, beside probes."""
    told = {"by lot": counts.held_out, "by the blast cap": counts.capped}
    return ", ".join(f"{count} {how}" for how, count in told.items() if count)


def _counts(counts: admin_pb2.Counts) -> list[str]:
    from forewarn_cli.wording import percent

    made = counts.success + counts.retry + counts.failure + counts.timeout
    failed = percent((counts.failure + counts.timeout) / made if made else None)
    shown = [made, counts.success, counts.retry, counts.failure, counts.timeout, counts.prevented]
    judged = [counts.decisions, counts.would_prevent, counts.would_prevent_right, counts.would_prevent_wrong]
    return [*map(str, shown), failed, *map(str, judged)]

"""`forewarn appeals`: preventions that somebody called wrong."""

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
def appeals(
    context: typer.Context,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List appeals against preventions, newest first."""
    from forewarn.v1 import admin_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import moment

    request = admin_pb2.QueryAppealsRequest(page_token=page_token)
    with admin(context) as ask:
        answer: admin_pb2.QueryAppealsResponse = read(ask, "QueryAppeals", request, "appeals", limit)
    if json:
        show_json(answer)
        return
    Screen().table(
        ["time", "decision", "tool", "caller", "patterns", "reason"],
        [
            [moment(one.time), one.decision_id, one.tool, one.caller, ", ".join(one.usage_pattern_ids), one.reason]
            for one in answer.appeals
        ],
        none="no appeals",
    )

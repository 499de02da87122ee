"""`forewarn events`: what happened to the store and to patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import admin

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2

app = single()


@app.command()
def events(
    context: typer.Context,
    kind: Annotated[str, typer.Option(metavar="KIND", help="Only of this kind: mode_set, tool_reset, …")] = "",
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List events of note (resets, state changes, suspensions, mode changes), newest first."""
    from forewarn.v1 import admin_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import moment

    request = admin_pb2.QueryEventsRequest(kind=kind, page_token=page_token)
    with admin(context) as ask:
        answer: admin_pb2.QueryEventsResponse = read(ask, "QueryEvents", request, "events", limit)
    if json:
        show_json(answer)
        return
    Screen().table(
        ["time", "kind", "tool", "pattern", "what"],
        [[moment(one.time), one.kind, one.tool, one.usage_pattern_id, one.summary] for one in answer.events],
        none="no events",
    )

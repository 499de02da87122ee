"""`forewarn calls`: what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import admin

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2

app = single()

CategoryWord = Literal["success", "failure", "retry", "timeout", "prevented", "unknown", "cancelled"]


@app.command()
def calls(
    context: typer.Context,
    tool: options.OfTool = "",
    session: options.OfSession = "",
    category: Annotated[CategoryWord | None, typer.Option(help="Only that ended so.")] = None,
    call_id: options.OfCall = "",
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List recorded calls, newest first."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.call_view import outcome
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Brief, Screen, show_json
    from forewarn_cli.wording import moment, span, value

    request = admin_pb2.QueryCallsRequest(
        tool=tool,
        session_id=session,
        category=value(model_pb2.Outcome, category),
        page_token=page_token,
        call_id=call_id,
    )
    with admin(context) as ask:
        answer: admin_pb2.QueryCallsResponse = read(ask, "QueryCalls", request, "calls", limit)
    if json:
        show_json(answer)
        return
    Screen().table(
        [">#", "time", "call", "tool", "ended", ">took", "error", "arguments"],
        [
            [
                str(call.sequence),
                moment(call.time),
                call.call_id,
                call.tool,
                outcome(call.classification),
                span(call.duration) if call.HasField("duration") else "",
                Brief(call.error, 120),
                Brief(call.arguments_json, 120),
            ]
            for call in answer.calls
        ],
        none="no such calls",
    )

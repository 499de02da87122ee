"""`forewarn tools`: the tools that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forewarn_cli import options
from forewarn_cli.commands import group
from forewarn_cli.connection import admin, guard

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2, guard_pb2

app = group("Tools that were registered or seen. `forewarn tools` alone lists them.")


@app.command("list")
def list_tools(
    context: typer.Context,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List the tools that were registered or seen, by name."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.standing_view import in_brief
    from forewarn_cli.wording import evidence, label, moment, span

    request = admin_pb2.ListToolsRequest(page_token=page_token)
    with admin(context) as ask:
        answer: admin_pb2.ListToolsResponse = read(ask, "ListTools", request, "tools", limit)
    if json:
        show_json(answer)
        return
    Screen().table(
        ["tool", "server", "version", "mode", "said", "evidence", "wrongly prevented", ">takes", "last called"],
        [
            [
                tool.descriptor.tool,
                tool.descriptor.server,
                tool.descriptor.version,
                label(model_pb2.Mode, tool.mode),
                _said(tool),
                evidence(tool.evidence),
                in_brief(tool.false_prevention),
                span(tool.latency) if tool.HasField("latency") else "",
                moment(tool.last_time),
            ]
            for tool in answer.tools
        ],
        none="no tools yet",
    )


@app.command()
def register(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE.json", help="Tools, or an MCP tools/list; - reads stdin.")],
    server: Annotated[str, typer.Option(metavar="NAME", help="What provides those that do not say it.")] = "",
    json: options.Json = False,
) -> None:
    """Tell what tools there are. Registering again replaces; all or nothing.

    FILE holds one tool, a list of tools, or {"tools": [...]}: descriptors as the API has them, or tools as an MCP
    server lists them (name, description, inputSchema, annotations).
    """
    from forewarn.v1 import guard_pb2
    from forewarn_cli.descriptors import read
    from forewarn_cli.screen import Screen, show_json

    request = guard_pb2.RegisterToolsRequest(tools=read(file, server))
    with guard(context) as ask:
        answer: guard_pb2.RegisterToolsResponse = ask("RegisterTools", request)
    if json:
        show_json(answer)
        return
    Screen().table(
        ["tool", "what"],
        [
            [
                one.tool,
                "new" if one.created else "evidence starts anew" if one.evidence_reset else "replaced",
            ]
            for one in answer.registrations
        ],
    )


def _said(tool: admin_pb2.Tool) -> str:
    if not tool.registered:
        return "not registered"
    told = tool.descriptor
    words = {"read-only": told.read_only, "destructive": told.destructive, "idempotent": told.idempotent,
             "schema": bool(told.input_schema_json)}  # fmt: skip
    return ", ".join(word for word, holds in words.items() if holds) or "registered"

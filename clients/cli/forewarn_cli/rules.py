"""`forewarn rules`: the preventions in force."""

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
def rules(
    context: typer.Context,
    tool: options.OfTool = "",
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List the preventions that are in force because of what was learned."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import evidence, label

    request = admin_pb2.ListPreventionRulesRequest(tool=tool, page_token=page_token)
    with admin(context) as ask:
        answer: admin_pb2.ListPreventionRulesResponse = read(ask, "ListPreventionRules", request, "rules", limit)
    if json:
        show_json(answer)
        return
    Screen().table(
        ["id", "tool", "mode", "origin", "rule", "evidence"],
        [
            [
                rule.rule_id,
                rule.usage_pattern.tool or rule.usage_pattern.server,
                label(model_pb2.Mode, rule.mode),
                rule.origin,
                rule.summary,
                evidence(rule.usage_pattern.evidence),
            ]
            for rule in answer.rules
        ],
        none="nothing is prevented",
    )

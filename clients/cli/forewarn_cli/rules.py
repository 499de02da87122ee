"""`forewarn rules`: what prevents calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import admin

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2
    from forewarn_cli.screen import Cell

app = single()


@app.command()
def rules(
    context: typer.Context,
    tool: options.OfTool = "",
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List what prevents calls: the rules of policies by name, then what was learned; with how often each was right."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.decision_view import verdict
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import label, moment

    request = admin_pb2.ListPreventionRulesRequest(tool=tool, page_token=page_token)
    with admin(context) as ask:
        answer: admin_pb2.ListPreventionRulesResponse = read(ask, "ListPreventionRules", request, "rules", limit)
    if json:
        show_json(answer)
        return
    Screen().table(
        ["rule", "origin", "mode", "verdict", "tools", ">hits", "last hit", "right", "what"],
        [
            [
                rule.rule_id,
                rule.origin,
                label(model_pb2.Mode, rule.mode) + (f" {rule.enforce_percent:g} %" if _partly(rule) else ""),
                verdict(rule.verdict),
                ", ".join(rule.tools) or rule.usage_pattern.server,
                str(rule.hits),
                moment(rule.last_hit_time),
                f"{rule.right} of {rule.right + rule.wrong}" if rule.right + rule.wrong else "",
                _what(rule),
            ]
            for rule in answer.rules
        ],
        none="nothing is prevented",
    )


def _what(rule: admin_pb2.PreventionRule) -> Cell:
    """What it says; of a call that is known to fail also its arguments."""
    from forewarn.v1 import model_pb2
    from forewarn_cli.screen import Brief

    pattern = rule.usage_pattern
    if pattern.level != model_pb2.USAGE_PATTERN_LEVEL_CALL:
        return rule.summary
    return Brief(f"{rule.summary}: {pattern.description}", 200)


def _partly(rule: admin_pb2.PreventionRule) -> bool:
    return 0.0 < rule.enforce_percent < 100.0

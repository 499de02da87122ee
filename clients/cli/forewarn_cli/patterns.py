"""`forewarn patterns`: what was learned, and setting it aside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import group
from forewarn_cli.connection import admin

app = group("Usage patterns: what was learned. `forewarn patterns` alone lists them.")

PatternId = Annotated[str, typer.Argument(metavar="ID", help="The pattern's id.")]
LevelWord = Literal["call", "error", "tool", "server", "ground"]
StateWord = Literal["candidate", "confirmed", "refuted", "suspended"]
CauseWord = Literal[
    "invalid-argument", "not-found", "permission", "precondition", "conflict", "rate-limited", "unavailable",
    "timeout", "internal", "resource-exhausted", "unimplemented", "other",
]  # fmt: skip


@app.command("list")
def list_patterns(
    context: typer.Context,
    tool: options.OfTool = "",
    level: Annotated[LevelWord | None, typer.Option(help="Only at this level.")] = None,
    state: Annotated[StateWord | None, typer.Option(help="Only in this state.")] = None,
    cause: Annotated[CauseWord | None, typer.Option(help="Only with this cause.")] = None,
    min_failure: Annotated[
        float, typer.Option(min=0, max=1, metavar="P", help="Only with at least this failure probability.")
    ] = 0.0,
    min_calls: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="Only with at least so many calls behind them.")
    ] = 0,
    text: Annotated[str, typer.Option(help="Only whose description holds this text.")] = "",
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List the usage patterns that meet all criteria."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli import pattern_view
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import value

    request = admin_pb2.QueryUsagePatternsRequest(
        tool=tool,
        level=value(model_pb2.UsagePatternLevel, level),
        state=value(model_pb2.UsagePatternState, state),
        cause=value(model_pb2.Cause, cause),
        min_failure_probability=min_failure,
        min_calls=min_calls,
        text=text,
        page_token=page_token,
    )
    with admin(context) as ask:
        answer: admin_pb2.QueryUsagePatternsResponse = read(ask, "QueryUsagePatterns", request, "usage_patterns", limit)
    if json:
        show_json(answer)
    else:
        rows = [pattern_view.row(pattern) for pattern in answer.usage_patterns]
        Screen().table(pattern_view.COLUMNS, rows, none="no such patterns")


@app.command()
def show(context: typer.Context, pattern_id: PatternId, json: options.Json = False) -> None:
    """Show one usage pattern with its evidence."""
    from forewarn.v1 import admin_pb2

    request = admin_pb2.GetUsagePatternRequest(usage_pattern_id=pattern_id)
    with admin(context) as ask:
        answer: admin_pb2.GetUsagePatternResponse = ask("GetUsagePattern", request)
    _show(answer, json)


@app.command()
def suspend(
    context: typer.Context, pattern_id: PatternId, reason: options.Reason = "", json: options.Json = False
) -> None:
    """Set a pattern aside: it is shown and learns, but does not prevent."""
    _set_aside(context, pattern_id, True, reason, json)


@app.command()
def resume(
    context: typer.Context, pattern_id: PatternId, reason: options.Reason = "", json: options.Json = False
) -> None:
    """Take a suspended pattern back."""
    _set_aside(context, pattern_id, False, reason, json)


@app.command()
def forget(
    context: typer.Context,
    pattern_id: PatternId,
    reason: options.Reason = "",
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Remove a pattern and its evidence. It can be learned anew."""
    from forewarn.v1 import admin_pb2
    from forewarn_cli.asking import confirm
    from forewarn_cli.screen import show_json

    confirm(f"Forget {pattern_id} and its evidence?", yes)
    with admin(context) as ask:
        request = admin_pb2.ForgetUsagePatternRequest(usage_pattern_id=pattern_id, reason=reason)
        answer: admin_pb2.ForgetUsagePatternResponse = ask("ForgetUsagePattern", request)
    if json:
        show_json(answer)
    else:
        print(f"forgot {pattern_id}")


def _set_aside(context: typer.Context, pattern_id: str, suspended: bool, reason: str, json: bool) -> None:
    from forewarn.v1 import admin_pb2

    request = admin_pb2.SuspendUsagePatternRequest(usage_pattern_id=pattern_id, suspended=suspended, reason=reason)
    with admin(context) as ask:
        answer: admin_pb2.SuspendUsagePatternResponse = ask("SuspendUsagePattern", request)
    _show(answer, json)


def _show(answer: Any, json: bool) -> None:
    from forewarn_cli import pattern_view
    from forewarn_cli.screen import Screen, show_json

    if json:
        show_json(answer)
    else:
        pattern_view.show(Screen(), answer.usage_pattern)

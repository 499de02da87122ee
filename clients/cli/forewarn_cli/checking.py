"""`forewarn check`: asks whether a call should be prevented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import guard
from forewarn_cli.faults import EXIT_NEGATIVE

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2

app = single()


@app.command()
def check(
    context: typer.Context,
    tool: options.Tool,
    arguments: options.Arguments = None,
    arg: options.ArgumentPairs = None,
    context_pairs: options.ContextPairs = None,
    session: options.Session = "",
    caller: options.Caller = "",
    role: options.Roles = None,
    call_id: options.CallId = "",
    server: options.Server = "",
    tool_version: options.ToolVersion = "",
    time: options.Time = "",
    facts: Annotated[
        int, typer.Option(min=0, max=100_000, metavar="TOKENS", help="Also give facts worth knowing, up to so many.")
    ] = 0,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when mode enforce would stop the call.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Ask whether a call should be prevented, and why.

    The question is logged as a decision; nothing is learned from it.
    """
    from forewarn.v1 import guard_pb2
    from forewarn_cli.call_input import call
    from forewarn_cli.screen import Screen, show_json

    asked = call(
        tool, arguments, arg, context_pairs,
        session=session, caller=caller, roles=role, call_id=call_id, server=server, tool_version=tool_version,
        time=time,
    )  # fmt: skip
    answer: Any
    with guard(context) as ask:
        if facts:
            answer = ask("Check", guard_pb2.CheckRequest(call=asked, token_budget=facts))
        else:
            answer = ask("ShouldPrevent", guard_pb2.ShouldPreventRequest(call=asked))
    if json:
        show_json(answer)
    else:
        from forewarn_cli import decision_view, fact_view

        screen = Screen()
        decision_view.show(screen, answer.decision)
        if facts:
            screen.line()
            fact_view.show(screen, answer.facts)
    if exit_code and _stops(answer.decision):
        raise typer.Exit(EXIT_NEGATIVE)


def _stops(decision: model_pb2.Decision) -> bool:
    from forewarn.v1 import model_pb2

    stopping = (model_pb2.VERDICT_PREVENT, model_pb2.VERDICT_REQUIRE_APPROVAL)
    return decision.verdict in stopping or decision.would_be in stopping

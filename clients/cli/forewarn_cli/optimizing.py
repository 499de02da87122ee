"""`forewarn optimize`: what to use instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import guard

if TYPE_CHECKING:
    from forewarn.v1 import guard_pb2

app = single()


@app.command()
def optimize(
    context: typer.Context,
    tool: options.Tool,
    arguments: options.Arguments = None,
    arg: options.ArgumentPairs = None,
    context_pairs: options.ContextPairs = None,
    session: options.Session = "",
    candidate: Annotated[
        list[str] | None,
        typer.Option(metavar="TOOL", help="A tool to rank; may be repeated. By default those known to do the work."),
    ] = None,
    latency_weight: Annotated[float, typer.Option(min=0, max=1, help="How much latency matters.")] = 0.0,
    cost_weight: Annotated[float, typer.Option(min=0, max=1, help="How much cost matters.")] = 0.0,
    explore: Annotated[bool, typer.Option("--explore", help="Now and then rank a less known tool first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=64, help="How many to give.")] = 5,
    json: options.Json = False,
) -> None:
    """Rank what could be used for a call: other tools, or other arguments for the same tool."""
    from forewarn.v1 import guard_pb2
    from forewarn_cli.call_input import call
    from forewarn_cli.screen import Screen, Styled, show_json

    request = guard_pb2.OptimizeRequest(
        call=call(tool, arguments, arg, context_pairs, session=session),
        candidates=candidate or [],
        latency_weight=latency_weight,
        cost_weight=cost_weight,
        explore=explore,
        limit=limit,
    )
    with guard(context) as ask:
        answer: guard_pb2.OptimizeResponse = ask("Optimize", request)
    if json:
        show_json(answer)
        return
    from forewarn_cli import decision_view

    screen = Screen()
    if answer.alternatives:
        decision_view.alternatives(screen, answer.alternatives)
    else:
        screen.line(Styled(f"nothing is known that does the work of {tool}", "dim"))
    if answer.explored:
        screen.line(f"explored: the first was chosen with probability {answer.propensity:.2f}")
    screen.pairs([("decision", answer.decision_id)])

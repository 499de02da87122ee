"""`forewarn context`: what is worth knowing before using tools."""

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
def inject(
    context: typer.Context,
    tools: Annotated[list[str], typer.Argument(metavar="TOOL...", help="The tools that may be used.")],
    context_pairs: options.ContextPairs = None,
    session: options.Session = "",
    tokens: Annotated[int, typer.Option(min=1, max=100_000, help="How many tokens the facts may come to.")] = 500,
    text: Annotated[bool, typer.Option("--text", help="Only the facts, one a line: ready for a prompt.")] = False,
    json: options.Json = False,
) -> None:
    """Show what is worth knowing before using tools, as facts with their evidence, within a token budget."""
    from forewarn.v1 import guard_pb2
    from forewarn_cli.call_input import pairs
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import clean, one_line

    request = guard_pb2.InjectContextRequest(
        tools=tools, token_budget=tokens, session_id=session, context=pairs(context_pairs, "--context")
    )
    with guard(context) as ask:
        answer: guard_pb2.InjectContextResponse = ask("InjectContext", request)
    if json:
        show_json(answer)
    elif text:
        for fact in answer.facts:
            print(clean(one_line(fact.text)))
    else:
        from forewarn_cli import fact_view

        screen = Screen()
        fact_view.show(screen, answer.facts)
        screen.pairs([("tokens", str(answer.tokens)), ("left out", str(answer.left_out) if answer.left_out else "")])

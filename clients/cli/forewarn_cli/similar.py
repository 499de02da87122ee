"""`forewarn similar`: past calls and patterns like a call."""

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
def similar(
    context: typer.Context,
    tool: options.Tool,
    arguments: options.Arguments = None,
    arg: options.ArgumentPairs = None,
    context_pairs: options.ContextPairs = None,
    session: options.Session = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of each at most.")] = 10,
    json: options.Json = False,
) -> None:
    """Find past calls and usage patterns like a call, and what would improve it."""
    from forewarn.v1 import guard_pb2
    from forewarn_cli.call_input import call
    from forewarn_cli.screen import show_json

    request = guard_pb2.FindSimilarRequest(call=call(tool, arguments, arg, context_pairs, session=session), limit=limit)
    with guard(context) as ask:
        answer: guard_pb2.FindSimilarResponse = ask("FindSimilar", request)
    if json:
        show_json(answer)
    else:
        _show(answer)


def _show(answer: guard_pb2.FindSimilarResponse) -> None:
    from forewarn_cli import pattern_view
    from forewarn_cli.call_view import outcome
    from forewarn_cli.screen import Brief, Screen
    from forewarn_cli.wording import moment

    screen = Screen()
    for suggestion in answer.suggestions:
        screen.line(f"• {suggestion}")
    screen.table(
        [">alike", "call", "arguments", "ended", "error", "when"],
        [
            [
                f"{one.similarity:.2f}",
                one.call_id,
                Brief(one.arguments_json, 200),
                outcome(one.classification),
                Brief(one.error, 200),
                moment(one.time),
            ]
            for one in answer.calls
        ],
        none="no calls like it",
    )
    if answer.usage_patterns:
        screen.line()
        screen.table(
            [">alike", *pattern_view.COLUMNS],
            [[f"{one.similarity:.2f}", *pattern_view.row(one.usage_pattern)] for one in answer.usage_patterns],
        )

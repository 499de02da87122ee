"""`forewarn appeal`: this prevention is wrong."""

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
def appeal(
    context: typer.Context,
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="The decision's id.")],
    reason: options.Reason = "",
    caller: options.Caller = "",
    json: options.Json = False,
) -> None:
    """Say that a prevention was wrong. It counts against the patterns behind it, and administrators see it."""
    from forewarn.v1 import guard_pb2
    from forewarn_cli.screen import Screen, show_json

    request = guard_pb2.AppealRequest(decision_id=decision, reason=reason, caller=caller)
    with guard(context) as ask:
        answer: guard_pb2.AppealResponse = ask("Appeal", request)
    if json:
        show_json(answer)
        return
    counted = ", ".join(answer.usage_pattern_ids) or "no pattern: nothing learned was behind it"
    Screen().pairs(
        [
            ("appealed", decision + (" (it had been appealed before)" if answer.duplicate else "")),
            ("counts against", counted),
        ]
    )

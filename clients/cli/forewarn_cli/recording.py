"""`forewarn record`: tells how a call went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import guard

if TYPE_CHECKING:
    from forewarn.v1 import guard_pb2

app = single()

OutcomeWord = Literal["success", "failure", "retry", "timeout", "prevented", "unknown", "cancelled"]


@app.command()
def record(
    context: typer.Context,
    outcome: Annotated[OutcomeWord, typer.Option(help="How the call ended.")],
    tool: options.Tool,
    arguments: options.Arguments = None,
    arg: options.ArgumentPairs = None,
    context_pairs: options.ContextPairs = None,
    session: options.Session = "",
    caller: options.Caller = "",
    call_id: options.CallId = "",
    server: options.Server = "",
    tool_version: options.ToolVersion = "",
    time: options.Time = "",
    decision_id: Annotated[str, typer.Option(metavar="ID", help="The decision that was asked for before it.")] = "",
    error: Annotated[str, typer.Option(metavar="TEXT", help="The error's text.")] = "",
    error_code: Annotated[str, typer.Option(metavar="CODE", help="The error's code: 404, ENOENT, …")] = "",
    duration: Annotated[str, typer.Option(metavar="SPAN", help="How long the call took: 250ms, 1.5s, 2m.")] = "",
    retry_after: Annotated[str, typer.Option(metavar="SPAN", help="How long the tool asked to be left alone.")] = "",
    cost: Annotated[float, typer.Option(min=0, help="What the call cost.")] = 0.0,
    result_excerpt: Annotated[str, typer.Option(metavar="TEXT", help="The result's beginning; it is not kept.")] = "",
    json: options.Json = False,
) -> None:
    """Tell how a call went. Answers when it is durable; a second record of the same call id changes nothing."""
    from forewarn.v1 import guard_pb2, model_pb2
    from forewarn_cli import call_input
    from forewarn_cli.screen import show_json
    from forewarn_cli.wording import value

    made = call_input.call(
        tool, arguments, arg, context_pairs,
        session=session, caller=caller, call_id=call_id, server=server, tool_version=tool_version, time=time,
    )  # fmt: skip
    request = guard_pb2.RecordCallRequest(call=made, decision_id=decision_id)
    result = request.result
    result.outcome = value(model_pb2.Outcome, outcome)
    result.error, result.error_code, result.result_excerpt = error, error_code, result_excerpt
    result.cost = cost
    if duration:
        result.duration.CopyFrom(call_input.duration(duration, "--duration"))
    if retry_after:
        result.retry_after.CopyFrom(call_input.duration(retry_after, "--retry-after"))
    with guard(context) as ask:
        answer: guard_pb2.RecordCallResponse = ask("RecordCall", request)
    if json:
        show_json(answer)
    else:
        _show(answer)


def _show(answer: guard_pb2.RecordCallResponse) -> None:
    from forewarn.v1 import model_pb2
    from forewarn_cli.screen import Screen, Styled
    from forewarn_cli.wording import OUTCOME_STYLES, STATE_STYLES, label, percent

    found = answer.classification
    category = label(model_pb2.Outcome, found.category)
    cause = label(model_pb2.Cause, found.cause)
    screen = Screen()
    screen.pairs(
        [
            ("recorded", answer.call_id + (" (it had been recorded before)" if answer.duplicate else "")),
            ("as", Styled(category, OUTCOME_STYLES.get(category, ""))),
            ("cause", f"{cause}, {percent(found.cause_confidence, 0)} sure" if cause else ""),
            ("transient", "yes" if found.transient else ""),
            ("error", found.error_template),
            ("sequence", str(answer.sequence) if answer.sequence else ""),
        ]
    )
    for change in answer.changes:
        before = label(model_pb2.UsagePatternState, change.from_state) or "new"
        after = label(model_pb2.UsagePatternState, change.to_state)
        screen.line(f"pattern {change.usage_pattern_id}: {before} → ", Styled(after, STATE_STYLES.get(after, "")))

"""`forewarn decisions`: what was decided, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import group
from forewarn_cli.connection import admin

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2
    from forewarn_cli.screen import Cell, Screen

app = group("Past decisions. `forewarn decisions` alone queries them, newest first.")

VerdictWord = Literal["allow", "warn", "prevent", "require-approval", "rewrite"]
WouldBe = Annotated[VerdictWord | None, typer.Option(help="Only with this verdict (as in mode enforce).")]

_COLUMNS = ["time", "decision", "tool", "would be", "verdict", ">fails", "reason", "became", "arguments"]


@app.command()
def query(
    context: typer.Context,
    tool: options.OfTool = "",
    session: options.OfSession = "",
    would_be: WouldBe = None,
    since: Annotated[str, typer.Option(metavar="TIME", help="Made at or after this time.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Made before this time.")] = "",
    call_id: options.OfCall = "",
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List past decisions, newest first."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.call_input import timestamp
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import value

    request = admin_pb2.QueryDecisionsRequest(
        tool=tool,
        session_id=session,
        would_be=value(model_pb2.Verdict, would_be),
        page_token=page_token,
        call_id=call_id,
    )
    if since:
        request.start_time.CopyFrom(timestamp(since, "--since"))
    if until:
        request.end_time.CopyFrom(timestamp(until, "--until"))
    with admin(context) as ask:
        answer: admin_pb2.QueryDecisionsResponse = read(ask, "QueryDecisions", request, "decisions", limit)
    if json:
        show_json(answer)
    else:
        Screen().table(_COLUMNS, [_row(logged) for logged in answer.decisions], none="no such decisions")


@app.command()
def show(
    context: typer.Context,
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="The decision's id.")],
    json: options.Json = False,
) -> None:
    """Explain one decision: every reason with its weight and evidence, and what became of the call."""
    from forewarn.v1 import admin_pb2
    from forewarn_cli import decision_view
    from forewarn_cli.screen import Screen, show_json

    with admin(context) as ask:
        request = admin_pb2.GetDecisionRequest(decision_id=decision_id)
        answer: admin_pb2.GetDecisionResponse = ask("GetDecision", request)
    if json:
        show_json(answer)
        return
    screen = Screen()
    _show_call(screen, answer.decision)
    screen.line()
    decision_view.show(screen, answer.decision.decision)
    _show_appeals(screen, answer)


@app.command()
def tail(
    context: typer.Context, tool: options.OfTool = "", would_be: WouldBe = None, json: options.Json = False
) -> None:
    """Follow decisions as they are made, until Ctrl-C. With --json, a line for each."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.screen import Screen, Styled, show_json
    from forewarn_cli.wording import one_line, value

    screen = Screen()
    with admin(context) as ask:
        request = admin_pb2.TailDecisionsRequest(tool=tool, would_be=value(model_pb2.Verdict, would_be))
        answer: admin_pb2.TailDecisionsResponse
        for answer in ask.stream("TailDecisions", request):
            if json:
                show_json(answer, line=True)
                continue
            if answer.missed:
                screen.line(Styled(f"({answer.missed} missed)", "yellow"))
            time, decision_id, name, would, _, fails, reason, *_ = _row(answer.decision)
            screen.line(
                Styled(f"{time}  {decision_id}  ", "dim"), would, f"  {fails}  ", name, "  ", reason,
                Styled(f"  {one_line(answer.decision.arguments_json, 120)}", "dim"),
            )  # fmt: skip
            screen.flush()


def _row(logged: admin_pb2.LoggedDecision) -> list[Cell]:
    from forewarn_cli.call_view import outcome
    from forewarn_cli.decision_view import decided, verdict
    from forewarn_cli.screen import Brief
    from forewarn_cli.wording import moment, percent

    decision = logged.decision
    return [
        moment(decision.time),
        decision.decision_id,
        logged.tool,
        verdict(decision.would_be),
        decided(decision),
        percent(decision.p_fail, 0) if logged.question != "optimize" else "",
        decision.reasons[0].code if decision.reasons else "",
        outcome(logged.classification),
        Brief(logged.arguments_json, 120),
    ]


def _show_call(screen: Screen, logged: admin_pb2.LoggedDecision) -> None:
    from forewarn_cli.call_view import outcome
    from forewarn_cli.screen import Styled

    became: Cell = outcome(logged.classification)
    screen.pairs(
        [
            ("tool", Styled(logged.tool, "bold")),
            ("arguments", logged.arguments_json),
            ("context", ", ".join(f"{key}={value}" for key, value in sorted(logged.context.items()))),
            ("session", logged.session_id),
            ("caller", logged.caller),
            ("call", logged.call_id),
            ("asked", logged.question.replace("_", " ")),
            ("became", became if logged.classification.category else "not recorded"),
            ("error", logged.classification.error_template),
            ("propensity", f"{logged.propensity:g}" if logged.propensity not in (0.0, 1.0) else ""),
        ]
    )


def _show_appeals(screen: Screen, answer: admin_pb2.GetDecisionResponse) -> None:
    from forewarn_cli.wording import moment

    for appeal in answer.appeals:
        by = f" by {appeal.caller}" if appeal.caller else ""
        screen.line(f"appealed {moment(appeal.time)}{by}: {appeal.reason}")

"""`forewarn approvals`: calls that wait for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import group
from forewarn_cli.connection import policies

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2, policy_pb2
    from forewarn_cli.screen import Screen

app = group("Calls that wait for a person. `forewarn approvals` alone lists them.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The approval's id.")]
_Approver = Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides; you, unless told.")]
_Roles = Annotated[
    list[str] | None, typer.Option("--role", metavar="ROLE", help="A role of who decides; may be repeated.")
]
_STYLES = {"pending": "yellow", "approved": "green", "denied": "red"}


@app.command("list")
def list_approvals(
    context: typer.Context,
    state: Annotated[
        Literal["pending", "approved", "denied", "expired", "used"] | None, typer.Option(help="Only in this state.")
    ] = None,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List calls that wait, or waited, for a person, newest first."""
    from forewarn.v1 import model_pb2, policy_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Brief, Screen, Styled, show_json
    from forewarn_cli.wording import label, moment, value

    request = policy_pb2.ListApprovalsRequest(state=value(model_pb2.ApprovalState, state), page_token=page_token)
    with policies(context) as ask:
        answer: policy_pb2.ListApprovalsResponse = read(ask, "ListApprovals", request, "approvals", limit)
    if json:
        show_json(answer)
        return
    Screen().table(
        [
            *("approval", "state", "tool", "arguments", "session", "caller", "rule", "message"),
            *("asked", "until", ">uses", "by"),
        ],
        [
            [
                one.approval_id,
                Styled(word := label(model_pb2.ApprovalState, one.state), _STYLES.get(word, "")),
                one.tool,
                Brief(one.arguments_json, 120),
                one.session_id,
                one.caller,
                one.rule,
                one.message,
                moment(one.create_time),
                moment(one.expire_time),
                f"{one.used} of {one.uses}",
                one.decided_by,
            ]
            for one in answer.approvals
        ],
        none="nothing waits",
    )


@app.command()
def approve(
    context: typer.Context,
    approval_id: _Id,
    approver: _Approver = "",
    role: _Roles = None,
    reason: options.Reason = "",
    uses: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="How often the call may be made; as often as the policy says, unless told."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Agree to a call: this very call, with these arguments, in its session."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.asking import me

    request = policy_pb2.ApproveCallRequest(
        approval_id=approval_id, approver=approver or me() or "cli", roles=role or (), reason=reason, uses=uses or 0
    )
    with policies(context) as ask:
        answer: policy_pb2.ApproveCallResponse = ask("ApproveCall", request)
    _show(answer, json)


@app.command()
def deny(
    context: typer.Context,
    approval_id: _Id,
    approver: _Approver = "",
    role: _Roles = None,
    reason: options.Reason = "",
    json: options.Json = False,
) -> None:
    """Refuse a call: until the approval expires it is prevented, with your reason."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.asking import me

    request = policy_pb2.DenyCallRequest(
        approval_id=approval_id, approver=approver or me() or "cli", roles=role or (), reason=reason
    )
    with policies(context) as ask:
        answer: policy_pb2.DenyCallResponse = ask("DenyCall", request)
    _show(answer, json)


def _show(answer: policy_pb2.ApproveCallResponse | policy_pb2.DenyCallResponse, json: bool) -> None:
    from forewarn_cli.screen import Screen, show_json

    if json:
        show_json(answer)
    else:
        _pairs(Screen(), answer.approval)


def _pairs(screen: Screen, one: model_pb2.Approval) -> None:
    from forewarn.v1 import model_pb2
    from forewarn_cli.screen import Styled
    from forewarn_cli.wording import label, moment

    word = label(model_pb2.ApprovalState, one.state)
    screen.pairs(
        [
            ("approval", one.approval_id),
            ("state", Styled(word, _STYLES.get(word, ""))),
            ("tool", one.tool),
            ("arguments", one.arguments_json),
            ("session", one.session_id),
            ("rule", one.rule),
            ("by", one.decided_by),
            ("reason", one.reason),
            ("until", moment(one.expire_time)),
            ("uses", f"{one.used} of {one.uses}" if label(model_pb2.ApprovalState, one.state) == "approved" else ""),
        ]
    )

"""`forewarn rollouts`: a pattern or policy for a share of sessions, compared with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import group
from forewarn_cli.connection import rollouts

if TYPE_CHECKING:
    from forewarn.v1 import rollout_pb2

app = group("Rollouts: a pattern or policy for a share of sessions. `forewarn rollouts` alone lists them.")

RolloutId = Annotated[str, typer.Argument(metavar="ID", help="The rollout's id; its first or last digits will do.")]
StateWord = Literal["running", "treatment-better", "control-better", "no-decision", "stopped"]
Actor = Annotated[str, typer.Option("--as", metavar="NAME", help="Who does it; your user name by default.")]
_KEPT = 1_000


@app.command("list")
def list_rollouts(
    context: typer.Context,
    state: Annotated[StateWord | None, typer.Option(help="Only in this state.")] = None,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List rollouts, newest first."""
    from forewarn.v1 import rollout_pb2
    from forewarn_cli import rollout_view
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import value

    request = rollout_pb2.ListRolloutsRequest(state=value(rollout_pb2.RolloutState, state), page_token=page_token)
    with rollouts(context) as ask:
        answer: rollout_pb2.ListRolloutsResponse = read(ask, "ListRollouts", request, "rollouts", limit)
    if json:
        show_json(answer)
    else:
        rows = [rollout_view.row(one) for one in answer.rollouts]
        Screen().table(rollout_view.COLUMNS, rows, none="nothing is being rolled out")


@app.command()
def show(context: typer.Context, rollout_id: RolloutId, json: options.Json = False) -> None:
    """Show how both sides do, what the test says of it, and how to go on."""
    from forewarn.v1 import rollout_pb2
    from forewarn_cli import rollout_view
    from forewarn_cli.screen import Screen, show_json

    with rollouts(context) as ask:
        request = rollout_pb2.GetRolloutRequest(rollout_id=_full_id(ask, rollout_id))
        answer: rollout_pb2.GetRolloutResponse = ask("GetRollout", request)
    if json:
        show_json(answer)
    else:
        rollout_view.show(Screen(), answer.rollout)


@app.command()
def start(
    context: typer.Context,
    pattern: Annotated[str, typer.Option(metavar="ID", help="Recommend this pattern to the share only.")] = "",
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="Enforce this policy for the share, in shadow for the rest.")
    ] = "",
    percent: Annotated[float, typer.Option(min=1, max=99, help="The share of sessions.")] = 50.0,
    max_units: Annotated[
        int, typer.Option(min=1, max=20_000, metavar="N", help="Sessions after which it ends without a decision.")
    ] = 5_000,
    window: Annotated[
        int,
        typer.Option(min=60, max=604_800, metavar="SECONDS", help="Of a policy: how long a session is watched."),
    ] = 3_600,
    reason: options.Reason = "",
    actor: Actor = "",
    json: options.Json = False,
) -> None:
    """Begin a rollout. Each session is always on one side; after each, a test says whether one does better."""
    from google.protobuf.duration_pb2 import Duration

    from forewarn.v1 import rollout_pb2
    from forewarn_cli.asking import me
    from forewarn_cli.faults import UsageFault

    if bool(pattern) is bool(policy):
        raise UsageFault("say what to roll out: --pattern ID, or --policy NAME")
    request = rollout_pb2.StartRolloutRequest(
        share_percent=percent, max_units=max_units, actor=actor or me(), reason=reason
    )
    if pattern:
        request.pattern = pattern
    else:
        request.policy = policy
        request.window.CopyFrom(Duration(seconds=window))
    with rollouts(context) as ask:
        answer: rollout_pb2.StartRolloutResponse = ask("StartRollout", request, patient=True)
    _done(answer, json)


@app.command()
def stop(
    context: typer.Context,
    rollout_id: RolloutId,
    promote: Annotated[bool, typer.Option("--promote", help="For all sessions from now on.")] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="For none: a pattern is deleted, a policy in shadow again.")
    ] = False,
    reason: options.Reason = "",
    actor: Actor = "",
    json: options.Json = False,
) -> None:
    """End a rollout, decided or not."""
    from forewarn.v1 import rollout_pb2
    from forewarn_cli.asking import me
    from forewarn_cli.faults import UsageFault

    if promote is withdraw:
        raise UsageFault("say how it ends: --promote, or --withdraw")
    with rollouts(context) as ask:
        request = rollout_pb2.StopRolloutRequest(
            rollout_id=_full_id(ask, rollout_id),
            ending=rollout_pb2.ROLLOUT_ENDING_PROMOTED if promote else rollout_pb2.ROLLOUT_ENDING_WITHDRAWN,
            actor=actor or me(),
            reason=reason,
        )
        answer: rollout_pb2.StopRolloutResponse = ask("StopRollout", request, patient=True)
    _done(answer, json)


def _full_id(ask: Any, rollout_id: str) -> str:
    """The id that is meant: itself, or the only one that begins or ends so."""
    from forewarn.v1 import rollout_pb2
    from forewarn_cli.faults import UsageFault
    from forewarn_cli.paging import read

    short = rollout_id.lower()
    if len(short) < 4 or any(letter not in "0123456789abcdef" for letter in short):
        raise UsageFault(f"{rollout_id!r} is no rollout's id: at least 4 of its hexadecimal digits are needed")
    if len(short) >= 32:
        return short
    listed = read(ask, "ListRollouts", rollout_pb2.ListRolloutsRequest(), "rollouts", _KEPT).rollouts
    ids: list[str] = [one.rollout_id for one in listed]
    meant = [one for one in ids if one.endswith(short)] or [one for one in ids if one.startswith(short)]
    if len(meant) == 1:
        return meant[0]
    what = "the id of several rollouts" if meant else "no rollout's id"
    raise UsageFault(f"{rollout_id!r} is {what}")


def _done(answer: rollout_pb2.StartRolloutResponse | rollout_pb2.StopRolloutResponse, json: bool) -> None:
    from forewarn_cli import rollout_view
    from forewarn_cli.screen import Screen, show_json

    if json:
        show_json(answer)
    else:
        rollout_view.show(Screen(), answer.rollout)

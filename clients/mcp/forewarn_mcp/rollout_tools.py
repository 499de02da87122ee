"""Rollouts: a pattern or policy for a share of sessions, compared with the rest. A person starts and ends them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from google.protobuf.duration_pb2 import Duration
from pydantic import Field, model_validator

from forewarn.v1 import rollout_pb2 as pb
from forewarn_mcp import rpcs
from forewarn_mcp.answering import Told, counted
from forewarn_mcp.messages import as_json, schema, word
from forewarn_mcp.tool import Input, Limit, PageToken, Session, Tool, quoted

_SERVICE: Final = "RolloutService"
_STATES: Final = pb.RolloutState.DESCRIPTOR
_ENDINGS: Final = {"promoted": pb.ROLLOUT_ENDING_PROMOTED, "withdrawn": pb.ROLLOUT_ENDING_WITHDRAWN}

StateWord = Literal["running", "treatment_better", "control_better", "no_decision", "stopped"]
Reason = Annotated[str, Field(max_length=4096, description="Why; kept with the rollout.")]


class Which(Input):
    """Which rollouts."""

    state: Annotated[StateWord | None, Field(description="Only in this state.")] = None
    limit: Limit = 20
    page_token: PageToken = ""


class One(Input):
    """Which rollout."""

    rollout_id: Annotated[
        str, Field(pattern="^[0-9a-f]{32}$", description="The rollout's id, all 32 hexadecimal digits.")
    ]


class Begun(Input):
    """What to try: a pattern or a policy, not both."""

    pattern: Annotated[str, Field(max_length=128, description="A pattern's id: recommended to the share only.")] = ""
    policy: Annotated[
        str, Field(max_length=64, description="A policy's name: enforced in the share, in shadow in the rest.")
    ] = ""
    share_percent: Annotated[float, Field(ge=1, le=99, description="The share of sessions that get it.")] = 50.0
    max_units: Annotated[
        int, Field(ge=1, le=20_000, description="Sessions after which it ends without a decision.")
    ] = 5_000
    window_seconds: Annotated[
        int, Field(ge=60, le=604_800, description="Of a policy: how long a session is watched once it has spoken.")
    ] = 3_600
    reason: Reason = ""

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if bool(self.pattern) is bool(self.policy):
            raise ValueError("say what to roll out: pattern, or policy")
        return self

    @property
    def subject(self) -> str:
        """What is tried, in words of ours with its name in quotes."""
        return f"pattern {quoted(self.pattern)}" if self.pattern else f"policy {quoted(self.policy)}"


class Ended(One):
    """How a rollout ends."""

    ending: Annotated[
        Literal["promoted", "withdrawn"],
        Field(description="For all sessions, or for none: then a pattern is deleted, a policy in shadow again."),
    ]
    reason: Reason = ""


async def _list(session: Session, asked: Which) -> Told:
    state = pb.ROLLOUT_STATE_UNSPECIFIED if asked.state is None else _number(asked.state)
    request = pb.ListRolloutsRequest(state=state, page_size=asked.limit, page_token=asked.page_token)
    answer = await session.ask(rpcs.LIST_ROLLOUTS, request)
    more = " There are more: nextPageToken." if answer.next_page_token else ""
    return Told(f"{counted(len(answer.rollouts), 'rollout')}.{more}", as_json(answer))


async def _show(session: Session, asked: One) -> Told:
    answer = await _read(session, asked)
    return Told(_summary(answer.rollout), as_json(answer))


async def _start(session: Session, asked: Begun) -> Told:
    request = pb.StartRolloutRequest(
        share_percent=asked.share_percent, max_units=asked.max_units, actor=session.actor, reason=asked.reason
    )
    if asked.pattern:
        request.pattern = asked.pattern
    else:
        request.policy = asked.policy
        request.window.CopyFrom(Duration(seconds=asked.window_seconds))
    answer = await session.ask(rpcs.START_ROLLOUT, request)
    return Told(_summary(answer.rollout), as_json(answer))


async def _stop(session: Session, asked: Ended) -> Told:
    request = pb.StopRolloutRequest(
        rollout_id=asked.rollout_id, ending=_ENDINGS[asked.ending], actor=session.actor, reason=asked.reason
    )
    answer = await session.ask(rpcs.STOP_ROLLOUT, request)
    return Told(_summary(answer.rollout), as_json(answer))


async def _read(session: Session, asked: One) -> pb.GetRolloutResponse:
    return await session.ask(rpcs.GET_ROLLOUT, pb.GetRolloutRequest(rollout_id=asked.rollout_id))


def _number(meant: str) -> Any:
    return next(value.number for value in _STATES.values if word(_STATES, value.number) == meant)


def _summary(one: pb.Rollout) -> str:
    """Numbers, words of the API and ids."""
    state = word(_STATES, one.state).replace("_", " ")
    ending = f" ({word(pb.RolloutEnding.DESCRIPTOR, one.ending)})" if one.ending else ""
    return (
        f"Rollout {one.rollout_id}, {one.share_percent:g} % of sessions: {state}{ending}. With it the outcome is "
        f"{one.treatment.outcome:.2f} in {one.treatment.units}, without {one.control.outcome:.2f} in "
        f"{one.control.units}; the difference is {one.difference_low:.2f} to {one.difference_high:.2f} (95 %)."
    )


# What a person is asked ---------------------------------------------------------------------------------------------


async def _before_starting(_: Session, asked: Begun) -> str:
    what = "recommended to" if asked.pattern else "enforced in"
    rest = "not recommended to the rest" if asked.pattern else "in shadow in the rest"
    return (
        f"Roll out {asked.subject}? It is {what} {asked.share_percent:g} % of sessions, {rest}.\n"
        f"Reason: {quoted(asked.reason)}"
    )


async def _before_stopping(session: Session, asked: Ended) -> str:
    one = (await _read(session, asked)).rollout
    subject = f"pattern {quoted(one.pattern)}" if one.pattern else f"policy {quoted(one.policy)}"
    withdrawn = "the pattern is deleted" if one.pattern else "the policy is in shadow again"
    then = "it holds for all sessions" if asked.ending == "promoted" else withdrawn
    return f"End the rollout of {subject}? From then on {then}.\n{_summary(one)}\nReason: {quoted(asked.reason)}"


TOOLS: Final[tuple[Tool[Any], ...]] = (
    Tool(
        "list_rollouts",
        "List rollouts",
        "Patterns and policies that are tried in a share of sessions, newest first, with how both sides do.",
        Which,
        schema(pb.ListRolloutsResponse.DESCRIPTOR),
        _list,
        _SERVICE,
        read_only=True,
    ),
    Tool(
        "show_rollout",
        "Show a rollout",
        "How sessions with it and without it do, and whether the sequential test has decided.",
        One,
        schema(pb.GetRolloutResponse.DESCRIPTOR),
        _show,
        _SERVICE,
        read_only=True,
    ),
    Tool(
        "start_rollout",
        "Start a rollout",
        "Gives a pattern or a policy to a share of sessions and compares them with the rest. Only when the user says "
        "so.",
        Begun,
        schema(pb.StartRolloutResponse.DESCRIPTOR),
        _start,
        _SERVICE,
        destructive=True,
        question=_before_starting,
    ),
    Tool(
        "stop_rollout",
        "End a rollout",
        "Ends it for all sessions (promoted) or for none (withdrawn). Only when the user, who has seen how both sides "
        "do, says so.",
        Ended,
        schema(pb.StopRolloutResponse.DESCRIPTOR),
        _stop,
        _SERVICE,
        destructive=True,
        question=_before_stopping,
    ),
)

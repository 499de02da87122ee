"""What is worth knowing before tools are used."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from forewarn.channel import INJECT_CONTEXT
from forewarn.v1 import guard_pb2
from forewarn_mcp.answering import Told, counted
from forewarn_mcp.messages import as_json, schema
from forewarn_mcp.tool import FromText, Input, Session, Tool, Words

_WITHOUT: Final = ("facts.evidence.call_ids",)


class Planned(Input):
    """Which tools may be used, and where."""

    tools: Annotated[Words, Field(min_length=1, max_length=64, description="Names of the tools that may be used.")]
    token_budget: Annotated[int, Field(ge=1, le=100_000, description="How many tokens the facts may come to.")] = 500
    session_id: Annotated[
        str,
        Field(
            max_length=256, description="The session, if calls were recorded with it: what failed in it comes first."
        ),
    ] = ""
    context: Annotated[
        dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=1024)]],
        FromText,
        Field(max_length=32, description='Where the calls will happen, as {"db": "prod"}.'),
    ] = Field(default_factory=dict)


async def _inject(session: Session, asked: Planned) -> Told:
    request = guard_pb2.InjectContextRequest(
        tools=list(dict.fromkeys(asked.tools)), token_budget=asked.token_budget, session_id=asked.session_id,
        context=asked.context,
    )  # fmt: skip
    answer = await session.ask(INJECT_CONTEXT, request)
    left_out = f", {answer.left_out} more left out" if answer.left_out else ""
    facts, tokens = counted(len(answer.facts), "fact"), counted(answer.tokens, "token")
    return Told(f"{facts}, {tokens}{left_out}.", as_json(answer, _WITHOUT))


TOOLS: Final[tuple[Tool[Any], ...]] = (
    Tool(
        "inject_context",
        "What is known of tools",
        "Facts from recorded calls that are worth knowing before using these tools: which calls fail, why, and "
        "what worked instead; most useful first, within a token budget.",
        Planned,
        schema(guard_pb2.InjectContextResponse.DESCRIPTOR, _WITHOUT),
        _inject,
        "GuardService",
        read_only=True,
    ),
)

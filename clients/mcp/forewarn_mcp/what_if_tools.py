"""What a policy would have stopped among the calls that were recorded. Nothing is changed."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from forewarn.v1 import model_pb2
from forewarn.v1 import policy_pb2 as p
from forewarn.v1 import suggestion_pb2 as s
from forewarn_mcp import rpcs
from forewarn_mcp.answering import Told, counted
from forewarn_mcp.messages import as_json, schema
from forewarn_mcp.suggestion_tools import One
from forewarn_mcp.tool import Input, Session, Tool

_STOPS: Final = frozenset({model_pb2.VERDICT_PREVENT, model_pb2.VERDICT_REQUIRE_APPROVAL, model_pb2.VERDICT_REWRITE})

Calls = Annotated[int, Field(ge=1, le=100_000, description="How many of the newest recorded calls to look at.")]
Examples = Annotated[int, Field(ge=1, le=100, description="How many calls to show.")]


class Draft(Input):
    """Which policies, and which calls."""

    document: Annotated[
        str, Field(min_length=1, max_length=262_144, description="The draft: Forewarn policies as YAML.")
    ]
    tool: Annotated[str, Field(max_length=256, description="Only calls of this tool.")] = ""
    session_id: Annotated[str, Field(max_length=256, description="Only calls of this session.")] = ""
    limit: Calls = 2_000
    examples: Examples = 5


class Suggested(One):
    """Which suggestion, and how many calls."""

    limit: Calls = 2_000
    examples: Examples = 5


async def _draft(session: Session, asked: Draft) -> Told:
    request = p.WhatIfRequest(
        files=[p.PolicyFile(name="draft.yaml", text=asked.document)], tool=asked.tool, session_id=asked.session_id,
        limit=asked.limit, examples=asked.examples,
    )  # fmt: skip
    answer = await session.ask(rpcs.WHAT_IF, request)
    stopped = [one for one in answer.draft if one.verdict in _STOPS]
    differs = f" Of {counted(answer.different, 'call')} it says something else than the policies in force."
    counts = (sum(one.calls for one in stopped), sum(one.failed for one in stopped), sum(one.worked for one in stopped))
    return Told(_in_words(answer.calls, *counts) + differs, as_json(answer))


async def _suggested(session: Session, asked: Suggested) -> Told:
    request = s.WhatIfSuggestionRequest(suggestion_id=asked.suggestion_id, limit=asked.limit, examples=asked.examples)
    answer = await session.ask(rpcs.WHAT_IF_SUGGESTION, request)
    return Told(_in_words(answer.calls, answer.stopped, answer.failed, answer.worked), as_json(answer))


def _in_words(calls: int, stopped: int, failed: int, worked: int) -> str:
    return f"It would have stopped {stopped} of {counted(calls, 'call')}: {failed} of these failed, {worked} worked."


TOOLS: Final[tuple[Tool[Any], ...]] = (
    Tool(
        "what_if_policy",
        "What a policy would have stopped",
        "Runs a draft of policies over recorded calls, as if it were enforced: what it would have stopped, what "
        "became of those calls, and where that differs from the policies in force. Changes nothing.",
        Draft,
        schema(p.WhatIfResponse.DESCRIPTOR),
        _draft,
        "PolicyService",
        read_only=True,
    ),
    Tool(
        "what_if_suggestion",
        "What a suggested policy would have stopped",
        "Runs the policy document of a suggestion over recorded calls, as if it were enforced. Changes nothing.",
        Suggested,
        schema(s.WhatIfSuggestionResponse.DESCRIPTOR),
        _suggested,
        "SuggestionService",
        read_only=True,
    ),
)

"""The PRD's `recommend` and `operate`, and how a workflow ends."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from forewarn.channel import COMPLETE_WORKFLOW, GET_WORKFLOW, RECOMMEND
from forewarn.v1 import knowledge_pb2, workflow_pb2
from forewarn_mcp.answering import Told, counted
from forewarn_mcp.messages import as_json, schema
from forewarn_mcp.tool import Input, Session, Tool, Words

WorkflowId = Annotated[
    str, Field(pattern="^[0-9a-f]{32}$", description="The workflow's id, as recommend or operate gave it.")
]

_SERVICE: Final = "WorkflowService"
_OUTCOMES: Final = {
    "success": knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS,
    "failure": knowledge_pb2.WORKFLOW_OUTCOME_FAILURE,
    "abandoned": knowledge_pb2.WORKFLOW_OUTCOME_ABANDONED,
}
_WITHOUT: Final = tuple(
    f"{kind}.match.entity.{name}"
    for kind in ("patterns", "policies")
    for name in ("policy_document", "created_by", "updated_by", "origin", "usage_metrics.last_recommended")
)
_PAUSE: Final = 0.1
_ACT: Final = (
    "show_suggestion shows one with its evidence; a person then decides: approve_suggestion, modify_suggestion, "
    "reject_suggestion, dismiss_suggestion. Or skip them: they stay in the inbox."
)


class Intent(Input):
    """What somebody wants."""

    intent: Annotated[
        str,
        Field(
            min_length=1,
            max_length=8192,
            description=(
                "What the user wants, in the user's words. Secrets and personal data are hidden before it is kept."
            ),
        ),
    ]
    scope: Annotated[
        str, Field(max_length=256, description="Where it is built: a cluster, an environment, a team.")
    ] = ""
    session_id: Annotated[
        str,
        Field(
            max_length=256,
            description="The run or conversation: a pattern that is being rolled out is offered to it always or never.",
        ),
    ] = ""
    limit: Annotated[int, Field(ge=1, le=20, description="How many patterns and how many policies at most.")] = 5


class Ended(Input):
    """How a workflow ended."""

    workflow_id: WorkflowId
    outcome: Annotated[
        Literal["success", "failure", "abandoned"],
        Field(description="success: what was generated works; failure: it does not; abandoned: it was given up."),
    ]
    used: Annotated[
        Words,
        Field(
            max_length=32,
            description="Ids of the patterns and policies that were used, recommended or not. Only those that were.",
        ),
    ] = ()
    generated_resources: Annotated[
        Words,
        Field(
            max_length=256,
            description='Kinds of resources that were generated, as "StatefulSet". Kinds, not names of single ones.',
        ),
    ] = ()
    detail: Annotated[str, Field(max_length=16384, description="Whatever helps to understand the outcome.")] = ""
    wait_seconds: Annotated[
        float, Field(ge=0, le=30, description="How long to wait for the last stage, learningSuggestions.")
    ] = 1.0


class OneWorkflow(Input):
    """Which workflow."""

    workflow_id: WorkflowId


async def _recommend(session: Session, asked: Intent) -> Told:
    return await _begin(session, asked, knowledge_pb2.WORKFLOW_KIND_RECOMMEND)


async def _operate(session: Session, asked: Intent) -> Told:
    return await _begin(session, asked, knowledge_pb2.WORKFLOW_KIND_OPERATE)


async def _begin(session: Session, asked: Intent, kind: knowledge_pb2.WorkflowKind.ValueType) -> Told:
    request = workflow_pb2.RecommendRequest(
        intent=asked.intent,
        scope=asked.scope,
        limit=asked.limit,
        kind=kind,
        caller=session.actor,
        session_id=asked.session_id,
    )
    answer = await session.ask(RECOMMEND, request)
    patterns, policies = counted(len(answer.patterns), "pattern"), counted(len(answer.policies), "policy", "policies")
    summary = f"Workflow {answer.workflow_id} has begun: {patterns}, {policies}."
    if answer.no_good_pattern:
        summary += " No pattern matches well."
    if not answer.complete:
        summary += " The index is still being built: there may be more."
    summary += " Call complete_workflow when it has ended, with what was used of them."
    return Told(summary, as_json(answer, _WITHOUT))


async def _complete(session: Session, asked: Ended) -> Told:
    request = workflow_pb2.CompleteWorkflowRequest(
        workflow_id=asked.workflow_id,
        used=list(dict.fromkeys(asked.used)),
        generated_resources=asked.generated_resources,
        outcome=_OUTCOMES[asked.outcome],
        detail=asked.detail,
    )
    answer = await session.ask(COMPLETE_WORKFLOW, request)
    workflow = await _with_suggestions(session, answer.workflow, asked.wait_seconds)
    again = " It had been completed so before; nothing was counted again." if answer.duplicate else ""
    told = _workflow(workflow) | {"duplicate": answer.duplicate}
    return Told(f"Workflow {asked.workflow_id} is completed.{again} {_last_stage(workflow)}", told)


async def _show(session: Session, asked: OneWorkflow) -> Told:
    answer = await session.ask(GET_WORKFLOW, workflow_pb2.GetWorkflowRequest(workflow_id=asked.workflow_id))
    return Told(f"Workflow {asked.workflow_id}. {_last_stage(answer.workflow)}", _workflow(answer.workflow))


async def _with_suggestions(
    session: Session, workflow: knowledge_pb2.Workflow, seconds: float
) -> knowledge_pb2.Workflow:
    """The workflow once its last stage has a result, or as it is after so many seconds."""
    request = workflow_pb2.GetWorkflowRequest(workflow_id=workflow.workflow_id)
    for _ in range(round(seconds / _PAUSE)):
        if workflow.stages[-1].result != "pending":
            break
        await asyncio.sleep(_PAUSE)
        workflow = (await session.ask(GET_WORKFLOW, request)).workflow
    return workflow


def _workflow(workflow: knowledge_pb2.Workflow) -> dict[str, Any]:
    return {"workflow": as_json(workflow)}


def _last_stage(workflow: knowledge_pb2.Workflow) -> str:
    stage = workflow.stages[-1]
    found = len(stage.suggestions.patterns) + len(stage.suggestions.policies)
    if stage.result == "pending":
        return "Suggestions are not there yet; show_workflow shows them later."
    return f"It gave rise to {counted(found, 'suggestion')}. {_ACT}" if found else "It gave rise to no suggestion."


_RECOMMENDED: Final = schema(workflow_pb2.RecommendResponse.DESCRIPTOR, _WITHOUT)
_WORKFLOW: Final = {
    "type": "object",
    "properties": {"workflow": schema(knowledge_pb2.Workflow.DESCRIPTOR)},
    "required": ["workflow"],
}
_COMPLETED: Final = {
    "type": "object",
    "properties": {"workflow": schema(knowledge_pb2.Workflow.DESCRIPTOR), "duplicate": {"type": "boolean"}},
    "required": ["workflow", "duplicate"],
}

TOOLS: Final[tuple[Tool[Any], ...]] = (
    Tool(
        "recommend",
        "Recommend patterns and policies",
        "Finds organisational patterns (what to build) and policies (what must hold of it) for something new that "
        "the user wants, and begins a workflow, which complete_workflow must end. Each match has a relevance (0 "
        "to 1; below 0.3 it is weak: what is wanted is probably not known) and a probability that it will be "
        "used.",
        Intent,
        _RECOMMENDED,
        _recommend,
        _SERVICE,
    ),
    Tool(
        "operate",
        "Patterns and policies for operating",
        "As recommend, for changing or running what is there already.",
        Intent,
        _RECOMMENDED,
        _operate,
        _SERVICE,
    ),
    Tool(
        "complete_workflow",
        "Complete a workflow",
        "Says which patterns and policies a workflow used, what kinds of resources it generated and how it ended. "
        "This is what is learned from. Gives the workflow with its stages; the last one, learningSuggestions, "
        "has the suggestions that it gave rise to, for the user to decide. Said twice, it counts once.",
        Ended,
        _COMPLETED,
        _complete,
        _SERVICE,
        idempotent=True,
    ),
    Tool(
        "show_workflow",
        "Show a workflow",
        "One workflow with its stages; learningSuggestions is the last.",
        OneWorkflow,
        _WORKFLOW,
        _show,
        _SERVICE,
        read_only=True,
    ),
)

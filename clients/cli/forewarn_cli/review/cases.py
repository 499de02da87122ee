"""A workflow or a call behind a suggestion, fetched and drawn."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from forewarn.v1 import admin_pb2, knowledge_pb2, suggestion_pb2, workflow_pb2
from forewarn_cli import call_view
from forewarn_cli.connection import Door
from forewarn_cli.faults import Fault
from forewarn_cli.review.drawing import pairs, safe
from forewarn_cli.wording import label, moment


def keys(one: suggestion_pb2.Suggestion) -> list[tuple[str, str]]:
    """(kind, id) of each, workflows first."""
    found = [("workflow", key) for key in one.evidence.workflow_ids]
    return found + [("call", key) for key in one.evidence.call_ids]


def fetch(kind: str, key: str, runtimes: Door, administrators: Door) -> RenderableType:
    """The case as it is kept, or why it cannot be shown."""
    try:
        return _workflow(runtimes, key) if kind == "workflow" else _call(administrators, key)
    except Fault as fault:
        return Group(Text(), safe(str(fault)))


def _workflow(ask: Door, key: str) -> RenderableType:
    answer: workflow_pb2.GetWorkflowResponse = ask("GetWorkflow", workflow_pb2.GetWorkflowRequest(workflow_id=key))
    one = answer.workflow
    return Group(
        Text(),
        pairs(
            [
                ("workflow", one.workflow_id),
                ("intent", one.intent),
                ("scope", one.scope),
                ("ended", label(knowledge_pb2.WorkflowOutcome, one.outcome) or "open"),
                ("completed", moment(one.completed_at)),
                ("recommended", ", ".join(found.id for found in one.recommended)),
                ("used", ", ".join(one.used)),
                ("generated", ", ".join(one.generated_resources)),
                ("added", ", ".join(one.additions)),
                ("detail", one.detail),
            ]
        ),
    )


def _call(ask: Door, key: str) -> RenderableType:
    answer: admin_pb2.QueryCallsResponse = ask("QueryCalls", admin_pb2.QueryCallsRequest(call_id=key, page_size=1))
    if not answer.calls:
        return Group(Text(), Text("this call is kept no longer"))
    one = answer.calls[0]
    return Group(
        Text(),
        pairs(
            [
                ("call", one.call_id),
                ("tool", one.tool),
                ("time", moment(one.time)),
                ("ended", call_view.outcome(one.classification)),
                ("arguments", one.arguments_json),
                ("error", one.error),
            ]
        ),
    )

"""`forewarn workflow`: runs that build something, from the intent to what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import group
from forewarn_cli.connection import knowledge, workflows

if TYPE_CHECKING:
    from forewarn.v1 import knowledge_pb2, workflow_pb2

app = group("Workflows: an intent, what was recommended, what was used and made of it.")

_BY_WORDS = {3: "being built", 4: "unavailable"}
"""SemanticState's numbers, said where a match could have been better."""

WorkflowId = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow's id.")]
OfScope = Annotated[str, typer.Option("--scope", metavar="NAME", help="Where it is built: a cluster, an environment.")]


@app.command("list")
def list_(
    context: typer.Context,
    scope: OfScope = "",
    outcome: Annotated[Literal["success", "failure", "abandoned"] | None, typer.Option(help="Ended so.")] = None,
    without_match: Annotated[bool, typer.Option("--without-match", help="Only without a good pattern.")] = False,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List workflows, newest first (administrators' door)."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli import knowledge_view
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import value

    request = knowledge_pb2.ListWorkflowsRequest(
        scope=scope,
        outcome=value(knowledge_pb2.WorkflowOutcome, outcome),
        only_without_match=without_match,
        page_token=page_token,
    )
    with knowledge(context) as ask:
        answer: knowledge_pb2.ListWorkflowsResponse = read(ask, "ListWorkflows", request, "workflows", limit)
    if json:
        show_json(answer)
    else:
        rows = [knowledge_view.workflow_row(one) for one in answer.workflows]
        Screen().table(knowledge_view.WORKFLOW_COLUMNS, rows, none="no such workflows")


@app.command()
def recommend(
    context: typer.Context,
    intent: Annotated[str, typer.Argument(metavar="INTENT", help="What somebody wants, in their words.")],
    scope: OfScope = "",
    limit: Annotated[int, typer.Option(min=1, max=20, help="How many patterns and how many policies.")] = 5,
    caller: options.Caller = "",
    session: options.Session = "",
    json: options.Json = False,
) -> None:
    """Find what there is for an intent, and begin a workflow."""
    from forewarn.v1 import workflow_pb2
    from forewarn_cli import knowledge_view
    from forewarn_cli.screen import Screen, Styled, show_json

    request = workflow_pb2.RecommendRequest(intent=intent, scope=scope, limit=limit, caller=caller, session_id=session)
    with workflows(context) as ask:
        answer: workflow_pb2.RecommendResponse = ask("Recommend", request)
    if json:
        show_json(answer)
        return
    screen = Screen()
    screen.pairs([("workflow", Styled(answer.workflow_id, "bold"))])
    found = [*answer.patterns, *answer.policies]
    screen.table(
        knowledge_view.MATCH_COLUMNS, [knowledge_view.match_row(one.match) for one in found], none="nothing matches"
    )
    if answer.no_good_pattern:
        screen.line(Styled("no pattern matches well", "yellow"))
    if not answer.complete:
        screen.line(Styled("the index is still being built: there may be more", "yellow"))
    if answer.semantic_state in _BY_WORDS:
        screen.line(Styled(f"matched by words alone: embeddings are {_BY_WORDS[answer.semantic_state]}", "yellow"))
    knowledge_view.also_used(screen, [(one.match.entity.id, one.also_used) for one in found])


@app.command()
def complete(
    context: typer.Context,
    workflow_id: WorkflowId,
    outcome: Annotated[Literal["success", "failure", "abandoned"], typer.Option(help="How it ended.")],
    used: Annotated[
        list[str] | None, typer.Option("--used", "-u", metavar="ID", help="A pattern or policy it used; repeatable.")
    ] = None,
    resource: Annotated[
        list[str] | None,
        typer.Option("--resource", "-r", metavar="KIND", help="A kind of resource it generated; repeatable."),
    ] = None,
    detail: Annotated[str, typer.Option(metavar="TEXT", help="Why it ended so; kept with it, secrets redacted.")] = "",
    json: options.Json = False,
) -> None:
    """Say what a workflow used and made, and how it ended."""
    from forewarn.v1 import knowledge_pb2, workflow_pb2
    from forewarn_cli.screen import Screen, Styled, show_json
    from forewarn_cli.wording import value

    request = workflow_pb2.CompleteWorkflowRequest(
        workflow_id=workflow_id,
        used=used or [],
        generated_resources=resource or [],
        outcome=value(knowledge_pb2.WorkflowOutcome, outcome),
        detail=detail,
    )
    with workflows(context) as ask:
        answer: workflow_pb2.CompleteWorkflowResponse = ask("CompleteWorkflow", request)
    if json:
        show_json(answer)
        return
    screen = Screen()
    screen.line(f"completed {workflow_id}" + (" (had been completed so before)" if answer.duplicate else ""))
    if answer.workflow.additions:
        screen.line(Styled(f"beyond what the patterns suggest: {', '.join(answer.workflow.additions)}", "dim"))


@app.command()
def show(context: typer.Context, workflow_id: WorkflowId, json: options.Json = False) -> None:
    """Show one workflow with its stages."""
    from forewarn.v1 import workflow_pb2

    with workflows(context) as ask:
        answer: workflow_pb2.GetWorkflowResponse = ask(
            "GetWorkflow", workflow_pb2.GetWorkflowRequest(workflow_id=workflow_id)
        )
    _show(answer.workflow, json)


@app.command()
def watch(context: typer.Context, workflow_id: WorkflowId, json: options.Json = False) -> None:
    """Show one workflow now and whenever a stage changes, until the last stage has its result."""
    from forewarn.v1 import workflow_pb2

    with workflows(context) as ask:
        for answer in ask.stream("WatchWorkflow", workflow_pb2.WatchWorkflowRequest(workflow_id=workflow_id)):
            _show(answer.workflow, json, line=True)


def _show(workflow: knowledge_pb2.Workflow, json: bool, *, line: bool = False) -> None:
    from forewarn_cli import knowledge_view
    from forewarn_cli.screen import Screen, show_json

    if json:
        show_json(workflow, line=line)
        return
    screen = Screen()
    knowledge_view.show_workflow(screen, workflow)
    screen.flush()

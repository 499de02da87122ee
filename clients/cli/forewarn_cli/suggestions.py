"""`forewarn suggestions`: the inbox of drafted changes, and what a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import group
from forewarn_cli.connection import inbox

if TYPE_CHECKING:
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli import deciding

app = group("Suggested patterns and policies. `forewarn suggestions` alone lists those that wait for you.")

SuggestionId = Annotated[str, typer.Argument(metavar="ID", help="The suggestion's id; its first digits will do.")]
StateWord = Literal[
    "pending", "approved", "modified", "rejected", "dismissed", "expired", "superseded", "reverted", "any"
]
TypeWord = Literal["create-pattern", "update-pattern", "create-policy", "deprecate-pattern"]
Actor = Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides; your user name by default.")]


@app.command("list")
def list_suggestions(
    context: typer.Context,
    state: Annotated[StateWord, typer.Option(help="In this state.")] = "pending",
    type_: Annotated[TypeWord | None, typer.Option("--type", help="Only of this type.")] = None,
    min_confidence: Annotated[float, typer.Option(min=0, max=1, metavar="P", help="Only at least so sure.")] = 0.0,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List suggestions, newest first."""
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli import suggestion_view
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import value

    request = suggestion_pb2.ListSuggestionsRequest(
        state=value(suggestion_pb2.SuggestionState, None if state == "any" else state),
        any_state=state == "any",
        type=value(suggestion_pb2.SuggestionType, type_),
        min_confidence=min_confidence,
        page_token=page_token,
    )
    with inbox(context) as ask:
        answer: suggestion_pb2.ListSuggestionsResponse = read(ask, "ListSuggestions", request, "suggestions", limit)
    if json:
        show_json(answer)
    else:
        rows = [suggestion_view.row(one) for one in answer.suggestions]
        Screen().table(suggestion_view.COLUMNS, rows, none="nothing is suggested")


@app.command()
def show(context: typer.Context, suggestion_id: SuggestionId, json: options.Json = False) -> None:
    """Show one with its evidence, and what it would change, as a diff; of a policy, what it would have prevented.

    For that its rules run over the newest 10,000 recorded calls. It is not part of --json: `what-if --json` is it.
    """
    from forewarn_cli import deciding, suggestion_view
    from forewarn_cli.screen import Screen, show_json

    with inbox(context) as ask:
        answer = deciding.get(ask, suggestion_id)
        if json:
            show_json(answer)
            return
        suggestion_view.show(Screen(), answer)
        if answer.suggestion.draft.policy_document:
            suggestion_view.what_if(Screen(), _what_if(ask, answer.suggestion.suggestion_id))


@app.command("what-if")
def what_if(
    context: typer.Context,
    suggestion_id: SuggestionId,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the newest recorded calls.")] = 10_000,
    json: options.Json = False,
) -> None:
    """Show what a suggested policy would have prevented over recorded calls, and what became of those."""
    from forewarn_cli import deciding, suggestion_view
    from forewarn_cli.screen import Screen, show_json

    with inbox(context) as ask:
        answer = _what_if(ask, deciding.full_id(ask, suggestion_id), limit)
    if json:
        show_json(answer)
    else:
        suggestion_view.what_if(Screen(), answer)


@app.command()
def approve(context: typer.Context, suggestion_id: SuggestionId, actor: Actor = "", json: options.Json = False) -> None:
    """Do what is suggested: create, change or deprecate."""
    _decide(context, "approve", suggestion_id, actor, "", json)


@app.command()
def modify(
    context: typer.Context,
    suggestion_id: SuggestionId,
    file: Annotated[
        str, typer.Option(metavar="PATH|-", help="Take the draft from a file (YAML), or stdin; no editor opens.")
    ] = "",
    reason: options.Reason = "",
    actor: Actor = "",
    json: options.Json = False,
) -> None:
    """Change the draft in $EDITOR, and do that. An empty file, or one that is as it was, does nothing (exit code 1)."""
    from forewarn_cli import deciding, draft_file

    with inbox(context) as ask:
        found = deciding.get(ask, suggestion_id).suggestion
        if file:
            answer = deciding.modify(ask, found, draft_file.read(file), actor=actor, reason=reason)
        else:
            answer = deciding.edit_and_modify(ask, found, draft_file.edit, actor=actor, reason=reason)
    _done(answer, json)


@app.command()
def reject(
    context: typer.Context,
    suggestion_id: SuggestionId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the history.")],
    actor: Actor = "",
    json: options.Json = False,
) -> None:
    """Say no. It does not come back for 90 days."""
    _decide(context, "reject", suggestion_id, actor, reason, json)


@app.command()
def dismiss(
    context: typer.Context,
    suggestion_id: SuggestionId,
    reason: options.Reason = "",
    actor: Actor = "",
    json: options.Json = False,
) -> None:
    """Say not now. It does not come back for 14 days."""
    _decide(context, "dismiss", suggestion_id, actor, reason, json)


@app.command()
def undo(
    context: typer.Context,
    suggestion_id: SuggestionId,
    reason: options.Reason = "",
    actor: Actor = "",
    json: options.Json = False,
) -> None:
    """Take a decision back: revert what was approved, or put what was refused back into the inbox."""
    _decide(context, "undo", suggestion_id, actor, reason, json)


@app.command()
def watch(context: typer.Context, json: options.Json = False) -> None:
    """Follow the inbox: what is pending, then every change, until Ctrl-C. With --json, a line for each."""
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli import suggestion_view
    from forewarn_cli.screen import Screen, show_json

    screen = Screen()
    with inbox(context) as ask:
        answer: suggestion_pb2.WatchSuggestionsResponse
        for answer in ask.stream("WatchSuggestions", suggestion_pb2.WatchSuggestionsRequest()):
            if json:
                show_json(answer, line=True)
            else:
                screen.line(*suggestion_view.line(answer.suggestion))
                screen.flush()


@app.command()
def generate(context: typer.Context, json: options.Json = False) -> None:
    """Look for suggestions now, over all recent workflows and calls. They also come by themselves."""
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli import suggestion_view
    from forewarn_cli.screen import Screen, show_json

    with inbox(context) as ask:
        answer: suggestion_pb2.GenerateSuggestionsResponse = ask(
            "GenerateSuggestions", suggestion_pb2.GenerateSuggestionsRequest(), patient=True
        )
    if json:
        show_json(answer)
        return
    screen = Screen()
    screen.table(suggestion_view.COLUMNS, [suggestion_view.row(one) for one in answer.created], none="nothing new")
    screen.pairs(
        [
            ("renewed", str(answer.renewed) if answer.renewed else ""),
            ("decided not long ago", str(answer.refused) if answer.refused else ""),
            ("not sure enough", str(answer.unsure) if answer.unsure else ""),
            ("beyond the limits of a day or of the inbox", str(answer.too_many) if answer.too_many else ""),
        ]
    )


@app.command()
def history(
    context: typer.Context,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """Show what became of suggestions, how many were accepted, and whether what came of them is used."""
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli import suggestion_view
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json

    request = suggestion_pb2.ListSuggestionHistoryRequest(page_token=page_token)
    with inbox(context) as ask:
        answer: suggestion_pb2.ListSuggestionHistoryResponse = read(
            ask, "ListSuggestionHistory", request, "entries", limit
        )
    if json:
        show_json(answer)
    else:
        suggestion_view.history(Screen(), answer)


def _what_if(ask: Any, suggestion_id: str, limit: int = 0) -> suggestion_pb2.WhatIfSuggestionResponse:
    from forewarn.v1 import suggestion_pb2

    request = suggestion_pb2.WhatIfSuggestionRequest(suggestion_id=suggestion_id, limit=limit)
    answer: suggestion_pb2.WhatIfSuggestionResponse = ask("WhatIfSuggestion", request, patient=True)
    return answer


def _decide(
    context: typer.Context, verb: deciding.Verb, suggestion_id: str, actor: str, reason: str, json: bool
) -> None:
    from forewarn_cli import deciding

    with inbox(context) as ask:
        answer = deciding.decide(ask, verb, deciding.full_id(ask, suggestion_id), actor=actor, reason=reason)
    _done(answer, json)


def _done(answer: Any, json: bool) -> None:
    from forewarn_cli import suggestion_view
    from forewarn_cli.screen import Screen, show_json

    if json:
        show_json(answer)
    else:
        suggestion_view.decided(Screen(), answer)

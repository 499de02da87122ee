"""`forewarn knowledge`: organisational patterns and policies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.asking import me
from forewarn_cli.commands import group
from forewarn_cli.connection import knowledge as door
from forewarn_cli.faults import EXIT_NEGATIVE, UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import knowledge_pb2

app = group("Organisational patterns and policies: what to build, and what must hold of it.")

Kind = Annotated[Literal["pattern", "policy"] | None, typer.Option(help="Only of this kind.")]
EntityId = Annotated[str, typer.Argument(metavar="ID", help="The pattern's or policy's id.")]
Author = Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; you by default.")]
Etag = Annotated[str, typer.Option(metavar="ETAG", help="Only if nothing has changed since this etag was shown.")]
EntityFile = Annotated[str, typer.Argument(metavar="FILE", help="One entity as YAML; - is stdin.")]


@app.command("list")
def list_(
    context: typer.Context,
    kind: Kind = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted ones too.")] = False,
    min_recommended: Annotated[int, typer.Option(min=0, help="Only recommended at least so often.")] = 0,
    max_used: Annotated[int, typer.Option(min=0, help="Only used at most so often; 0: however often.")] = 0,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List patterns and policies with how they are used."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli import knowledge_view
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import value

    request = knowledge_pb2.ListEntitiesRequest(
        kind=value(knowledge_pb2.EntityKind, kind),
        show_deleted=deleted,
        min_times_recommended=min_recommended,
        max_times_used=max_used,
        page_token=page_token,
    )
    with door(context) as ask:
        answer: knowledge_pb2.ListEntitiesResponse = read(ask, "ListEntities", request, "entities", limit)
    if json:
        show_json(answer)
    else:
        rows = [knowledge_view.row(one) for one in answer.entities]
        Screen().table(knowledge_view.COLUMNS, rows, none="nothing is known yet; forewarn knowledge import FILE")


@app.command()
def show(
    context: typer.Context,
    entity_id: EntityId,
    revision: Annotated[int, typer.Option(min=0, help="As it was at this revision.")] = 0,
    json: options.Json = False,
) -> None:
    """Show one, with how it is used, in each scope and with what else."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli import knowledge_view
    from forewarn_cli.screen import Screen, as_document, show_json

    with door(context) as ask:
        answer = ask("GetEntity", knowledge_pb2.GetEntityRequest(id=entity_id, revision=revision))
        metrics = ask("GetUsageMetrics", knowledge_pb2.GetUsageMetricsRequest(id=entity_id))
    if json:
        show_json(as_document(answer) | {"metrics": as_document(metrics)})
        return
    screen = Screen()
    knowledge_view.show(screen, answer.entity)
    screen.line()
    knowledge_view.show_metrics(screen, metrics)


@app.command()
def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for.")],
    kind: Kind = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of each kind.")] = 10,
    json: options.Json = False,
) -> None:
    """Find what matches a text, as workflows find it. Counts nothing."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli import knowledge_view
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import value

    request = knowledge_pb2.SearchEntitiesRequest(query=text, kind=value(knowledge_pb2.EntityKind, kind), limit=limit)
    with door(context) as ask:
        answer: knowledge_pb2.SearchEntitiesResponse = ask("SearchEntities", request)
    if json:
        show_json(answer)
    else:
        rows = [knowledge_view.match_row(one) for one in answer.matches]
        Screen().table(knowledge_view.MATCH_COLUMNS, rows, none="nothing matches")


@app.command()
def create(context: typer.Context, file: EntityFile, author: Author = None, json: options.Json = False) -> None:
    """Create one from YAML: kind, description, triggers, suggestedResources, rationale, policyDocument, id."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.knowledge_files import read_bytes, read_entity

    entity = read_entity(read_bytes(file), file)
    with door(context) as ask:
        answer = ask("CreateEntity", knowledge_pb2.CreateEntityRequest(entity=entity, author=_author(author)))
    _changed(answer, "created", json)


@app.command()
def update(
    context: typer.Context, file: EntityFile, etag: Etag = "", author: Author = None, json: options.Json = False
) -> None:
    """Change one as YAML says; its id is in the file."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.knowledge_files import read_bytes, read_entity

    entity = read_entity(read_bytes(file), file)
    if not entity.id:
        raise UsageFault(f"{file}: id is missing")
    entity.etag = etag
    with door(context) as ask:
        answer = ask("UpdateEntity", knowledge_pb2.UpdateEntityRequest(entity=entity, author=_author(author)))
    _changed(answer, "changed", json)


@app.command()
def edit(context: typer.Context, entity_id: EntityId, author: Author = None, json: options.Json = False) -> None:
    """Change one in $EDITOR. Refused where somebody else changed it meanwhile."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.knowledge_files import as_yaml, edited, read_entity

    with door(context) as ask:
        before = ask("GetEntity", knowledge_pb2.GetEntityRequest(id=entity_id)).entity
        text = as_yaml(before)
        after = edited(text)
        if after == text or not after.strip():
            print("nothing was changed", file=sys.stderr)
            return
        entity = read_entity(after.encode(), "what was edited")
        if entity.id != entity_id:
            raise UsageFault("the id cannot be changed; create another")
        entity.etag = before.etag
        answer = ask("UpdateEntity", knowledge_pb2.UpdateEntityRequest(entity=entity, author=_author(author)))
    _changed(answer, "changed", json)


@app.command()
def delete(
    context: typer.Context,
    entity_id: EntityId,
    permanently: Annotated[bool, typer.Option("--permanently", help="For good, with its revisions.")] = False,
    etag: Etag = "",
    author: Author = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Delete one; it can be restored, unless --permanently."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.asking import confirm

    if permanently:
        confirm(f"Remove {entity_id} and its revisions for good?", yes)
    request = knowledge_pb2.DeleteEntityRequest(
        id=entity_id, etag=etag, author=_author(author), permanently=permanently
    )
    with door(context) as ask:
        answer = ask("DeleteEntity", request)
    _changed(answer, "removed" if permanently else "deleted", json)


@app.command()
def restore(
    context: typer.Context,
    entity_id: EntityId,
    revision: Annotated[int, typer.Option(min=0, help="As it was at this revision; 0: take the deletion back.")] = 0,
    etag: Etag = "",
    author: Author = None,
    json: options.Json = False,
) -> None:
    """Take a deletion back, or go back to an earlier revision."""
    from forewarn.v1 import knowledge_pb2

    request = knowledge_pb2.RestoreEntityRequest(id=entity_id, revision=revision, etag=etag, author=_author(author))
    with door(context) as ask:
        answer = ask("RestoreEntity", request)
    _changed(answer, "restored", json)


@app.command()
def revisions(
    context: typer.Context, entity_id: EntityId, limit: options.Limit = 50, json: options.Json = False
) -> None:
    """List the revisions of one, newest first."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Brief, Screen, show_json
    from forewarn_cli.wording import moment

    request = knowledge_pb2.ListEntityRevisionsRequest(id=entity_id)
    with door(context) as ask:
        answer: knowledge_pb2.ListEntityRevisionsResponse = read(
            ask, "ListEntityRevisions", request, "revisions", limit
        )
    if json:
        show_json(answer)
        return
    rows = [
        [
            str(one.revision),
            moment(one.updated_at),
            one.updated_by,
            "deleted" if one.HasField("deleted_at") else "",
            Brief(one.description, 100),
        ]
        for one in answer.revisions
    ]
    Screen().table([">revision", "changed", "by", "state", "description"], rows)


@app.command("import")
def import_(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="knowledge.yaml documents; - is stdin.")],
    author: Author = None,
    json: options.Json = False,
) -> None:
    """Read patterns and policies from YAML. Each file all or nothing."""
    from forewarn_cli.knowledge_files import pieces, read_bytes
    from forewarn_cli.screen import as_document, show_json

    documents = [(file, read_bytes(file)) for file in files]
    done = []
    with door(context) as ask:
        for file, document in documents:
            answer = ask("ImportEntities", pieces(document, _author(author)), patient=True)
            done.append({"file": file} | as_document(answer))
            if not json:
                print(f"{file}: {answer.created} created, {answer.updated} changed, {answer.unchanged} unchanged")
    if json:
        show_json(done)


@app.command("export")
def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to write; stdout by default.")] = "-",
    kind: Kind = None,
    anonymised: Annotated[
        bool, typer.Option("--anonymised", help="For others: no people, times, hosts, policy documents; few counts.")
    ] = False,
    hide: Annotated[list[str] | None, typer.Option(metavar="WORD", help="A word of yours to hide; repeatable.")] = None,
) -> None:
    """Write patterns and policies as YAML, whole or not at all."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.wording import value

    if hide and not anonymised:
        raise UsageFault("--hide needs --anonymised")
    request = knowledge_pb2.ExportEntitiesRequest(
        kind=value(knowledge_pb2.EntityKind, kind), anonymised=anonymised, hide=hide or []
    )
    with door(context) as ask:
        document = b"".join(chunk.chunk for chunk in ask.stream("ExportEntities", request))
    if file == "-":
        sys.stdout.buffer.write(document)
        return
    target = Path(file).resolve()
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(document)
        part.replace(target)
    except OSError as error:
        raise UsageFault(f"cannot write {file}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


@app.command()
def stats(context: typer.Context, json: options.Json = False) -> None:
    """Show what was counted over all workflows, and how relevance becomes a probability of use."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import percent

    with door(context) as ask:
        answer: knowledge_pb2.GetKnowledgeStatsResponse = ask(
            "GetKnowledgeStats", knowledge_pb2.GetKnowledgeStatsRequest()
        )
    if json:
        show_json(answer)
        return
    screen = Screen()
    indexed = f"{answer.indexed} can be found" + ("" if answer.index_complete else ", more to come")
    screen.pairs(
        [
            ("entities", f"{answer.entities}, {indexed}"),
            ("workflows", f"{answer.workflows_started} begun, {answer.workflows_completed} completed"),
            ("outcomes", f"{answer.succeeded} succeeded, {answer.failed} failed, {answer.abandoned} abandoned"),
            ("without a good match", str(answer.without_match)),
            ("events in the journal", str(answer.events)),
            ("meaning", _meaning(answer)),
        ]
    )
    screen.line()
    rows = [
        [
            f"{one.low * 100:.0f}–{one.high * 100:.0f} %",
            str(one.shown),
            str(one.used),
            percent(one.probability, 0),
            screen.bar(one.probability, 1.0),
        ]
        for one in answer.calibration
        if one.shown
    ]
    screen.table(
        ["relevance", ">shown", ">used", ">probability of use", ""], rows, none="no workflow was completed yet"
    )


@app.command()
def verify(context: typer.Context, json: options.Json = False) -> None:
    """Compute all metrics anew from the journal and compare. Exit code 1 where they differ."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.screen import Screen, Styled, show_json
    from forewarn_cli.wording import counted

    with door(context) as ask:
        answer: knowledge_pb2.VerifyUsageMetricsResponse = ask(
            "VerifyUsageMetrics", knowledge_pb2.VerifyUsageMetricsRequest(), patient=True
        )
    if json:
        show_json(answer)
    else:
        screen = Screen()
        for problem in answer.problems:
            screen.line(Styled(problem, "red"))
        verdict = "all metrics are what the journal says" if answer.ok else "the metrics are not what the journal says"
        looked_at = f" ({counted(answer.events, 'event')}, {counted(answer.rows, 'row')})"
        screen.line(Styled(verdict, "green" if answer.ok else "red"), looked_at)
    if not answer.ok:
        raise typer.Exit(EXIT_NEGATIVE)


def _meaning(answer: knowledge_pb2.GetKnowledgeStatsResponse) -> str:
    """Whether embeddings have a part in matching; nothing where the daemon has none."""
    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.wording import counted, label

    if answer.semantic_state in (knowledge_pb2.SEMANTIC_STATE_UNSPECIFIED, knowledge_pb2.SEMANTIC_STATE_OFF):
        return ""
    state = label(knowledge_pb2.SemanticState, answer.semantic_state)
    without = (
        f", {counted(answer.semantic_fallbacks, 'search', 'searches')} without" if answer.semantic_fallbacks else ""
    )
    return f"{state}, {counted(answer.vectors, 'vector')}{without}"


def _author(author: str | None) -> str:
    return me() if author is None else author


def _changed(
    answer: knowledge_pb2.CreateEntityResponse
    | knowledge_pb2.UpdateEntityResponse
    | knowledge_pb2.DeleteEntityResponse
    | knowledge_pb2.RestoreEntityResponse,
    verb: str,
    json: bool,
) -> None:
    from forewarn_cli.screen import Screen, show_json

    if json:
        show_json(answer)
    else:
        Screen().line(f"{verb} {answer.entity.id}, revision {answer.entity.revision}")

"""Organisational patterns and policies: find, show, create, update, delete, restore."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from forewarn.v1 import knowledge_pb2 as pb
from forewarn_mcp import rpcs
from forewarn_mcp.answering import Told, counted
from forewarn_mcp.messages import as_json, schema, word
from forewarn_mcp.tool import Input, Limit, PageToken, Session, Tool, Words, quoted

_SERVICE: Final = "KnowledgeService"
_KINDS: Final = {"pattern": pb.ENTITY_KIND_PATTERN, "policy": pb.ENTITY_KIND_POLICY}
_IN_LISTS: Final = tuple(f"entities.{name}" for name in ("policy_document", "rationale"))
_IN_MATCHES: Final = tuple(f"matches.entity.{name}" for name in ("policy_document", "usage_metrics"))

KindWord = Literal["pattern", "policy"]
OfKind = Annotated[KindWord | None, Field(description="Only of this kind.")]
EntityId = Annotated[str, Field(min_length=1, max_length=128, description="The pattern's or policy's id.")]
Etag = Annotated[
    str,
    Field(max_length=64, description="Only if nothing has changed since this etag was shown; empty: in any case."),
]


class Listed(Input):
    """Which to list."""

    kind: OfKind = None
    deleted: Annotated[bool, Field(description="Deleted ones too.")] = False
    limit: Limit = 20
    page_token: PageToken = ""


class Searched(Input):
    """What to look for."""

    query: Annotated[str, Field(min_length=1, max_length=8192, description="The text.")]
    kind: OfKind = None
    limit: Annotated[int, Field(ge=1, le=100, description="How many of each kind at most.")] = 10


class Shown(Input):
    """Which one."""

    id: EntityId
    revision: Annotated[int, Field(ge=0, le=0xFFFFFFFF, description="As it was at this revision; 0: as it is.")] = 0


Description = Annotated[str, Field(min_length=1, max_length=4096, description="What it is, in a sentence or some.")]
Triggers = Annotated[Words, Field(max_length=64, description="Words and phrases of intents that it is for.")]
Resources = Annotated[
    Words, Field(max_length=128, description='Kinds of resources that it is made of, as "StatefulSet".')
]
Rationale = Annotated[str, Field(max_length=16384, description="Why it is as it is.")]
Document = Annotated[
    str,
    Field(
        max_length=262144, description="Of a policy: a Forewarn policy document (YAML) that enforces it on tool calls."
    ),
]


class Created(Input):
    """What to create."""

    kind: Annotated[KindWord, Field(description="pattern: what to build; policy: what must hold of it.")]
    description: Description
    triggers: Triggers = ()
    suggested_resources: Resources = ()
    rationale: Rationale = ""
    policy_document: Document = ""
    id: Annotated[
        str,
        Field(max_length=128, pattern=r"^([a-z0-9][a-z0-9._-]*)?$", description="Empty: made of the description."),
    ] = ""


class Updated(Input):
    """What to change; what is not given stays."""

    id: EntityId
    etag: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            description="The etag that show_knowledge showed. If it has changed since, nothing is done.",
        ),
    ]
    description: Description | None = None
    triggers: Triggers | None = None
    suggested_resources: Resources | None = None
    rationale: Rationale | None = None
    policy_document: Document | None = None


class Deleted(Input):
    """What to delete."""

    id: EntityId
    etag: Etag = ""


class Restored(Input):
    """What to restore."""

    id: EntityId
    etag: Etag = ""
    revision: Annotated[
        int,
        Field(ge=0, le=0xFFFFFFFF, description="Go back to this revision; 0: take the deletion back."),
    ] = 0


async def _list(session: Session, asked: Listed) -> Told:
    request = pb.ListEntitiesRequest(
        kind=_kind(asked.kind), show_deleted=asked.deleted, page_size=asked.limit, page_token=asked.page_token
    )
    answer = await session.ask(rpcs.LIST_ENTITIES, request)
    more = " There are more: nextPageToken." if answer.next_page_token else ""
    found = counted(len(answer.entities), "pattern or policy", "patterns and policies")
    return Told(f"{found}.{more}", as_json(answer, _IN_LISTS))


async def _search(session: Session, asked: Searched) -> Told:
    request = pb.SearchEntitiesRequest(query=asked.query, kind=_kind(asked.kind), limit=asked.limit)
    answer = await session.ask(rpcs.SEARCH_ENTITIES, request)
    good = sum(not one.weak for one in answer.matches)
    incomplete = "" if answer.complete else " The index is still being built: there may be more."
    found = counted(len(answer.matches), "match", "matches")
    return Told(f"{found}, {good} of them good.{incomplete}", as_json(answer, _IN_MATCHES))


async def _show(session: Session, asked: Shown) -> Told:
    answer = await session.ask(rpcs.GET_ENTITY, pb.GetEntityRequest(id=asked.id, revision=asked.revision))
    one = answer.entity
    gone = ", deleted" if one.HasField("deleted_at") else ""
    kind = word(pb.EntityKind.DESCRIPTOR, one.kind)
    return Told(f"{kind} {one.id}, revision {one.revision}{gone}.", as_json(answer))


async def _create(session: Session, asked: Created) -> Told:
    entity = pb.OrganisationalEntity(
        id=asked.id, kind=_kind(asked.kind), description=asked.description, triggers=asked.triggers,
        rationale=asked.rationale, suggested_resources=asked.suggested_resources, policy_document=asked.policy_document,
    )  # fmt: skip
    answer = await session.ask(rpcs.CREATE_ENTITY, pb.CreateEntityRequest(entity=entity, author=session.actor))
    return _changed("created", answer)


async def _update(session: Session, asked: Updated) -> Told:
    entity = (await session.ask(rpcs.GET_ENTITY, pb.GetEntityRequest(id=asked.id))).entity
    entity.etag = asked.etag
    for name in ("description", "rationale", "policy_document"):
        if (text := getattr(asked, name)) is not None:
            setattr(entity, name, text)
    for name in ("triggers", "suggested_resources"):
        if (words := getattr(asked, name)) is not None:
            del getattr(entity, name)[:]
            getattr(entity, name).extend(words)
    answer = await session.ask(rpcs.UPDATE_ENTITY, pb.UpdateEntityRequest(entity=entity, author=session.actor))
    return _changed("changed", answer)


async def _delete(session: Session, asked: Deleted) -> Told:
    request = pb.DeleteEntityRequest(id=asked.id, etag=asked.etag, author=session.actor)
    return _changed("deleted", await session.ask(rpcs.DELETE_ENTITY, request))


async def _restore(session: Session, asked: Restored) -> Told:
    request = pb.RestoreEntityRequest(id=asked.id, etag=asked.etag, author=session.actor, revision=asked.revision)
    return _changed("restored", await session.ask(rpcs.RESTORE_ENTITY, request))


def _kind(meant: KindWord | None) -> pb.EntityKind.ValueType:
    return _KINDS[meant] if meant else pb.ENTITY_KIND_UNSPECIFIED


def _changed(verb: str, answer: Any) -> Told:
    return Told(f"{verb} {answer.entity.id}, revision {answer.entity.revision}.", as_json(answer))


# What a person is asked ---------------------------------------------------------------------------------------------


async def _before_creating(_: Session, asked: Created) -> str:
    name = f" {asked.id}" if asked.id else ""
    return f"Create a {asked.kind}{name}?\n{_fields_in_words(asked)}"


async def _before_updating(session: Session, asked: Updated) -> str:
    one = (await session.ask(rpcs.GET_ENTITY, pb.GetEntityRequest(id=asked.id))).entity
    return f"Change {one.id}, revision {one.revision}, {quoted(one.description)}?\n{_fields_in_words(asked)}"


async def _before_deleting(session: Session, asked: Deleted) -> str:
    one = (await session.ask(rpcs.GET_ENTITY, pb.GetEntityRequest(id=asked.id))).entity
    return f"Delete {one.id}, {quoted(one.description)}? It can be restored."


async def _before_restoring(session: Session, asked: Restored) -> str:
    one = (await session.ask(rpcs.GET_ENTITY, pb.GetEntityRequest(id=asked.id))).entity
    to = f" as it was at revision {asked.revision}" if asked.revision else ""
    return f"Restore {one.id}{to}? It is {quoted(one.description)} now."


def _fields_in_words(asked: Created | Updated) -> str:
    parts = []
    for name in ("description", "triggers", "suggested_resources", "rationale", "policy_document"):
        value = getattr(asked, name)
        if value:
            text = ", ".join(value) if isinstance(value, tuple) else value
            parts.append(f"{name.replace('_', ' ')}: {quoted(text, 1000 if name == 'policy_document' else 300)}")
        elif value is not None and isinstance(asked, Updated):
            parts.append(f"{name.replace('_', ' ')}: none any more")
    return "; ".join(parts)


TOOLS: Final[tuple[Tool[Any], ...]] = (
    Tool(
        "list_knowledge",
        "List patterns and policies",
        "Organisational patterns and policies by id, with how they are used.",
        Listed,
        schema(pb.ListEntitiesResponse.DESCRIPTOR, _IN_LISTS),
        _list,
        _SERVICE,
        read_only=True,
    ),
    Tool(
        "search_knowledge",
        "Search patterns and policies",
        "Patterns and policies that match a text, best first, as recommend finds them. Begins no workflow and "
        "counts nothing.",
        Searched,
        schema(pb.SearchEntitiesResponse.DESCRIPTOR, _IN_MATCHES),
        _search,
        _SERVICE,
        read_only=True,
    ),
    Tool(
        "show_knowledge",
        "Show a pattern or policy",
        "One pattern or policy with its usage metrics, revision and etag.",
        Shown,
        schema(pb.GetEntityResponse.DESCRIPTOR),
        _show,
        _SERVICE,
        read_only=True,
    ),
    Tool(
        "create_knowledge",
        "Create a pattern or policy",
        "Creates an organisational pattern or policy. Only when the user wants it.",
        Created,
        schema(pb.CreateEntityResponse.DESCRIPTOR),
        _create,
        _SERVICE,
        question=_before_creating,
    ),
    Tool(
        "update_knowledge",
        "Update a pattern or policy",
        "Changes the fields that are given, as a new revision; the others stay. Only when the user wants it.",
        Updated,
        schema(pb.UpdateEntityResponse.DESCRIPTOR),
        _update,
        _SERVICE,
        destructive=True,
        idempotent=True,
        question=_before_updating,
    ),
    Tool(
        "delete_knowledge",
        "Delete a pattern or policy",
        "Deletes one: it matches nothing any more, and can be restored. Only when the user wants it.",
        Deleted,
        schema(pb.DeleteEntityResponse.DESCRIPTOR),
        _delete,
        _SERVICE,
        destructive=True,
        idempotent=True,
        question=_before_deleting,
    ),
    Tool(
        "restore_knowledge",
        "Restore a pattern or policy",
        "Takes a deletion back, or goes back to an earlier revision, as a new revision. Only when the user wants it.",
        Restored,
        schema(pb.RestoreEntityResponse.DESCRIPTOR),
        _restore,
        _SERVICE,
        destructive=True,
        question=_before_restoring,
    ),
)

"""``knowledge.yaml``: entities out of the store and into it, for people to read, edit, version and share.

    forewarn: knowledge
    version: 1
    patterns:
      - id: public-web-app
        description: Public web application without state
        triggers: [public, web, stateless]
        suggestedResources: [Deployment, Service, Ingress]
        rationale: Replicas behind one entry scale and survive a node.
    policies: []

The names are those of the API's JSON. ``usageMetrics`` are written for whoever reads the document; what is read from
one is not taken over, because metrics are made from our own journal alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Final, NamedTuple

from ..clock import Clock
from ..model.errors import InvalidArgumentError
from ..model.knowledge import Content, Entity, EntityKind
from ..store.reader import Reader
from ..store.store import Store
from ..store.transaction import WriteTransaction
from ..yaml_tree import Node, NotReadableError
from .anonymising import Anonymiser
from .documents import read_document
from .errors import AlreadyExistsError
from .reading import usage_of
from .repository import KnowledgeRepository
from .tables import ENTITIES
from .writing import entity_lines

VERSION: Final = "1"
_SECTIONS: Final = {EntityKind.PATTERN: "patterns", EntityKind.POLICY: "policies"}
#: Rows that are read of the store at a time.
_PIECE: Final = 200
_TEXTS: Final = {"id": 128, "description": 4096, "rationale": 16_384, "policyDocument": 262_144, "createdBy": 256}
_LISTS: Final = {"triggers": 64, "suggestedResources": 128}
_NAME_BYTES: Final = 256
_IGNORED: Final = frozenset({"createdAt", "usageMetrics"})


class Imported(NamedTuple):
    """What an import did. ``changed`` are the entities that were written."""

    created: int
    updated: int
    unchanged: int
    changed: tuple[tuple[EntityKind, str], ...]


class Item(NamedTuple):
    """One entity of a document."""

    kind: EntityKind
    id: str
    content: Content
    created_by: str


def export_entities(
    store: Store, kind: EntityKind | None = None, anonymiser: Anonymiser | None = None
) -> Iterator[str]:
    """The document, in pieces. Each piece is one snapshot, so that no reader is held for long."""
    yield f"forewarn: knowledge\nversion: {VERSION}\n"
    for one, name in _SECTIONS.items():
        lines = _lines(store, one, anonymiser) if kind in (None, one) else iter(())
        first = next(lines, "")
        yield f"{name}:\n{first}" if first else f"{name}: []\n"
        yield from lines


def _lines(store: Store, kind: EntityKind, anonymiser: Anonymiser | None) -> Iterator[str]:
    start, stop = bytes((kind,)), bytes((kind + 1,))
    while True:
        with store.read() as reader:
            rows = list(reader.scan(ENTITIES, start, stop, limit=_PIECE))
            piece = "".join(_item(reader, entity, anonymiser) for _, entity in rows if not entity.deleted_time)
        if piece:
            yield piece
        if len(rows) < _PIECE:
            return
        start = rows[-1][0] + b"\0"


def _item(reader: Reader, entity: Entity, anonymiser: Anonymiser | None) -> str:
    usage = usage_of(reader, entity.id)
    if anonymiser is not None:
        entity, usage = anonymiser.entity(entity), anonymiser.usage(usage)
    return "\n".join(entity_lines(entity, usage)) + "\n"


def import_entities(
    store: Store, repository: KnowledgeRepository, document: bytes, author: str, clock: Clock
) -> Future[Imported]:
    """Keep the entities of a document, all or nothing; those that are there are changed where they differ.

    Raises InvalidArgumentError naming the item and its field; the future may raise AlreadyExistsError where an id is
    that of an entity of the other kind, KnowledgeFullError and the store's errors.
    """
    items = read_items(document, repository)
    now = clock()

    def job(txn: WriteTransaction) -> Imported:
        created = updated = 0
        changed: list[tuple[EntityKind, str]] = []
        for item in items:
            before = repository.find(txn, item.id)
            if before is None:
                repository.create_in(txn, item.kind, item.id, item.content, item.created_by or author, "imported", now)
                created += 1
            elif before.kind is not item.kind:
                raise AlreadyExistsError(f"{item.id} is a {before.kind.name.lower()}")
            else:
                after = repository.update_in(txn, before, item.content, author, now)
                if after is before:
                    continue
                created += bool(before.deleted_time)
                updated += not before.deleted_time
            changed.append((item.kind, item.id))
        return Imported(created, updated, len(items) - created - updated, tuple(changed))

    return store.submit(job)


def read_items(document: bytes, repository: KnowledgeRepository) -> list[Item]:
    """The entities of a document, redacted and checked. Raises InvalidArgumentError."""
    try:
        root = read_document(document)
    except NotReadableError as error:
        raise InvalidArgumentError("document", f"line {error.line}: {error}" if error.line else str(error)) from None
    if not isinstance(root, dict) or root.get("forewarn") != "knowledge":
        raise InvalidArgumentError("document", "must begin with “forewarn: knowledge”")
    if root.get("version", VERSION) != VERSION:
        raise InvalidArgumentError("version", f"must be {VERSION}", limit=VERSION)
    unknown = root.keys() - {"forewarn", "version", *_SECTIONS.values()}
    if unknown:
        raise InvalidArgumentError(min(unknown)[:40], "is not known here; expected: patterns, policies")
    items = list(itertools.chain.from_iterable(_section(root, kind, repository) for kind in _SECTIONS))
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InvalidArgumentError("id", f"{item.id} stands twice")
        seen.add(item.id)
    return items


def _section(root: dict[str, Node], kind: EntityKind, repository: KnowledgeRepository) -> Iterator[Item]:
    name = _SECTIONS[kind]
    nodes = root.get(name, [])
    if not isinstance(nodes, list):
        raise InvalidArgumentError(name, "must be a list")
    for index, node in enumerate(nodes):
        where = f"{name}[{index}]"
        if not isinstance(node, dict):
            raise InvalidArgumentError(where, "must be a mapping")
        yield _read_item(kind, node, where, repository)


def _read_item(kind: EntityKind, node: dict[str, Node], where: str, repository: KnowledgeRepository) -> Item:
    unknown = node.keys() - _TEXTS.keys() - _LISTS.keys() - _IGNORED
    if unknown:
        raise InvalidArgumentError(f"{where}.{min(unknown)[:40]}", "is not known here")
    texts = {name: _text(node, name, limit, where) for name, limit in _TEXTS.items()}
    if not texts["description"].strip():
        raise InvalidArgumentError(f"{where}.description", "must not be empty")
    content = Content(
        description=texts["description"],
        triggers=_names(node, "triggers", where),
        rationale=texts["rationale"],
        suggested_resources=_names(node, "suggestedResources", where),
        policy_document=texts["policyDocument"],
    )
    return Item(
        kind,
        repository.checked_id(texts["id"], f"{where}.id"),
        repository.redacted(content, f"{where}.policyDocument"),
        repository.person(texts["createdBy"]),
    )


def _text(node: dict[str, Node], name: str, limit: int, where: str) -> str:
    value = node.get(name, "")
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{where}.{name}", "must be a text")
    if len(value.encode("utf-8", "replace")) > limit:
        raise InvalidArgumentError(f"{where}.{name}", f"at most {limit} bytes", limit=str(limit))
    return value


def _names(node: dict[str, Node], name: str, where: str) -> tuple[str, ...]:
    values = node.get(name, [])
    if not isinstance(values, list):
        raise InvalidArgumentError(f"{where}.{name}", "must be a list of texts")
    if len(values) > _LISTS[name]:
        raise InvalidArgumentError(f"{where}.{name}", f"at most {_LISTS[name]}", limit=str(_LISTS[name]))
    names = []
    for index, value in enumerate(values):
        if not isinstance(value, str) or not value.strip():
            raise InvalidArgumentError(f"{where}.{name}[{index}]", "must be a text")
        if len(value.encode("utf-8", "replace")) > _NAME_BYTES:
            raise InvalidArgumentError(f"{where}.{name}[{index}]", f"at most {_NAME_BYTES} bytes", limit="256")
        names.append(value)
    return tuple(names)

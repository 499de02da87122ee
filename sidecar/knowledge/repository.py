"""Organisational patterns and policies as they are kept: revisions, etags, deletion that can be undone.

Every change is one job of the writer and one revision. The ids of patterns and policies are one name space.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec.structs import replace

from ..capture.extractor import Extractor
from ..clock import Clock
from ..model.errors import InvalidArgumentError, NotFoundError, PreconditionError
from ..model.knowledge import Content, Entity, EntityKind
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import after_prefix
from ..store.transaction import WriteTransaction
from .errors import AlreadyExistsError, EtagMismatchError, KnowledgeFullError
from .tables import ENTITIES, PAST, entity_key, past_key

#: Characters of an id.
ID_CHARS: Final = 128
#: Revisions that are kept of each entity.
REVISIONS: Final = 50
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_WORD: Final = re.compile(r"[a-z0-9]+")
_SLUG_WORDS: Final = 6
_SLUG_CHARS: Final = 48
_encode: Final = msgspec.msgpack.Encoder().encode


def etag_of(entity: Entity) -> str:
    """Names a state of an entity: the same for the same state only."""
    return f"{entity.revision:x}-{blake2b(_encode(entity), digest_size=6).hexdigest()}"


def _any_policy(_text: str, _field: str) -> None:
    """Takes any policy document."""


class KnowledgeRepository:
    """Creates, reads and changes entities. Thread-safe.

    Methods that change return a future, which completes when the change is durable, and may raise NotFoundError,
    AlreadyExistsError, EtagMismatchError, PreconditionError, KnowledgeFullError and the store's errors. Those that take
    texts raise InvalidArgumentError at once.
    """

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        clock: Clock,
        randomness: random.Random,
        max_entities: int,
        check_policy: Callable[[str, str], None] = _any_policy,
    ) -> None:
        """``check_policy`` is given a policy document and its field; it raises InvalidArgumentError for a bad one."""
        self._store = store
        self._extractor = extractor
        self._clock = clock
        self._random = randomness
        self._max = max_entities
        self._check_policy = check_policy

    def create(
        self, kind: EntityKind, content: Content, *, entity_id: str = "", author: str = "", origin: str = "created"
    ) -> Future[Entity]:
        """Keep a new entity; without an id, one is made of the description."""
        content = self.redacted(content)
        author, origin = self._extractor.label(author), self._extractor.label(origin)
        entity_id = self.checked_id(entity_id) if entity_id else self._made_id(content.description)
        now = self._clock()

        def job(txn: WriteTransaction) -> Entity:
            return self.create_in(txn, kind, entity_id, content, author, origin, now)

        return self._store.submit(job)

    def update(
        self, entity_id: str, content: Content, *, etag: str = "", author: str = "", kind: EntityKind | None = None
    ) -> Future[Entity]:
        """Replace what people wrote. A content that is the same already makes no revision."""
        content = self.redacted(content)
        author = self._extractor.label(author)
        now = self._clock()

        def job(txn: WriteTransaction) -> Entity:
            before = self._wanted(txn, entity_id, etag)
            if kind is not None and before.kind is not kind:
                raise InvalidArgumentError("entity.kind", f"{entity_id} is a {before.kind.name.lower()}")
            if before.deleted_time:
                raise PreconditionError(f"{entity_id} is deleted; restore it first")
            return self.update_in(txn, before, content, author, now)

        return self._store.submit(job)

    def delete(self, entity_id: str, *, etag: str = "", author: str = "", permanently: bool = False) -> Future[Entity]:
        """Delete; ``permanently`` removes it with its revisions, deleted before or not."""
        author = self._extractor.label(author)
        now = self._clock()

        def job(txn: WriteTransaction) -> Entity:
            before = self._wanted(txn, entity_id, etag)
            if permanently:
                txn.delete(ENTITIES, entity_key(before.kind, entity_id))
                prefix = entity_key(before.kind, entity_id) + b"\0"
                for key, _ in list(txn.scan(PAST, prefix, after_prefix(prefix))):
                    txn.delete(PAST, key)
                return before
            if before.deleted_time:
                raise PreconditionError(f"{entity_id} is deleted already")
            return self._write(txn, replace(before, deleted_time=now, updated_time=now, updated_by=author))

        return self._store.submit(job)

    def restore(self, entity_id: str, *, etag: str = "", author: str = "", revision: int = 0) -> Future[Entity]:
        """Take a deletion back (``revision`` 0), or write an earlier revision's content again."""
        author = self._extractor.label(author)
        now = self._clock()

        def job(txn: WriteTransaction) -> Entity:
            before = self._wanted(txn, entity_id, etag)
            if revision:
                past = txn.get(PAST, past_key(before.kind, entity_id, revision))
                if past is None:
                    raise NotFoundError(f"{entity_id} has no revision {revision}, or it is kept no longer")
                content = past.content
            elif before.deleted_time:
                content = before.content
            else:
                raise PreconditionError(f"{entity_id} is not deleted")
            return self._write(txn, _with(before, content, deleted_time=0.0, updated_time=now, updated_by=author))

        return self._store.submit(job)

    def get(self, reader: Reader | WriteTransaction, entity_id: str, revision: int = 0) -> Entity:
        """An entity, deleted or not, as it is or as it was. Raises NotFoundError."""
        entity = self.find(reader, entity_id)
        if entity is not None and revision and revision != entity.revision:
            entity = reader.get(PAST, past_key(entity.kind, entity_id, revision))
        if entity is None:
            # What was asked for is not repeated: it may be a secret that somebody took for an id.
            raise NotFoundError(
                "there is no such entity" if not revision else "there is no such revision, or no longer"
            )
        return entity

    def find(self, reader: Reader | WriteTransaction, entity_id: str) -> Entity | None:
        """An entity, deleted or not; None where there is none."""
        if not 0 < len(entity_id) <= ID_CHARS:
            return None
        for kind in EntityKind:
            found = reader.get(ENTITIES, entity_key(kind, entity_id))
            if found is not None:
                return found
        return None

    def entities(self, reader: Reader, kind: EntityKind | None, start: bytes = b"") -> Iterator[tuple[bytes, Entity]]:
        """Entities from a key on, deleted ones too: patterns before policies, each by id."""
        prefix = bytes((kind,)) if kind is not None else b""
        return reader.scan(ENTITIES, max(start, prefix), after_prefix(prefix))

    def revisions(self, reader: Reader, entity: Entity, stop: bytes | None = None) -> Iterator[tuple[bytes, Entity]]:
        """The revisions of an entity that are kept, newest first, itself among them."""
        prefix = entity_key(entity.kind, entity.id) + b"\0"
        end = prefix + b"\xff\xff\xff\xff\xff"
        return reader.scan(PAST, prefix, end if stop is None else min(stop, end), reverse=True)

    # Within a job, for those who change several things at once (imports, approvals).

    def create_in(
        self,
        txn: WriteTransaction,
        kind: EntityKind,
        entity_id: str,
        content: Content,
        author: str,
        origin: str,
        now: float,
    ) -> Entity:
        """See ``create``; all texts redacted and the id checked already."""
        taken = self.find(txn, entity_id)
        if taken is not None:
            raise AlreadyExistsError(
                f"there is a {taken.kind.name.lower()} {entity_id}" + (", deleted" if taken.deleted_time else "")
            )
        if txn.count(ENTITIES) >= self._max:
            raise KnowledgeFullError(f"{self._max} entities are kept, which is the limit", limit=str(self._max))
        blank = Entity(entity_id, kind, "", (), "", (), "", now, author, origin, 0, now, author)
        return self._write(txn, _with(blank, content))

    def update_in(self, txn: WriteTransaction, before: Entity, content: Content, author: str, now: float) -> Entity:
        """See ``update``; ``before`` is as it is in this transaction. What was deleted is there again."""
        if before.content == content and not before.deleted_time:
            return before
        return self._write(txn, _with(before, content, updated_time=now, updated_by=author, deleted_time=0.0))

    def delete_in(self, txn: WriteTransaction, before: Entity, author: str, now: float) -> Entity:
        """See ``delete``; ``before`` is as it is in this transaction and not deleted."""
        return self._write(txn, replace(before, deleted_time=now, updated_time=now, updated_by=author))

    def redacted(self, content: Content, document_field: str = "entity.policy_document") -> Content:
        """What may be kept of what people wrote: without secrets, without repetitions. Raises InvalidArgumentError.

        A policy document is checked as it will be kept; what is wrong with it is told of ``document_field``.
        """
        text, label = self._extractor.whole_text, self._extractor.label
        description = text(content.description.strip())
        if not description:
            raise InvalidArgumentError("entity.description", "must not be empty")
        document = text(content.policy_document)
        self._check_policy(document, document_field)
        return Content(
            description=description,
            triggers=once(label(one.strip()) for one in content.triggers),
            rationale=text(content.rationale.strip()),
            suggested_resources=once(label(one.strip()) for one in content.suggested_resources),
            policy_document=document,
        )

    def checked_id(self, entity_id: str, field: str = "entity.id") -> str:
        """An id that may be given to an entity. Raises InvalidArgumentError."""
        if len(entity_id) > ID_CHARS or not _ID.fullmatch(entity_id):
            raise InvalidArgumentError(
                field,
                f"must be 1 to {ID_CHARS} of a-z, 0-9, '.', '_', '-', first a letter or digit",
                limit=str(ID_CHARS),
            )
        if self._extractor.label(entity_id) != entity_id:
            raise InvalidArgumentError(field, "looks like a secret or a person's data")
        return entity_id

    def person(self, name: str) -> str:
        """Who did something, as it may be kept."""
        return self._extractor.label(name.strip())

    def _made_id(self, description: str) -> str:
        words = _WORD.findall(description.lower())[:_SLUG_WORDS]
        slug = "-".join(words)[:_SLUG_CHARS].strip("-") or "entity"
        made = f"{slug}-{self._random.getrandbits(24):06x}"
        # A description of digits could look like a card's number.
        return made if self._extractor.label(made) == made else f"entity-{self._random.getrandbits(24):06x}"

    def _wanted(self, txn: WriteTransaction, entity_id: str, etag: str) -> Entity:
        entity = self.get(txn, entity_id)
        if etag and etag != etag_of(entity):
            raise EtagMismatchError(
                f"{entity_id} has changed since it was read", revision=str(entity.revision), etag=etag_of(entity)
            )
        return entity

    @staticmethod
    def _write(txn: WriteTransaction, entity: Entity) -> Entity:
        entity = replace(entity, revision=entity.revision + 1)
        txn.put(ENTITIES, entity_key(entity.kind, entity.id), entity)
        txn.put(PAST, past_key(entity.kind, entity.id, entity.revision), entity)
        if entity.revision > REVISIONS:
            txn.delete(PAST, past_key(entity.kind, entity.id, entity.revision - REVISIONS))
        return entity


def _with(entity: Entity, content: Content, **fields: object) -> Entity:
    written: dict[str, object] = {name: getattr(content, name) for name in Content.__struct_fields__}
    change: Callable[..., Entity] = replace
    return change(entity, **written, **fields)


def once(texts: Iterator[str]) -> tuple[str, ...]:
    """Texts without empty ones and repetitions, whatever their case."""
    kept: dict[str, str] = {}
    for text in texts:
        if text:
            kept.setdefault(text.casefold(), text)
    return tuple(kept.values())

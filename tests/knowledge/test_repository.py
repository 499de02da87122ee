"""The repository against a dictionary: whatever is done in whatever order, they agree."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.capture.extractor import Extractor
from sidecar.capture.redaction import Redactor
from sidecar.knowledge import tables
from sidecar.knowledge.errors import AlreadyExistsError, EtagMismatchError, KnowledgeFullError
from sidecar.knowledge.repository import REVISIONS, KnowledgeRepository, etag_of
from sidecar.model.errors import InvalidArgumentError, NotFoundError, PreconditionError
from sidecar.model.knowledge import Content, Entity, EntityKind
from sidecar.store import Store

IDS = st.sampled_from(["a", "b", "c.d", "e_f-g"])
KINDS = st.sampled_from(list(EntityKind))
CONTENTS = st.builds(
    Content,
    description=st.sampled_from(["one", "two", "three words here"]),
    triggers=st.lists(st.sampled_from(["x", "X", "y", ""]), max_size=3).map(tuple),
    rationale=st.sampled_from(["", "because"]),
)
LIMIT = 3


class RepositoryMachine(RuleBasedStateMachine):
    """The model: by id, all revisions ever, the last of which is how it is; and the etags that were ever told."""

    @initialize()
    def make(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="forewarn-knowledge-"))
        self.now = 1_000.0
        self.model: dict[str, list[Entity]] = {}
        self.etags: dict[str, list[str]] = {}
        self.open()

    def open(self) -> None:
        self.store = Store(self.root / "data", tables=tables.ALL)
        extractor = Extractor(Redactor(bytes(32)))
        self.repository = KnowledgeRepository(self.store, extractor, lambda: self.now, random.Random(1), LIMIT)

    def attempt(self, future: Any, *refusals: tuple[bool, type[Exception]]) -> Entity | None:
        """The result; or None where the first refusal that holds was raised."""
        self.now += 1.0
        for holds, error in refusals:
            if holds:
                assert isinstance(future.exception(10), error), future.exception(10)
                return None
        entity: Entity = future.result(10)
        return entity

    def keep(self, entity: Entity, expected: Content, deleted: bool) -> None:
        past = self.model.setdefault(entity.id, [])
        assert entity.revision == len(past) + 1
        assert entity.content == expected
        assert bool(entity.deleted_time) is deleted
        past.append(entity)
        self.etags.setdefault(entity.id, []).append(etag_of(entity))

    @rule(entity_id=IDS, kind=KINDS, content=CONTENTS)
    def create(self, entity_id: str, kind: EntityKind, content: Content) -> None:
        entity = self.attempt(
            self.repository.create(kind, content, entity_id=entity_id, author="ann"),
            (entity_id in self.model, AlreadyExistsError),
            (len(self.model) >= LIMIT, KnowledgeFullError),
        )
        if entity is not None:
            self.keep(entity, self.repository.redacted(content), deleted=False)
            assert (entity.kind, entity.created_by, entity.created_time) == (kind, "ann", self.now - 1.0)

    @rule(entity_id=IDS, content=CONTENTS, which=st.none() | st.integers(0, 5))
    def update(self, entity_id: str, content: Content, which: int | None) -> None:
        past = self.model.get(entity_id)
        etag, stale = self.etag(entity_id, which)
        entity = self.attempt(
            self.repository.update(entity_id, content, etag=etag),
            (past is None, NotFoundError),
            (stale, EtagMismatchError),
            (bool(past and past[-1].deleted_time), PreconditionError),
        )
        if entity is None or past is None:
            return
        wanted = self.repository.redacted(content)
        if wanted == past[-1].content:
            assert entity == past[-1]
        else:
            self.keep(entity, wanted, deleted=False)

    @rule(entity_id=IDS, which=st.none() | st.integers(0, 5), permanently=st.sampled_from([False, False, True]))
    def delete(self, entity_id: str, which: int | None, permanently: bool) -> None:
        past = self.model.get(entity_id)
        etag, stale = self.etag(entity_id, which)
        entity = self.attempt(
            self.repository.delete(entity_id, etag=etag, permanently=permanently),
            (past is None, NotFoundError),
            (stale, EtagMismatchError),
            (not permanently and bool(past and past[-1].deleted_time), PreconditionError),
        )
        if entity is None or past is None:
            return
        if permanently:
            assert entity == past[-1]
            del self.model[entity_id], self.etags[entity_id]
        else:
            self.keep(entity, past[-1].content, deleted=True)

    @rule(entity_id=IDS, which=st.none() | st.integers(0, 5), revision=st.integers(0, 6))
    def restore(self, entity_id: str, which: int | None, revision: int) -> None:
        past = self.model.get(entity_id)
        etag, stale = self.etag(entity_id, which)
        kept = past is not None and 0 < revision <= len(past) and revision > len(past) - REVISIONS
        entity = self.attempt(
            self.repository.restore(entity_id, etag=etag, revision=revision),
            (past is None, NotFoundError),
            (stale, EtagMismatchError),
            (bool(revision) and not kept, NotFoundError),
            (not revision and not (past and past[-1].deleted_time), PreconditionError),
        )
        if entity is not None and past is not None:
            self.keep(entity, past[(revision or len(past)) - 1].content, deleted=False)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.open()

    def etag(self, entity_id: str, which: int | None) -> tuple[str, bool]:
        """An etag that was told at some time, and whether it is stale; empty: none is given."""
        told = self.etags.get(entity_id, [])
        if which is None or not told:
            return "", False
        etag = told[which % len(told)]
        return etag, etag != told[-1]

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.read() as reader:
            rows = [entity for _, entity in self.repository.entities(reader, None)]
            newest = [past[-1] for past in self.model.values()]
            assert rows == sorted(newest, key=lambda one: (one.kind, one.id))
            for kind in EntityKind:
                assert [one for _, one in self.repository.entities(reader, kind)] == [
                    one for one in rows if one.kind is kind
                ]
            for entity_id, past in self.model.items():
                assert self.repository.get(reader, entity_id) == past[-1]
                told = [one for _, one in self.repository.revisions(reader, past[-1])]
                assert told == past[::-1][:REVISIONS]
                for one in told:
                    assert self.repository.get(reader, entity_id, one.revision) == one

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert self.store.verify().problems == []
            self.store.close()
            shutil.rmtree(self.root)


TestRepositoryMachine = RepositoryMachine.TestCase
TestRepositoryMachine.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


@pytest.fixture
def repository(tmp_path: Path) -> Any:
    with Store(tmp_path / "data", tables=tables.ALL) as store:
        yield KnowledgeRepository(store, Extractor(Redactor(bytes(32))), lambda: 1.0, random.Random(1), 100)


def test_only_the_last_revisions_are_kept(repository: KnowledgeRepository) -> None:
    repository.create(EntityKind.PATTERN, Content("0"), entity_id="a").result(10)
    for number in range(1, REVISIONS + 10):
        repository.update("a", Content(str(number))).result(10)
    with repository._store.read() as reader:
        entity = repository.get(reader, "a")
        assert [one.revision for _, one in repository.revisions(reader, entity)] == list(range(REVISIONS + 10, 10, -1))
        with pytest.raises(NotFoundError):
            repository.get(reader, "a", 10)


@pytest.mark.parametrize("bad", ["A", "-a", "a b", "é", "a/b", "x" * 129, "4111-1111-1111-1111"])
def test_ids_that_cannot_be(repository: KnowledgeRepository, bad: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        repository.create(EntityKind.PATTERN, Content("d"), entity_id=bad)
    assert caught.value.field == "entity.id"
    assert bad not in caught.value.message


def test_secrets_are_hidden_in_all_texts(repository: KnowledgeRepository) -> None:
    secret = "AKIAIOSFODNN7EXAMPLE"
    content = Content(f"d {secret}", (f"t {secret}",), f"r {secret}", (f"s {secret}",), f"p: {secret}\n")
    entity = repository.create(EntityKind.POLICY, content, author=secret, origin=secret).result(10)
    assert secret not in repr(entity)
    assert secret.lower() not in repr(entity)


def test_made_ids_tell_the_description(repository: KnowledgeRepository) -> None:
    entity = repository.create(EntityKind.PATTERN, Content("Público web app, 2 tiers")).result(10)
    assert entity.id.startswith("p-blico-web-app-2-tiers-")
    assert repository.create(EntityKind.PATTERN, Content("数据库")).result(10).id.startswith("entity-")

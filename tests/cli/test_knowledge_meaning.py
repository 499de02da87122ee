"""The command line and the Python client where a daemon has embeddings."""

from __future__ import annotations

import time

import forewarn
from forewarn.v1 import knowledge_pb2
from tests.cli.conftest import Forewarn
from tests.conftest import StartDaemon


def test_meaning_is_told_of(command: Forewarn, start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--embeddings", "wordllama")
    entity = knowledge_pb2.OrganisationalEntity(
        id="cache", kind=knowledge_pb2.ENTITY_KIND_PATTERN, description="In-memory cache", triggers=["Redis"]
    )
    daemon.knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=entity))
    admin = ("--address", daemon.guard_address, "--admin-address", daemon.admin_address)
    end = time.monotonic() + 60
    while "used, 1 vector" not in (told := command(*admin, "knowledge", "stats").out):
        assert time.monotonic() < end, told
        time.sleep(0.1)
    found = command(*admin, "--address", daemon.guard_address, "workflow", "recommend", "memcached for quick lookups")
    assert "cache" in found.out
    assert "words alone" not in found.out
    with forewarn.Client(daemon.guard_address) as client:
        answer = client.recommend("memcached for quick lookups")
    (match,) = answer.patterns
    assert answer.semantic_state == "used"
    assert match.lexical == 0
    assert match.semantic is not None
    assert match.semantic > 0.3


def test_until_vectors_are_there_it_says_so(command: Forewarn, start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--embeddings", "wordllama", "--vectors", "qdrant", "--qdrant-url", "http://127.0.0.1:9")
    admin = ("--address", daemon.guard_address, "--admin-address", daemon.admin_address)
    assert "words alone: embeddings are being built" in command(*admin, "workflow", "recommend", "a web site").out
    assert "building, 0 vectors" in command(*admin, "knowledge", "stats").out

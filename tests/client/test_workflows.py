"""Workflows through both clients, against a daemon."""

from __future__ import annotations

import pytest

import forewarn
from forewarn.v1 import knowledge_pb2
from tests.server.running import RunningDaemon


@pytest.fixture
def stocked(daemon: RunningDaemon) -> RunningDaemon:
    for name, description, resources in (
        ("web", "Public web application", ["Deployment", "Ingress"]),
        ("cache", "In-memory cache", ["CacheCluster"]),
    ):
        entity = knowledge_pb2.OrganisationalEntity(
            id=name,
            kind=knowledge_pb2.ENTITY_KIND_PATTERN,
            description=description,
            suggested_resources=resources,
        )
        daemon.knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=entity))
    return daemon


def test_a_workflow_from_intent_to_metrics(stocked: RunningDaemon) -> None:
    with forewarn.Client(stocked.guard_address, on_error="raise", record_timeout=10, caller="me") as client:
        for _ in range(2):
            found = client.recommend("a public web application", scope="prod", limit=1)
            assert [one.id for one in found.patterns] == ["web"]
            done = client.complete_workflow(
                found, "success", used=["web", "cache"], generated_resources=["Deployment", "Redis"]
            )
        assert (done.outcome, done.used, done.additions) == ("success", ("web", "cache"), ("Redis",))
        assert [one.stage for one in done.stages] == ["recommendation", "completion", "learningSuggestions"]
        again = client.complete_workflow(
            found.workflow_id, "success", used=["cache", "web"], generated_resources=["Deployment", "Redis"]
        )
        assert again.duplicate
        assert client.get_workflow(found.workflow_id).completed_at == done.completed_at
        seen = list(client.watch_workflow(found.workflow_id))
        assert {one.outcome for one in seen} == {"success"}
        assert seen[-1].stages[-1].result == "success"
        third = client.recommend("a public web application", limit=1)
        (match,) = third.patterns
        assert match.kind == "pattern"
        assert not match.weak
        assert match.usage_metrics is not None
        assert (match.usage_metrics.times_recommended, match.usage_metrics.times_used) == (3, 2)
        assert match.usage_metrics.common_additions == {"Redis": 2}
        assert match.usage_metrics.success_rate is not None
        assert match.usage_metrics.success_rate.out_of == 2
        assert [(one.id, one.times) for one in match.also_used] == [("cache", 2)]
        with pytest.raises(forewarn.RefusedError):
            client.complete_workflow(third, "success", used=["nobody"])
        with pytest.raises(forewarn.DaemonError):
            client.get_workflow("0" * 32)


async def test_the_same_with_asyncio(stocked: RunningDaemon) -> None:
    async with forewarn.AsyncClient(stocked.guard_address, on_error="raise", record_timeout=10) as client:
        found = await client.recommend("a public web application")
        done = await client.complete_workflow(found, "failure", used=["web"], detail="no quota")
        assert (done.outcome, done.stages[1].result) == ("failure", "failed")
        assert (await client.get_workflow(found.workflow_id)).used == ("web",)
        seen = [one async for one in client.watch_workflow(found.workflow_id)]
        assert {one.outcome for one in seen} == {"failure"}
        assert seen[-1].stages[-1].result == "success"


def test_without_a_daemon_nothing_is_recommended(tmp_path: object) -> None:
    with forewarn.Client(f"unix:{tmp_path}/nobody.sock") as client:
        found = client.recommend("anything")
        assert (found.source, found.workflow_id, found.patterns) == ("fallback", "", ())
        with pytest.raises(ValueError, match="nothing to complete"):
            client.complete_workflow(found, "success")
    with forewarn.Client(f"unix:{tmp_path}/nobody.sock", on_error="raise") as client:
        with pytest.raises(forewarn.UnavailableError):
            client.recommend("anything")
        with pytest.raises(forewarn.UnavailableError):
            client.get_workflow("0" * 32)

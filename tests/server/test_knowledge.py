"""Knowledge and workflows through real sockets: killing, racing, watching, pages."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest

from forewarn.v1 import knowledge_pb2 as kpb
from forewarn.v1 import workflow_pb2 as wpb
from tests.conftest import StartDaemon

from .case_runner import reason_of
from .running import RunningDaemon
from .test_listings import paged


def create(daemon: RunningDaemon, name: str, kind: Any = kpb.ENTITY_KIND_PATTERN) -> kpb.OrganisationalEntity:
    entity = kpb.OrganisationalEntity(id=name, kind=kind, description=f"{name} web application")
    made: kpb.OrganisationalEntity = daemon.knowledge.CreateEntity(kpb.CreateEntityRequest(entity=entity)).entity
    return made


def test_what_was_acknowledged_survives_a_kill(daemon: RunningDaemon) -> None:
    create(daemon, "web")
    ids = []
    for number in range(20):
        begun = daemon.workflow.Recommend(wpb.RecommendRequest(intent="web application", scope=f"s{number % 3}"))
        ids.append(begun.workflow_id)
        if number % 2:
            done = wpb.CompleteWorkflowRequest(
                workflow_id=begun.workflow_id, used=["web"], outcome=kpb.WORKFLOW_OUTCOME_SUCCESS
            )
            daemon.workflow.CompleteWorkflow(done)
    daemon.kill()
    daemon.start()
    found = [daemon.workflow.GetWorkflow(wpb.GetWorkflowRequest(workflow_id=one)).workflow.outcome for one in ids]
    assert found == [kpb.WORKFLOW_OUTCOME_UNSPECIFIED, kpb.WORKFLOW_OUTCOME_SUCCESS] * 10
    verified = daemon.knowledge.VerifyUsageMetrics(kpb.VerifyUsageMetricsRequest())
    assert (verified.ok, verified.events) == (True, 30)
    metrics = daemon.knowledge.GetUsageMetrics(kpb.GetUsageMetricsRequest(id="web")).pooled
    assert (metrics.times_recommended, metrics.times_used) == (20, 10)
    assert daemon.knowledge.SearchEntities(kpb.SearchEntitiesRequest(query="web")).matches[0].entity.id == "web"


def test_of_two_who_change_the_same_state_one_is_refused(daemon: RunningDaemon) -> None:
    made = create(daemon, "web")
    outcomes: list[str] = []

    def change(number: int) -> None:
        entity = kpb.OrganisationalEntity(id="web", kind=made.kind, description=f"by {number}", etag=made.etag)
        try:
            daemon.knowledge.UpdateEntity(kpb.UpdateEntityRequest(entity=entity), timeout=20)
        except grpc.RpcError as error:
            outcomes.append(reason_of(error))
        else:
            outcomes.append("OK")

    threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["ETAG_MISMATCH"] * 5 + ["OK"]


def test_watching_ends_with_the_last_stage_and_is_bounded(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--max-streams", "2")
    begun = daemon.workflow.Recommend(wpb.RecommendRequest(intent="anything"))
    watch = wpb.WatchWorkflowRequest(workflow_id=begun.workflow_id)
    streams = [daemon.workflow.WatchWorkflow(watch, timeout=30) for _ in range(2)]
    for stream in streams:
        assert next(stream).workflow.stages[1].result == "pending"
    with pytest.raises(grpc.RpcError) as caught:
        next(daemon.workflow.WatchWorkflow(watch, timeout=30))
    assert reason_of(caught.value) == "TOO_MANY_STREAMS"
    daemon.workflow.CompleteWorkflow(
        wpb.CompleteWorkflowRequest(workflow_id=begun.workflow_id, outcome=kpb.WORKFLOW_OUTCOME_FAILURE)
    )
    for stream in streams:
        last = [one.workflow for one in stream][-1]
        assert [stage.result for stage in last.stages] == ["success", "failed", "success"]


def test_listings_in_pages(daemon: RunningDaemon) -> None:
    for number in range(12):
        create(daemon, f"p{number:02}", kpb.ENTITY_KIND_POLICY if number % 3 == 0 else kpb.ENTITY_KIND_PATTERN)
    for number in range(9):
        daemon.workflow.Recommend(wpb.RecommendRequest(intent="web application", scope=f"s{number}"))
    api = daemon.knowledge

    def ids(**more: Any) -> list[str]:
        return [one.id for one in paged(api.ListEntities, kpb.ListEntitiesRequest(page_size=5, **more), "entities")]

    patterns = [f"p{number:02}" for number in range(12) if number % 3]
    policies = [f"p{number:02}" for number in range(0, 12, 3)]
    assert ids() == [*patterns, *policies]
    assert ids(kind=kpb.ENTITY_KIND_POLICY) == policies
    recommended = ids(min_times_recommended=1)
    assert 0 < len(recommended) <= 10
    found = list(paged(api.ListWorkflows, kpb.ListWorkflowsRequest(page_size=4), "workflows"))
    assert [one.scope for one in found] == [f"s{number}" for number in range(8, -1, -1)]
    scopes = list(paged(api.GetUsageMetrics, kpb.GetUsageMetricsRequest(id=recommended[0], page_size=2), "scopes"))
    assert [one.scope for one in scopes] == [f"s{number}" for number in range(9)]
    for _ in range(6):
        for text in ("a", "b"):
            entity = kpb.OrganisationalEntity(id="p01", kind=kpb.ENTITY_KIND_PATTERN, description=text)
            api.UpdateEntity(kpb.UpdateEntityRequest(entity=entity))
    request = kpb.ListEntityRevisionsRequest(id="p01", page_size=5)
    assert [one.revision for one in paged(api.ListEntityRevisions, request, "revisions")] == list(range(13, 0, -1))


def test_health_names_the_services(daemon: RunningDaemon) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    for address, service in (
        (daemon.guard_address, "forewarn.v1.WorkflowService"),
        (daemon.admin_address, "forewarn.v1.KnowledgeService"),
    ):
        stub: Any = health_pb2_grpc.HealthStub(daemon.channel(address))
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING

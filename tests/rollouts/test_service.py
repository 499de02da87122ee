"""RolloutService of a real daemon, its clients, and `forewarn rollouts` against it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest

import forewarn
from forewarn.v1 import knowledge_pb2, model_pb2, policy_pb2, rollout_pb2, workflow_pb2
from forewarn_cli.main import main
from tests.server.case_runner import reason_of
from tests.server.running import RunningDaemon

POLICY = "policy: guard\ntools: [t]\nrules: [{name: stop, then: {prevent: {message: no}}}]\n"


def create(daemon: RunningDaemon, name: str = "new") -> None:
    entity = knowledge_pb2.OrganisationalEntity(
        id=name, kind=knowledge_pb2.ENTITY_KIND_PATTERN, description="A public website", triggers=["public", "website"]
    )
    daemon.knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=entity))


def apply(daemon: RunningDaemon) -> None:
    file = policy_pb2.PolicyFile(name="guard.yaml", text=POLICY)
    daemon.policies.ApplyPolicies(policy_pb2.ApplyPoliciesRequest(files=[file]))


def work(daemon: RunningDaemon, session: str) -> bool:
    """A workflow that succeeds exactly where it is offered the pattern; whether it was."""
    request = workflow_pb2.RecommendRequest(intent="a public website", session_id=session)
    begun = daemon.workflow.Recommend(request)
    offered = bool(begun.patterns)
    outcome = knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS if offered else knowledge_pb2.WORKFLOW_OUTCOME_FAILURE
    daemon.workflow.CompleteWorkflow(
        workflow_pb2.CompleteWorkflowRequest(workflow_id=begun.workflow_id, outcome=outcome)
    )
    return offered


def start(daemon: RunningDaemon, **fields: Any) -> Any:
    return daemon.rollout.StartRollout(rollout_pb2.StartRolloutRequest(**fields)).rollout


def get(daemon: RunningDaemon, key: str) -> Any:
    return daemon.rollout.GetRollout(rollout_pb2.GetRolloutRequest(rollout_id=key)).rollout


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return reason_of(error.value)


def test_a_pattern_from_start_to_promotion_over_kills(daemon: RunningDaemon) -> None:
    create(daemon)
    key = start(daemon, pattern="new", share_percent=50.0, actor="ann").rollout_id
    offered = {f"s{number}": work(daemon, f"s{number}") for number in range(20)}
    assert 3 <= sum(offered.values()) <= 17
    before = get(daemon, key)
    assert before.treatment.units + before.control.units == 20
    daemon.kill()
    daemon.start()
    assert get(daemon, key) == before
    deadline = workflow_pb2.RecommendRequest(intent="a public website", session_id="s0")
    while not (answer := daemon.workflow.Recommend(deadline)).complete:
        pass
    assert bool(answer.patterns) is offered["s0"]
    for number in range(20, 400):
        work(daemon, f"s{number}")
        if get(daemon, key).state != rollout_pb2.ROLLOUT_STATE_RUNNING:
            break
    found = get(daemon, key)
    assert found.state == rollout_pb2.ROLLOUT_STATE_TREATMENT_BETTER
    assert (found.treatment.outcome, found.control.outcome) == (1.0, 0.0)
    assert found.difference_low > 0
    assert found.evidence >= 40
    stop = rollout_pb2.StopRolloutRequest(rollout_id=key, ending=rollout_pb2.ROLLOUT_ENDING_PROMOTED, actor="ben")
    assert daemon.rollout.StopRollout(stop).rollout.ending == rollout_pb2.ROLLOUT_ENDING_PROMOTED
    assert refused(lambda: daemon.rollout.StopRollout(stop)) == "FAILED_PRECONDITION"
    daemon.kill()
    daemon.start()
    assert all(work(daemon, name) for name in ("a", "b", "c", "d", "e", "f"))
    listed = daemon.rollout.ListRollouts(rollout_pb2.ListRolloutsRequest()).rollouts
    assert [(one.rollout_id, one.stopped_by) for one in listed] == [(key, "ben")]


def test_a_policy_from_start_to_withdrawal(daemon: RunningDaemon) -> None:
    apply(daemon)
    begun = start(daemon, policy="guard", share_percent=30.0, actor="ann")
    assert begun.window.seconds == 3600
    policy = daemon.policies.GetPolicy(policy_pb2.GetPolicyRequest(policy="guard")).policy
    assert (policy.mode, policy.enforce_percent) == (model_pb2.MODE_ENFORCE, 30.0)
    assert policy.reason == f"rollout:{begun.rollout_id}"
    stop = rollout_pb2.StopRolloutRequest(
        rollout_id=begun.rollout_id, ending=rollout_pb2.ROLLOUT_ENDING_WITHDRAWN, reason="no"
    )
    done = daemon.rollout.StopRollout(stop).rollout
    assert (done.stop_reason, done.ending) == ("no", rollout_pb2.ROLLOUT_ENDING_WITHDRAWN)
    policy = daemon.policies.GetPolicy(policy_pb2.GetPolicyRequest(policy="guard")).policy
    assert policy.mode == model_pb2.MODE_SHADOW


def test_what_is_withdrawn_leaves_its_place_to_others(daemon: RunningDaemon) -> None:
    create(daemon)
    create(daemon, "second")
    begun = start(daemon, pattern="new", share_percent=50.0)
    assert daemon.knowledge.GetKnowledgeStats(knowledge_pb2.GetKnowledgeStatsRequest()).indexed == 2
    stop = rollout_pb2.StopRolloutRequest(rollout_id=begun.rollout_id, ending=rollout_pb2.ROLLOUT_ENDING_WITHDRAWN)
    daemon.rollout.StopRollout(stop)
    request = workflow_pb2.RecommendRequest(intent="a public website", limit=1)
    assert [one.match.entity.id for one in daemon.workflow.Recommend(request).patterns] == ["second"]
    assert daemon.knowledge.GetKnowledgeStats(knowledge_pb2.GetKnowledgeStatsRequest()).indexed == 1


def test_what_is_refused_names_why(daemon: RunningDaemon) -> None:
    create(daemon)
    assert refused(lambda: start(daemon, share_percent=50.0)) == "INVALID_ARGUMENT"
    assert refused(lambda: start(daemon, pattern="new", share_percent=100.0)) == "INVALID_ARGUMENT"
    assert refused(lambda: start(daemon, pattern="new", share_percent=float("nan"))) == "INVALID_ARGUMENT"
    assert refused(lambda: start(daemon, pattern="nobody", share_percent=50.0)) == "NOT_FOUND"
    assert refused(lambda: start(daemon, policy="nobody", share_percent=50.0)) == "NOT_FOUND"
    assert refused(lambda: get(daemon, "0" * 32)) == "NOT_FOUND"
    none = rollout_pb2.StopRolloutRequest(rollout_id="0" * 32)
    assert refused(lambda: daemon.rollout.StopRollout(none)) == "INVALID_ARGUMENT"
    start(daemon, pattern="new", share_percent=50.0)
    assert refused(lambda: start(daemon, pattern="new", share_percent=10.0)) == "FAILED_PRECONDITION"


def test_the_python_clients(daemon: RunningDaemon) -> None:
    create(daemon)
    apply(daemon)
    with forewarn.Rollouts(daemon.admin_address, token="") as rollouts:
        begun = rollouts.start(pattern="new", share_percent=20, actor="ann")
        assert (begun.pattern, begun.policy, begun.state, begun.started_by) == ("new", "", "running", "ann")
        assert begun.started_at is not None
        assert rollouts.get(begun.rollout_id) == begun
        assert rollouts.list() == [begun]
        assert rollouts.stop(begun.rollout_id, "withdrawn").ending == "withdrawn"
        with pytest.raises(forewarn.DaemonError, match="no such rollout"):
            rollouts.get("0" * 32)
        with pytest.raises(ValueError, match="exactly one"):
            rollouts.start()

    async def use() -> None:
        async with forewarn.AsyncRollouts(daemon.admin_address, token="") as rollouts:
            begun = await rollouts.start(policy="guard", window=timedelta(minutes=2))
            assert (await rollouts.list())[0] == begun == await rollouts.get(begun.rollout_id)
            assert (await rollouts.stop(begun.rollout_id, "promoted")).state == "stopped"

    asyncio.run(use())


def test_a_bound_session_is_always_on_one_side(daemon: RunningDaemon) -> None:
    create(daemon)
    start(daemon, pattern="new", share_percent=50.0)
    with forewarn.Client(daemon.guard_address, token="", timeout=10.0, record_timeout=10.0) as client:
        for number in range(8):
            session = client.session(f"s{number}")
            assert len({bool(session.recommend("a public website").patterns) for _ in range(3)}) == 1


def test_the_command(daemon: RunningDaemon, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FOREWARN_TOKEN", "FOREWARN_ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, code: int = 0) -> str:
        capfd.readouterr()
        found = main(["--admin-address", daemon.admin_address, "rollouts", *arguments])
        out, err = capfd.readouterr()
        assert found == code, err
        return out if not code else err

    create(daemon)
    assert len(run().splitlines()) == 1  # a header, and nothing else
    assert "say what to roll out" in run("start", code=2)
    key = json.loads(run("start", "--pattern", "new", "--percent", "50", "--as", "ann", "--json"))["rollout"][
        "rollout_id"
    ]
    for number in range(4):
        work(daemon, f"s{number}")
    assert "pattern new" in run()
    shown = run("show", key[-8:])
    assert "state: running" in shown
    assert f"forewarn rollouts stop {key} --promote" in shown
    assert "started: " in shown
    assert " by ann" in shown
    assert "say how it ends" in run("stop", key, code=2)
    assert "state: stopped: promoted" in run("stop", key, "--promote", "--reason", "good enough")
    assert "stopped already (promoted)" in run("stop", key, "--withdraw", code=4)
    assert "no rollout's id" in run("show", "abcdef", code=2)
    apply(daemon)
    key = json.loads(run("start", "--policy", "guard", "--json"))["rollout"]["rollout_id"]
    mode = policy_pb2.SetPolicyModeRequest(policy="guard", mode=model_pb2.MODE_WARN)
    daemon.policies.SetPolicyMode(mode)
    ended = run("stop", key, "--promote")
    assert "state: stopped: changed" in ended
    assert "it stays as they made it" in ended
    assert len(run("list", "--state", "running").splitlines()) == 1

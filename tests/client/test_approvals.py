"""Waiting for a person: `wait_for_approval`, and guards that do it."""

from __future__ import annotations

import time

import pytest

import forewarn
from forewarn import ApprovalState, Prevented
from forewarn.v1 import model_pb2

from .double import Decide, Double, allow


def approvals(*states: str) -> list[model_pb2.Approval]:
    return [
        model_pb2.Approval(approval_id="a1", state=model_pb2.ApprovalState.Value(f"APPROVAL_STATE_{state}"))
        for state in states
    ]


def until(double: Double, asked: int) -> Decide:
    """Requires approval of the first questions, allows the later ones."""

    def decide(call: model_pb2.Call) -> model_pb2.Decision:
        if len(double.asked) > asked:
            return allow(call)
        verdict = model_pb2.VERDICT_REQUIRE_APPROVAL
        return model_pb2.Decision(verdict=verdict, would_be=verdict, mode=model_pb2.MODE_SHADOW, approval_id="a1")

    return decide


def test_waiting_ends_when_a_person_decides(client: forewarn.Client, double: Double) -> None:
    double.decide = until(double, 99)
    double.approvals = approvals("PENDING", "PENDING", "DENIED")
    decision = client.should_prevent("drop")
    assert (decision.verdict, decision.approval_id) == (forewarn.Verdict.REQUIRE_APPROVAL, "a1")
    assert client.wait_for_approval(decision, 30).state is ApprovalState.DENIED
    assert len(double.approvals) == 1  # asked three times


def test_the_deadline_holds(client: forewarn.Client, double: Double) -> None:
    double.approvals = approvals("PENDING")
    began = time.monotonic()
    assert client.wait_for_approval("a1", 0.3).open
    assert time.monotonic() - began >= 0.3
    assert client.wait_for_approval("a1", 0).state is ApprovalState.PENDING


def test_a_decision_that_waits_for_nobody_cannot_be_waited_for(client: forewarn.Client) -> None:
    with pytest.raises(ValueError, match="approval_id"):
        client.wait_for_approval(client.should_prevent("t"), 1)


def test_no_daemon_is_an_error_once_the_time_is_up(double: Double) -> None:
    with forewarn.Client("127.0.0.1:1", on_error="open") as client, pytest.raises(forewarn.DaemonError):
        client.wait_for_approval("a1", 0.2)


async def test_the_async_client_waits_too(aclient: forewarn.AsyncClient, double: Double) -> None:
    double.approvals = approvals("PENDING", "APPROVED")
    assert (await aclient.wait_for_approval("a1", 30)).state is ApprovalState.APPROVED


def test_a_guard_waits_and_asks_again_about_the_same_call(client: forewarn.Client, double: Double) -> None:
    double.decide = until(double, 1)
    double.approvals = approvals("PENDING", "APPROVED")
    with client.guard("drop", {"table": "users"}, approval_timeout=30):
        pass
    first, second = double.asked
    assert first.call_id == second.call_id
    assert first.arguments_json == second.arguments_json
    assert [outcome for outcome, _ in double.outcomes()] == ["success"]


def test_a_guard_that_waits_in_vain_prevents(client: forewarn.Client, double: Double) -> None:
    double.decide = until(double, 99)
    for states, timeout in ((("DENIED",), 30.0), (("PENDING",), 0.2)):
        double.approvals = approvals(*states)
        with pytest.raises(Prevented), client.guard("drop", approval_timeout=timeout):
            pytest.fail("it was made")


async def test_an_async_guard_waits(aclient: forewarn.AsyncClient, double: Double) -> None:
    double.decide = until(double, 1)
    double.approvals = approvals("APPROVED")
    async with aclient.guard("drop", approval_timeout=30):
        pass
    assert len(double.asked) == 2


def test_the_callers_roles_are_sent(client: forewarn.Client, double: Double) -> None:
    with client.guard("t", caller_roles=["operator"]):
        pass
    session = client.session("s", caller_roles=["reader"])
    session.should_prevent("t")
    session.should_prevent("t", caller_roles=["admin"])
    assert [list(call.caller_roles) for call in double.asked] == [["operator"], ["reader"], ["admin"]]

"""What holds of any daemon: run against the double, and against the real one where ``tests/conftest.py`` has it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

import forewarn
from forewarn import CallRecord, Outcome, Tool, Verdict


@pytest.fixture(params=["double", "daemon"])
def service(request: pytest.FixtureRequest) -> Iterator[forewarn.Client]:
    try:
        running = request.getfixturevalue(request.param)
    except pytest.FixtureLookupError:
        pytest.skip("there is no daemon fixture")
    where = request.getfixturevalue("address") if request.param == "double" else running.guard_address
    with forewarn.Client(where, on_error="raise", timeout=10, record_timeout=10) as client:
        yield client


def test_every_method_answers(service: forewarn.Client) -> None:
    session = service.session(caller="test", context={"db": "a"}, server="jira")
    (done,) = session.register_tools([Tool("view", "Shows an issue", {"type": "object"}, read_only=True)])
    assert (done.tool, done.created) == ("view", True)
    check = session.check("view", {"key": "AB-1"}, call_id="c1")
    assert check.decision.source == "daemon"
    assert check.decision.decision_id
    assert check.decision.verdict is not Verdict.UNSPECIFIED
    recorded = session.record(
        "view", {"key": "AB-1"}, "failure", error="issue AB-1 not found", error_code="404", duration=0.2, call_id="c1",
        decision=check.decision,
    )  # fmt: skip
    assert recorded.stored
    assert recorded.call_id == "c1"
    assert recorded.classification
    assert recorded.classification.cause is forewarn.Cause.NOT_FOUND
    assert session.record("view", {"key": "AB-1"}, "failure", call_id="c1").duplicate
    assert session.should_prevent("view", {"key": "AB-1"}).decision_id
    assert session.optimize("view", {"key": "AB-1"}, candidates=["view", "search"]).alternatives
    session.inject_context(["view"], token_budget=200)
    assert any(call.call_id == "c1" for call in session.find_similar("view", {"key": "AB-1"}).calls)
    session.appeal(check.decision, "it exists now")
    assert service.stats.fallbacks == 0


def test_guards_record_and_a_success_after_a_failure_is_a_retry(service: forewarn.Client) -> None:
    session = service.session()
    with pytest.raises(ValueError, match="no"), session.guard("flaky", {"a": 1}, attempt=1):
        raise ValueError("no")
    with session.guard("flaky", {"a": 1}, attempt=2) as call:
        call.succeed({"rows": []})
    assert call.recorded
    assert call.recorded.classification
    assert call.recorded.classification.category is Outcome.RETRY


def test_streams_answer_in_order(service: forewarn.Client) -> None:
    run = uuid.uuid4().hex
    calls = [CallRecord("bulk", {"n": n}, Outcome.SUCCESS, call_id=f"{run}-{n}") for n in range(300)]
    answers = service.record_many(calls)
    assert [a.call_id for a in answers] == [c.call_id for c in calls]
    assert all(a.stored and not a.duplicate for a in answers)
    assert all(a.duplicate for a in service.record_many(calls[:10]))


def test_every_outcome_is_taken(service: forewarn.Client) -> None:
    for outcome in Outcome:
        if outcome is not Outcome.UNSPECIFIED:
            assert service.record("any", {"o": outcome}, outcome).stored
    with pytest.raises(forewarn.EncodingError):
        service.record("any", {"o": float("nan")}, Outcome.SUCCESS)

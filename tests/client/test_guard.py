from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any

import pytest

import forewarn
from forewarn import Prevented
from forewarn.attempt import error_code, retry_after_of
from forewarn.v1 import model_pb2

from .double import Double, allow, prevent

ENDINGS = [
    (None, "success"),
    (ValueError("no"), "failure"),
    (TimeoutError("slow"), "timeout"),
    (TimeoutError(), "timeout"),
    (asyncio.CancelledError(), "cancelled"),
    (concurrent.futures.CancelledError(), "cancelled"),
    (KeyboardInterrupt(), "cancelled"),
    (SystemExit(1), "cancelled"),
]


@pytest.mark.parametrize(("error", "outcome"), ENDINGS, ids=lambda x: type(x).__name__)
def test_each_way_out_is_recorded_once(
    client: forewarn.Client, double: Double, error: BaseException | None, outcome: str
) -> None:
    if error is None:
        with client.guard("t", {"a": 1}) as call:
            pass
    else:
        with pytest.raises(type(error)) as caught, client.guard("t", {"a": 1}) as call:
            raise error
        assert caught.value is error
    assert client.flush()
    ((seen, _),) = double.outcomes()
    assert seen == outcome
    (record,) = double.records
    assert record.call.call_id == call.call_id == double.asked[0].call_id
    assert record.call.arguments_json == '{"a":1}'
    assert record.decision_id == call.decision.decision_id == "d1"
    assert record.result.HasField("duration")
    if outcome == "failure":
        assert record.result.error == "ValueError: no"


@pytest.mark.parametrize(("error", "outcome"), ENDINGS[:5], ids=lambda x: type(x).__name__)
async def test_each_async_way_out_is_recorded_once(
    aclient: forewarn.AsyncClient, double: Double, error: BaseException | None, outcome: str
) -> None:
    if error is None:
        async with aclient.guard("t"):
            pass
    else:
        with pytest.raises(type(error)):
            async with aclient.guard("t"):
                raise error
    assert await aclient.flush()
    assert [seen for seen, _ in double.outcomes()] == [outcome]


def test_what_is_said_first_stands(client: forewarn.Client, double: Double) -> None:
    with client.guard("a") as call:
        call.fail("HTTP 404", code="404", retry_after=2.5, cost=1.0)
        call.succeed()
    assert call.recorded
    assert call.recorded.classification
    assert call.recorded.classification.cause is forewarn.Cause.NOT_FOUND
    with pytest.raises(RuntimeError), client.guard("b") as call:  # noqa: PT012 - what is said before the exception is the point
        call.succeed({"rows": [1, 2]}, cost=0.5)
        raise RuntimeError("afterwards")
    with client.guard("c") as call:
        call.fail(timeout=True)
    with client.guard("d") as call:
        call.unknown()
    client.flush()
    assert [o for o, _ in double.outcomes()] == ["failure", "success", "timeout", "unknown"]
    assert double.records[0].result.retry_after.seconds == 2
    assert double.records[1].result.result_excerpt == '{"rows": [1, 2]}'


@pytest.mark.parametrize("verdict", [model_pb2.VERDICT_PREVENT, model_pb2.VERDICT_REQUIRE_APPROVAL])
def test_a_prevented_call_is_not_made_and_recorded_once(client: forewarn.Client, double: Double, verdict: Any) -> None:
    double.decide = prevent(verdict=verdict)
    with pytest.raises(Prevented) as caught, client.guard("view_issue", {"key": "AB-1"}):
        pytest.fail("the call was made")
    text = str(caught.value)
    assert "4 of 4 calls like this failed with 404" in text
    assert "would pass if: an issue key that exists" in text
    assert "instead: search_issues (90% expected to succeed), used after it failed" in text
    assert 'instead: view_issue {"key": "AB-2"}' in text
    assert "decision d1" in text
    assert double.outcomes() == [("prevented", 0)]
    assert double.records[0].decision_id == "d1"
    assert client.stats.prevented == 1


async def test_prevented_async(aclient: forewarn.AsyncClient, double: Double) -> None:
    double.decide = prevent()
    with pytest.raises(Prevented):
        async with aclient.guard("t"):
            pytest.fail("the call was made")
    assert double.outcomes() == [("prevented", 0)]


def test_approval_lets_through_what_asks_for_it_and_nothing_else(client: forewarn.Client, double: Double) -> None:
    double.decide = prevent(verdict=model_pb2.VERDICT_REQUIRE_APPROVAL)
    with client.guard("t", approved=True):
        pass
    double.decide = prevent()
    with pytest.raises(Prevented), client.guard("t", approved=True):
        pass
    assert [o for o, _ in double.outcomes()] == ["success", "prevented"]


def test_a_warning_lets_the_call_through(client: forewarn.Client, double: Double) -> None:
    double.decide = prevent(verdict=model_pb2.VERDICT_WARN)
    with client.guard("t") as call:
        assert call.decision.verdict is forewarn.Verdict.WARN
        assert call.decision.would_be is forewarn.Verdict.PREVENT
    assert [o for o, _ in double.outcomes()] == ["success"]


def test_a_rewrite_is_used_or_prevents(client: forewarn.Client, double: Double) -> None:
    double.decide = prevent(verdict=model_pb2.VERDICT_REWRITE)
    with client.guard("t", {"key": "AB-1"}, rewrites=True) as call:
        assert call.arguments == {"key": "AB-2"}
    assert double.records[0].call.arguments_json == '{"key":"AB-2"}'
    with pytest.raises(Prevented, match="AB-2"), client.guard("t", {"key": "AB-1"}):
        pytest.fail("the call was made")


def test_nested_guards_are_two_calls(client: forewarn.Client, double: Double) -> None:
    with pytest.raises(ValueError, match="inner"), client.guard("outer"), client.guard("inner"):
        raise ValueError("inner")
    assert [(r.call.tool, o) for r, (o, _) in zip(double.records, double.outcomes(), strict=True)] == [
        ("inner", "failure"),
        ("outer", "failure"),
    ]


def test_our_own_denial_inside_is_no_evidence_about_the_outer_call(client: forewarn.Client, double: Double) -> None:
    double.decide = lambda call: (prevent() if call.tool == "inner" else allow)(call)
    with pytest.raises(Prevented), client.guard("outer"), client.guard("inner"):
        pass
    client.flush()
    assert sorted((r.call.tool, o) for r, (o, _) in zip(double.records, double.outcomes(), strict=True)) == [
        ("inner", "prevented"),
        ("outer", "cancelled"),
    ]


def test_a_guard_guards_once(client: forewarn.Client, double: Double) -> None:
    guard = client.guard("t")
    with guard:
        pass
    with pytest.raises(RuntimeError, match="one attempt"), guard:
        pass
    assert len(double.records) == 1


def test_facts_and_a_given_call_id(client: forewarn.Client, double: Double) -> None:
    with client.guard("t", call_id="mine", token_budget=100, attempt=2) as call:
        assert call.facts[0].text == "AB-1 was deleted"
    assert double.records[0].call.call_id == "mine"
    assert double.outcomes() == [("success", 2)]


def test_a_refused_record_hides_nothing(client: forewarn.Client, double: Double) -> None:
    with client.guard("refused") as call:
        result = 42
    assert result == 42
    assert call.recorded
    assert isinstance(call.recorded.error, forewarn.RefusedError)
    with pytest.raises(ValueError, match="mine"), client.guard("refused"):
        raise ValueError("mine")
    assert client.stats.records_refused == 2
    assert double.records == []


def test_arguments_that_break_a_limit_follow_the_failure_mode(client: forewarn.Client, double: Double) -> None:
    with client.guard("write", {"text": "x" * (1 << 20)}) as call:
        pass
    assert call.decision.fallback_reason == "arguments_too_large"
    assert (double.asked, double.records) == ([], [])
    assert client.stats.records_refused == 1
    with pytest.raises(forewarn.EncodingError, match=r"arguments\.x"), client.guard("t", {"x": object()}):
        pytest.fail("the call was made")


async def test_cancelling_a_task_does_not_wait_for_the_record(aclient: forewarn.AsyncClient, double: Double) -> None:
    double.record_gate.clear()
    inside = asyncio.Event()

    async def tool() -> None:
        async with aclient.guard("t"):
            inside.set()
            await asyncio.sleep(3600)

    task = asyncio.create_task(tool())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert double.records == []
    double.record_gate.set()
    assert await aclient.flush()
    assert double.outcomes() == [("cancelled", 0)]


async def test_a_record_that_is_cancelled_in_mid_air_is_sent_again(
    aclient: forewarn.AsyncClient, double: Double
) -> None:
    double.record_gate.clear()
    done = asyncio.Event()

    async def tool() -> None:
        async with aclient.guard("t"):
            done.set()

    task = asyncio.create_task(tool())
    await done.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    double.record_gate.set()
    assert await aclient.flush()
    assert double.outcomes() == [("success", 0)]


def test_codes_and_waits_that_exceptions_carry() -> None:
    class Response:
        status_code = 429
        headers = {"Retry-After": "7"}  # noqa: RUF012

    class HTTPError(Exception):
        response = Response()

    class OddError(Exception):
        @property
        def code(self) -> int:
            raise RuntimeError

    assert error_code(FileNotFoundError(2, "x")) == "ENOENT"
    assert error_code(HTTPError()) == "429"
    assert error_code(OddError()) == ""
    assert error_code(ValueError()) == ""
    assert retry_after_of(HTTPError()) == 7
    assert retry_after_of(ValueError()) is None

from __future__ import annotations

import asyncio
import datetime as dt
import pickle
import threading

import pytest

import forewarn
from forewarn import CallRecord, Cause, Mode, Outcome, Tool, Verdict
from forewarn.v1 import model_pb2

from .double import Double, prevent


def test_a_decision_comes_through_whole(client: forewarn.Client, double: Double) -> None:
    double.decide = prevent()
    decision = client.should_prevent("view_issue", {"key": "AB-1"})
    assert decision.source == "daemon"
    assert decision.verdict is Verdict.PREVENT
    assert decision.blocks
    assert decision.mode is Mode.ENFORCE
    assert decision.decision_id == "d1"
    assert decision.reasons[0].code == "exact_repeat"
    assert decision.alternatives[1].arguments == {"key": "AB-2"}
    assert decision.retry_after is None
    assert decision.rewritten("view_issue") is None


def test_what_is_said_reaches_the_daemon(client: forewarn.Client, double: Double) -> None:
    when = dt.datetime(2026, 1, 2, 3, 4, 5, 678000, dt.UTC)
    client.should_prevent(
        "t", {"a": 1}, context={"db": "x"}, session_id="s", caller="c", server="v", tool_version="2", call_id="i",
        attempt=3, time=when,
    )  # fmt: skip
    (call,) = double.asked
    assert call.arguments_json == '{"a":1}'
    assert dict(call.context) == {"db": "x"}
    said = (call.session_id, call.caller, call.server, call.tool_version, call.call_id, call.attempt)
    assert said == ("s", "c", "v", "2", "i", 3)
    assert call.time.ToDatetime(dt.UTC) == when


def test_check_optimize_inject_find(client: forewarn.Client) -> None:
    check = client.check("t", {})
    assert check.facts[0].text == "AB-1 was deleted"
    assert check.tokens == 4
    ranking = client.optimize("t", candidates=["a", "b"], latency_weight=0.5)
    assert [a.tool for a in ranking.alternatives] == ["a", "b"]
    assert client.inject_context(["a", "b"]).text == "a is slow\nb is slow"
    client.record("t", {"a": 1}, Outcome.SUCCESS, call_id="x")
    similar = client.find_similar("t", {"a": 1})
    assert similar.calls[0].call_id == "x"
    assert similar.suggestions == ("use AB-2",)


def test_record_is_idempotent_by_call_id(client: forewarn.Client, double: Double) -> None:
    error = FileNotFoundError(2, "no such file")
    first = client.record("t", {}, "failure", error=error, error_code="404", duration=1.5, call_id="x")
    again = client.record("t", {}, "failure", call_id="x")
    assert first.stored
    assert not first.duplicate
    assert first.classification is not None
    assert first.classification.cause is Cause.NOT_FOUND
    assert again.duplicate
    (record,) = double.records
    assert record.result.error.startswith("FileNotFoundError: ")
    assert (record.result.duration.seconds, record.result.duration.nanos) == (1, 500_000_000)
    assert record.call.HasField("time")
    assert client.stats.records_stored == 2


def test_a_record_without_a_call_id_gets_one(client: forewarn.Client, double: Double) -> None:
    assert client.record("t", {}, Outcome.SUCCESS).call_id == double.records[0].call.call_id != ""


def test_record_many(client: forewarn.Client, double: Double) -> None:
    calls = [CallRecord("refused" if i == 3 else "t", {"i": i}, Outcome.SUCCESS, call_id=str(i)) for i in range(600)]
    answers = client.record_many(calls)
    assert [a.call_id for a in answers] == [str(i) for i in range(600)]
    assert [i for i, a in enumerate(answers) if not a.stored] == [3]
    error = answers[3].error
    assert isinstance(error, forewarn.RefusedError)
    assert error.violations == (("record.call.tool", "is refused"),)
    assert error.reason == "INVALID_ARGUMENT"
    assert len(double.records) == 599
    assert client.record_many([]) == []
    assert (client.stats.records_stored, client.stats.records_refused) == (599, 1)


def test_register_and_appeal(client: forewarn.Client, double: Double) -> None:
    (done,) = client.register_tools([Tool("t", input_schema={"type": "object"}, read_only=True)])
    assert done.created
    double.decide = prevent()
    decision = client.should_prevent("t")
    assert client.appeal(decision, "it exists").usage_pattern_ids == ("p1",)
    assert client.appeal(decision).duplicate
    with pytest.raises(ValueError, match="fallback"):
        client.appeal("")


def test_sessions_fill_in_and_nest(client: forewarn.Client, double: Double) -> None:
    session = client.session("s1", context={"db": "a", "repo": "r"}, caller="me", server="v")
    session.should_prevent("t", context={"db": "b"})
    session.record("t", {}, Outcome.SUCCESS, session_id="other")
    client.should_prevent("t")
    assert [c.session_id for c in double.asked] == ["s1", ""]
    assert dict(double.asked[0].context) == {"db": "b", "repo": "r"}
    assert double.asked[0].caller == "me"
    assert double.records[0].call.session_id == "other"
    assert double.records[0].call.server == "v"
    assert client.session().session_id != client.session().session_id
    assert session.stats.questions == 2


def test_one_channel_serves_many_threads(client: forewarn.Client, double: Double) -> None:
    threads = [threading.Thread(target=lambda: [client.should_prevent("t") for _ in range(10)]) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(double.asked) == 160
    assert client.stats.fallbacks == 0


def test_a_verdict_from_the_future_is_no_decision(client: forewarn.Client, double: Double) -> None:
    double.decide = lambda call: model_pb2.Decision()
    decision = client.should_prevent("t")
    assert decision.source == "fallback"
    assert decision.fallback_reason == "unknown_verdict"


def test_misuse_is_said_at_once(client: forewarn.Client) -> None:
    with pytest.raises(ValueError, match="tool"):
        client.should_prevent("")
    with pytest.raises(forewarn.EncodingError, match=r"context\.n"):
        client.should_prevent("t", context={"n": 1})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="on_error"):
        forewarn.Client(on_error="shut")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="timeout"):
        forewarn.Client(timeout=0)
    with pytest.raises(ValueError, match="maybe"):
        client.record("t", {}, "maybe")  # type: ignore[arg-type]


def test_errors_come_back_from_a_worker_process(client: forewarn.Client, double: Double) -> None:
    double.decide = prevent()
    decision = client.should_prevent("t")
    for error in (
        forewarn.Prevented("t", decision, "c"),
        forewarn.HealFailed("t", OSError("no")),
        forewarn.EncodingError("arguments.a", "is odd"),
        forewarn.ArgumentsTooLargeError("arguments", "too many keys", 10_000),
        forewarn.RefusedError("no", reason="R", violations=(("f", "v"),)),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.__dict__.keys() == error.__dict__.keys()


async def test_closing_ends_a_question_under_way_without_cancelling_its_task(
    aclient: forewarn.AsyncClient, double: Double
) -> None:
    await aclient.should_prevent("t")
    double.gate.clear()
    asked = asyncio.create_task(aclient.should_prevent("t"))
    await asyncio.sleep(0.05)
    await aclient.close()
    with pytest.raises(forewarn.ClosedError):
        await asked


def test_closed_is_closed(client: forewarn.Client) -> None:
    client.should_prevent("t")
    client.close()
    with pytest.raises(forewarn.ClosedError):
        client.should_prevent("t")
    with pytest.raises(forewarn.ClosedError):
        client.record("t", {}, Outcome.SUCCESS, record="background")
    client.close()


async def test_the_async_client_says_the_same(aclient: forewarn.AsyncClient, double: Double) -> None:
    double.decide = prevent()
    session = aclient.session("s", caller="me")
    decision = await session.should_prevent("t", {"a": 1})
    assert decision.verdict is Verdict.PREVENT
    assert (await session.check("t")).facts
    assert (await session.optimize("t")).alternatives
    assert (await session.inject_context(["t"])).facts
    assert (await session.register_tools([Tool("t")]))[0].created
    assert (await session.appeal(decision)).usage_pattern_ids
    recorded = await session.record("t", {"a": 1}, Outcome.FAILURE, error_code="401", decision=decision)
    assert recorded.classification
    assert recorded.classification.cause is Cause.PERMISSION
    assert (await session.find_similar("t")).calls
    answers = await session.record_many(CallRecord("t", {}, Outcome.SUCCESS) for _ in range(300))
    assert all(a.stored for a in answers)
    assert double.records[0].decision_id == "d1"
    assert {r.call.session_id for r in double.records} == {"s"}
    assert aclient.stats.records_stored == 301

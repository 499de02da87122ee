"""How the Python client is used, for the type checkers: read by mypy in ``make lint``, never run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import assert_type

import forewarn
from forewarn import Cause, Decision, Failure, Heal, Outcome, Recorded, Verdict


def login(failure: Failure) -> None: ...


async def alogin(failure: Failure) -> None: ...


def questions(client: forewarn.Client) -> None:
    decision = client.should_prevent("t", {"a": 1}, context={"db": "x"}, session_id="s", timeout=0.1)
    assert_type(decision, Decision)
    assert_type(decision.verdict, Verdict)
    assert_type(decision.retry_after, float | None)
    assert_type(client.record("t", {}, "success", decision=decision), Recorded)
    assert_type(client.record("t", {}, Outcome.FAILURE, error=ValueError()), Recorded)
    assert_type(client.record_many([forewarn.CallRecord("t", {}, Outcome.SUCCESS)]), list[Recorded])
    assert_type(client.session("s"), forewarn.Session)
    client.should_prevent("t", colour="red")  # type: ignore[call-arg]
    client.record("t", {}, "maybe")  # type: ignore[arg-type]
    client.guard("t", record="later")  # type: ignore[arg-type]
    forewarn.Client(on_error="shut")  # type: ignore[arg-type]


def guards(client: forewarn.Client) -> None:
    with client.guard("t", {"a": 1}, record="background", rewrites=True, attempt=2) as call:
        assert_type(call, forewarn.GuardedCall)
        call.succeed(1, cost=0.5)
        call.fail("HTTP 404", code="404")
    assert_type(client.run("t", lambda guarded: len(guarded.arguments)), int)

    @client.guarded("view", exclude=["password"], heal=Heal({Cause.PERMISSION}, login, attempts=2))
    def view(key: str, *, password: str = "") -> int:
        return len(key)

    assert_type(view("AB-1", password="x"), int)
    view(1)  # type: ignore[arg-type]
    plain: Callable[[int], str] = client.guarded()(str)
    plain(1)

    @client.guarded(context=lambda arguments: {"db": str(arguments["db"])}, heal=Heal(lambda f: f.attempt < 2, alogin))
    async def query(db: str) -> list[str]:
        return [db]

    assert_type(asyncio.run(query("x")), list[str])


async def asynchronous(client: forewarn.AsyncClient) -> None:
    assert_type(await client.should_prevent("t"), Decision)
    async with client.guard("t") as call:
        assert_type(call, forewarn.GuardedCall)

    @client.guarded("view", heal=Heal({Cause.PERMISSION}, alogin))
    async def view(key: str) -> int:
        return len(key)

    assert_type(await view("AB-1"), int)

    async with forewarn.AsyncClient(on_error="closed") as other:
        await other.record("t", None, "timeout", duration=1.0)

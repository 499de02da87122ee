from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import forewarn
from forewarn import Prevented
from forewarn.v1 import model_pb2

from .double import Double, prevent


def sent(double: Double) -> list[Any]:
    return [json.loads(r.call.arguments_json) for r in double.records]


def test_arguments_are_bound_by_signature(client: forewarn.Client, double: Double) -> None:
    @client.guarded("view", exclude=["password"], server="jira")
    def view(key: str, *rest: int, fields: tuple[str, ...] = ("a",), password: str = "x", **more: object) -> str:
        """Docs."""
        return key + password

    assert view("AB-1", 1, 2, password="secret", expand=True) == "AB-1secret"
    assert view.__name__ == "view"
    assert view.__doc__ == "Docs."
    assert sent(double) == [{"key": "AB-1", "rest": [1, 2], "fields": ["a"], "expand": True}]
    assert double.records[0].call.server == "jira"
    assert double.records[0].result.result_excerpt == "AB-1secret"


def test_methods_drop_self(client: forewarn.Client, double: Double) -> None:
    class Jira:
        @client.guarded()
        def view(self, key: str) -> str:
            return key

        @classmethod
        @client.guarded()
        def make(cls, key: str) -> str:
            return key

        @staticmethod
        @client.guarded()
        def plain(key: str) -> str:
            return key

    assert [Jira().view("a"), Jira.make("b"), Jira.plain("c")] == ["a", "b", "c"]
    assert sent(double) == [{"key": "a"}, {"key": "b"}, {"key": "c"}]
    assert [r.call.tool for r in double.records] == ["view", "make", "plain"]


def test_context_fixed_or_of_the_arguments(client: forewarn.Client, double: Double) -> None:
    @client.guarded(context=lambda arguments: {"db": str(arguments["db"])})
    def query(db: str) -> None: ...

    @client.guarded(context={"db": "fixed"})
    def fixed() -> None: ...

    query("x")
    fixed()
    assert [dict(call.context) for call in double.asked] == [{"db": "x"}, {"db": "fixed"}]


def test_exceptions_and_preventions(client: forewarn.Client, double: Double) -> None:
    made = []

    @client.guarded()
    def tool(x: int) -> float:
        made.append(x)
        return 1 / x

    with pytest.raises(ZeroDivisionError):
        tool(0)
    double.decide = prevent()
    with pytest.raises(Prevented):
        tool(2)
    with pytest.raises(TypeError, match="missing"):
        tool()  # type: ignore[call-arg]
    assert made == [0]
    assert [o for o, _ in double.outcomes()] == ["failure", "prevented"]


def test_a_rewrite_reaches_the_function(client: forewarn.Client, double: Double) -> None:
    double.decide = prevent(verdict=model_pb2.VERDICT_REWRITE)

    @client.guarded(rewrites=True)
    def view(key: str, limit: int = 5) -> tuple[str, int]:
        return key, limit

    assert view("AB-1", limit=9) == ("AB-2", 5)
    assert sent(double) == [{"key": "AB-2"}]


def test_generators_have_no_single_outcome(client: forewarn.Client) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def later() -> AsyncIterator[int]:
        yield 1

    for function in (numbers, later):
        with pytest.raises(TypeError, match="generator function"):
            client.guarded()(function)
    with pytest.raises(TypeError, match="under @staticmethod"):
        client.guarded()(staticmethod(lambda: 1))
    with pytest.raises(TypeError, match="nothing"):
        client.guarded(exclude=["nothing"])(lambda x: x)


def test_what_has_only_begun_is_not_a_success(client: forewarn.Client, double: Double) -> None:
    async def work() -> None: ...

    @client.guarded()
    def sneaky() -> Any:
        return work()

    with pytest.raises(TypeError, match="coroutine"):
        sneaky()
    assert [o for o, _ in double.outcomes()] == ["unknown"]


async def test_async_functions_with_both_clients(
    client: forewarn.Client, aclient: forewarn.AsyncClient, double: Double
) -> None:
    @client.guarded("one")
    async def one(x: int) -> int:
        return x

    @aclient.guarded("two")
    async def two(x: int) -> int:
        return x // 0

    assert await one(1) == 1
    with pytest.raises(ZeroDivisionError):
        await two(2)
    with pytest.raises(TypeError, match="not an async function"):
        aclient.guarded()(lambda: 1)  # type: ignore[arg-type, return-value]
    assert [(r.call.tool, o) for r, (o, _) in zip(double.records, double.outcomes(), strict=True)] == [
        ("one", "success"),
        ("two", "failure"),
    ]


async def test_run(client: forewarn.Client, aclient: forewarn.AsyncClient, double: Double) -> None:
    assert client.run("t", lambda call: call.arguments["x"], {"x": 1}) == 1

    async def tool(call: forewarn.GuardedCall) -> object:
        return call.arguments["x"]

    assert await aclient.run("t", tool, {"x": 2}) == 2
    assert sent(double) == [{"x": 1}, {"x": 2}]

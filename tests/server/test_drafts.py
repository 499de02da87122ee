"""Drafts of policies are decided by the engine that would be in force, in every method that asks one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from forewarn.v1 import model_pb2, policy_pb2
from sidecar.config import Settings
from sidecar.guard.policy.suggested_what_if import suggested_what_if
from sidecar.model.call import Call, Result
from sidecar.model.vocabulary import Outcome
from sidecar.policies.document import Policy
from sidecar.policies.engine.evaluator import DurableEngine, DurableEvaluator
from sidecar.runtime import Rooms, open_rooms
from sidecar.server.policy_service import PolicyService

DRAFT = """\
policy: draft
tools: [t]
mode: enforce
rules:
  - {name: risky, when: {field: call.arguments.n, more: 3}, then: {derive: {risk: high}}}
  - {name: stop, when: {field: derived.risk, equal: high}, then: {prevent: {message: no}}}
  - {name: other, when: {field: call.arguments.n, equal: 1}, then: {warn: {message: one}}}
"""
SUITE = """\
suite: s
policies: [draft.yaml]
tests:
  - {name: much, call: {tool: t, arguments: {n: 4}}, expect: prevent}
  - {name: little, call: {tool: t, arguments: {n: 2}}, as_written: true, expect: none}
"""


class Active:
    """As much of a gRPC context as is asked for."""

    def is_active(self) -> bool:
        return True


class Noting:
    """Makes the engines that the daemon makes, and keeps them."""

    def __init__(self) -> None:
        self.made: list[DurableEngine] = []
        self.prepared: list[list[str]] = []

    def compile(self, policies: Sequence[Policy], revision: str) -> DurableEngine:
        self.made.append(DurableEvaluator(probing=None).compile(policies, revision))
        return self.made[-1]

    def prepare(self, sets: Sequence[Sequence[Policy]]) -> None:
        self.prepared = [[one.name for one in policies] for policies in sets]


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    known: dict[str, Any] = {"data_dir": tmp_path / "data"}
    opened = open_rooms(Settings(**known), randomness=random.Random(7))
    yield opened
    opened.close()


def test_every_draft_is_decided_by_the_engine_and_closed(rooms: Rooms) -> None:
    context: Any = Active()
    service = PolicyService(rooms, lambda: 1_800_000_000.0)
    rooms.recorder.record(
        Call("t", {"n": 5}, '{"n":5}', {}, "s", "", "", "", "", 1_800_000_000.0), Result(Outcome.FAILURE, error="no")
    ).result(10)
    noting = rooms.policies.evaluator = Noting()
    files = [policy_pb2.PolicyFile(name="draft.yaml", text=DRAFT)]

    tested = service.TestPolicies(
        policy_pb2.TestPoliciesRequest(files=files, suites=[policy_pb2.PolicyFile(name="s_test.yaml", text=SUITE)]),
        context,
    )
    assert (tested.passed, tested.failed, list(tested.faults)) == (2, 0, [])
    assert noting.prepared == [["draft"]]
    assert len(noting.made) == 2  # as if enforced, and as written

    call = model_pb2.Call(tool="t", arguments_json='{"n":4}')
    trace = service.ExplainCall(policy_pb2.ExplainCallRequest(call=call, files=files), context).trace
    assert trace.would_be_rule == "draft/stop"
    assert [one.value_json for one in trace.derived] == ['"high"']
    assert [(one.rule, one.missed != "") for one in trace.rules] == [
        ("draft/risky", False), ("draft/stop", False), ("draft/other", True),
    ]  # fmt: skip
    assert len(noting.made) == 3

    what_if = service.WhatIf(policy_pb2.WhatIfRequest(files=files), context)
    assert [one.rule for one in what_if.rules] == ["draft/stop"]
    assert len(noting.made) == 4

    assert suggested_what_if(rooms.store, rooms.policies, DRAFT, 10, 1, lambda: None).stopped.failed == 1
    assert len(noting.made) == 5
    assert all(engine._closed for engine in noting.made)


def test_as_many_calls_are_looked_at_as_were_asked_for(rooms: Rooms) -> None:
    for n in range(6):
        call = Call("t", {"n": n}, f'{{"n":{n}}}', {}, "s", "", "", "", "", 1_800_000_000.0 + n)
        rooms.recorder.record(call, Result(Outcome.SUCCESS)).result(10)
        rooms.store.submit(lambda txn: txn.next_sequence()).result(10)  # somebody else takes a number
    for limit in (1, 4, 6):
        found = suggested_what_if(rooms.store, rooms.policies, DRAFT, limit, 1, lambda: None).found
        assert found.calls == limit
    assert suggested_what_if(rooms.store, rooms.policies, DRAFT, 100, 1, lambda: None).found.calls == 6

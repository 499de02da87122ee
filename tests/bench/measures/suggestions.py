"""What suggestions cost those who complete workflows, and drafts in flight those who check calls. Real daemons.

``CompleteWorkflow`` is timed back to back, without a pause, at a daemon that suggests and at one that does not, in
turns of the same length over the same workflows. What is added is the median over pairs of turns of the difference of
their p99: others on the machine disturb both of a pair alike, and some pairs much.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
from pytest_httpserver import HTTPServer

from forewarn.v1 import (
    guard_pb2,
    guard_pb2_grpc,
    knowledge_pb2,
    knowledge_pb2_grpc,
    model_pb2,
    suggestion_pb2,
    suggestion_pb2_grpc,
    workflow_pb2,
    workflow_pb2_grpc,
)
from tests.suggestions.model_server import ModelServer

from .. import daemons
from ..machine import DAEMON_CORE
from ..rows import Plan, Row, middle

#: Milliseconds that p99 of CompleteWorkflow may be higher where there are suggestions.
ADDED_BAR = 5.0
#: How many times as long a check may take beside drafts in flight: unchanged, but for noise.
UNCHANGED = 1.25
#: Seconds from a completed workflow to a suggestion in a model's words, where the model takes 2.
GENERATION_BAR = 5.0
_MODEL_SECONDS = 2.0
_DRAFTS = 100
_PATTERNS = 40
_ROUND = 300
_PATIENCE = 60.0


def measure(plan: Plan) -> Iterator[Row]:
    """Yields milliseconds."""
    yield from _completion(plan)
    yield from _generation(plan)
    yield from _drafts_in_flight(plan)


def _completion(plan: Plan) -> Iterator[Row]:
    folder = plan.folder / "suggestions"
    with contextlib.ExitStack() as stack:
        sides = [
            stack.enter_context(_office(folder / name, f"tests.bench.{name}_daemon")) for name in ("bench", "quiet")
        ]
        choice = random.Random(5)
        for side in sides:
            for _ in range(4 if plan.quick else 12):  # a window that there is something to look at in
                side.turn(choice)
        times: tuple[list[list[float]], list[list[float]]] = ([], [])
        for number in range(plan.rounds(24)):
            for which in (0, 1) if number % 2 else (1, 0):
                times[which].append(sides[which].turn(choice))
        made = sides[0].suggested()
    if not made:
        raise SystemExit("nothing was suggested: there is nothing to measure")
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        beside, alone = ([_at(turn, share) for turn in found] for found in times)
        yield Row(f"suggestions/CompleteWorkflow with, {name}", middle(beside), "ms")
        yield Row(f"suggestions/CompleteWorkflow without, {name}", middle(alone), "ms")
        added = [one - other for one, other in zip(beside, alone, strict=True)]
        yield Row(
            f"suggestions/added to CompleteWorkflow, {name}", middle(added), "ms",
            ADDED_BAR if name == "p99" else None, best="low",
        )  # fmt: skip


class _Side:
    """One of two daemons with the same patterns, and workflows at it."""

    def __init__(self, guard: grpc.Channel, admin: grpc.Channel) -> None:
        self._workflows = workflow_pb2_grpc.WorkflowServiceStub(guard)
        self._inbox = suggestion_pb2_grpc.SuggestionServiceStub(admin)
        knowledge = knowledge_pb2_grpc.KnowledgeServiceStub(admin)
        for number in range(_PATTERNS):
            entity = knowledge_pb2.OrganisationalEntity(
                id=f"p{number}", kind=knowledge_pb2.ENTITY_KIND_PATTERN, description=f"service{number} of a team",
                triggers=[f"service{number}", f"team{number % 7}"], suggested_resources=["Deployment", f"Kind{number}"],
            )  # fmt: skip
            knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=entity), timeout=_PATIENCE)

    def turn(self, choice: random.Random) -> list[float]:
        """Begin some workflows, then complete them one after the other; the seconds that each completion took."""
        requests = [self._begin(choice.randrange(_PATTERNS), choice) for _ in range(_ROUND)]
        found = []
        for request in requests:
            began = time.perf_counter()
            self._workflows.CompleteWorkflow(request, timeout=_PATIENCE)
            found.append(time.perf_counter() - began)
        return found

    def suggested(self) -> int:
        """How many suggestions it made."""
        answer = self._inbox.ListSuggestions(suggestion_pb2.ListSuggestionsRequest(any_state=True), timeout=_PATIENCE)
        return len(answer.suggestions)

    def _begin(self, number: int, choice: random.Random) -> workflow_pb2.CompleteWorkflowRequest:
        gap = choice.random() < 0.1
        intent = f"ledger{number % 4} of accounts" if gap else f"a service{number} for team{number % 7}"
        begun = self._workflows.Recommend(workflow_pb2.RecommendRequest(intent=intent), timeout=_PATIENCE)
        added = ["Cache"] if choice.random() < 0.8 and number % 5 == 0 else []
        return workflow_pb2.CompleteWorkflowRequest(
            workflow_id=begun.workflow_id,
            used=[] if gap else [f"p{number}", *([f"p{number + 1}"] if number % 10 == 4 else [])],
            generated_resources=["Deployment", f"Kind{number}", *added],
            outcome=knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS,
        )


@contextlib.contextmanager
def _office(folder: Path, module: str) -> Iterator[_Side]:
    with (
        daemons.running(folder, module, DAEMON_CORE) as daemon,
        grpc.insecure_channel(daemon.port) as guard,
        grpc.insecure_channel(daemon.admin) as admin,
    ):
        yield _Side(guard, admin)


def _drafts_in_flight(plan: Plan) -> Iterator[Row]:
    """Checks of one caller while a model is asked for many drafts at once, and while it is not, in turns."""
    with _drafting(plan.folder / "drafts", 20.0 if plan.quick else 40.0) as (model, daemon), daemon.guard() as guard:
        _checks(guard, 500)
        alone = _checks(guard, plan.rounds(6_000))
        with grpc.insecure_channel(daemon.socket) as channel:
            workflows = workflow_pb2_grpc.WorkflowServiceStub(channel)
            for number in range(_DRAFTS):
                _gap(workflows, number)
        _until(lambda: len(model.requests) >= _DRAFTS)
        beside = _checks(guard, plan.rounds(6_000))
        if model.most_at_once < _DRAFTS or len(model.requests) > _DRAFTS:
            raise SystemExit(f"{model.most_at_once} drafts were in flight at most, not {_DRAFTS}")
        model.delay = 0.0
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        yield Row(f"suggestions/a check alone, {name}", _at(alone, share), "ms")
        yield Row(f"suggestions/a check beside {_DRAFTS} drafts, {name}", _at(beside, share), "ms")
    yield Row(
        "suggestions/a check beside drafts to alone, p50", _at(beside, 0.5) / _at(alone, 0.5), "ratio", UNCHANGED,
        best="low",
    )  # fmt: skip


def _generation(plan: Plan) -> Iterator[Row]:
    """The longest of some: workflows that recur, from the last one's completion to words of a model."""
    found = []
    with (
        _drafting(plan.folder / "generation", _MODEL_SECONDS) as (_, daemon),
        grpc.insecure_channel(daemon.socket) as guard,
        grpc.insecure_channel(daemon.admin) as admin,
    ):
        workflows = workflow_pb2_grpc.WorkflowServiceStub(guard)
        inbox = suggestion_pb2_grpc.SuggestionServiceStub(admin)

        def worded() -> int:
            answer = inbox.ListSuggestions(suggestion_pb2.ListSuggestionsRequest(any_state=True), timeout=_PATIENCE)
            return sum(one.drafting == suggestion_pb2.SUGGESTION_DRAFTING_MODEL for one in answer.suggestions)

        for number in range(3 if plan.quick else 8):
            _gap(workflows, number)
            began = time.monotonic()
            _until(lambda wanted=number + 1: worded() >= wanted)  # type: ignore[misc]
            found.append(time.monotonic() - began)
    yield Row("suggestions/generated from end to end, the longest", max(found), "s", GENERATION_BAR, best="low")


@contextlib.contextmanager
def _drafting(folder: Path, seconds: float) -> Iterator[tuple[ModelServer, daemons.Running]]:
    """A model that takes ``seconds``, and a daemon that asks it."""
    folder.mkdir(parents=True)
    key = folder / "key"
    key.write_text("sk-ant-api03-bench")
    with HTTPServer(threaded=True) as http:
        model = ModelServer(http)
        model.delay = seconds
        limits = {"suggestions-per-day": 200, "llm-at-once": _DRAFTS, "llm-requests-per-minute": 1_000,
                  "llm-timeout": 120, "llm-tokens-per-day": 100_000_000}  # fmt: skip
        options = [f"--{name}={value}" for name, value in limits.items()]
        options += ["--drafting=claude", f"--llm-base-url={model.url}", f"--llm-key-file={key}"]
        with daemons.running(folder / "daemon", "tests.bench.bench_daemon", DAEMON_CORE, *options) as daemon:
            yield model, daemon


def _gap(workflows: workflow_pb2_grpc.WorkflowServiceStub, number: int) -> None:
    """An intent that recurs and that nothing matches, of words of its own."""
    for _ in range(6):
        intent = f"subject{number}x topic{number}y matter{number}z"
        begun = workflows.Recommend(workflow_pb2.RecommendRequest(intent=intent), timeout=_PATIENCE)
        request = workflow_pb2.CompleteWorkflowRequest(
            workflow_id=begun.workflow_id, generated_resources=[f"Kind{number}"],
            outcome=knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS,
        )  # fmt: skip
        workflows.CompleteWorkflow(request, timeout=_PATIENCE)


def _checks(guard: guard_pb2_grpc.GuardServiceStub, count: int) -> list[float]:
    found = []
    for number in range(count):
        call = model_pb2.Call(tool=f"tool{number % 10}", arguments_json=f'{{"n": {number % 100}}}', session_id="s")
        request = guard_pb2.ShouldPreventRequest(call=call)
        began = time.perf_counter()
        guard.ShouldPrevent(request, timeout=_PATIENCE)
        found.append(time.perf_counter() - began)
    return found


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > end:
            raise SystemExit("it did not come to that in time")
        time.sleep(0.05)


def _at(found: list[float], share: float) -> float:
    """Milliseconds of the one at this share."""
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3

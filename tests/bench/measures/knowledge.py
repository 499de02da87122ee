"""Organisational knowledge at size: 100,000 patterns, 1,000,000 workflow events. In this process, wall time.

Recommend is measured whole: matching, metrics, the journal, and the commit on the disk.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from sidecar.config import Settings
from sidecar.knowledge.journal import append
from sidecar.knowledge.reading import curve_of, scopes_of, totals_of, usage_of, used_together
from sidecar.knowledge.semantic.choosing import Choice, semantic_index
from sidecar.knowledge.verification import verify_metrics
from sidecar.model.knowledge import (
    Began,
    Completed,
    Content,
    EntityKind,
    Recommended,
    Used,
    WorkflowKind,
    WorkflowOutcome,
)
from sidecar.runtime import Rooms, open_rooms
from sidecar.store.transaction import WriteTransaction

from ..machine import DAEMON_CORE, LOAD_CORE, pin
from ..rows import Plan, Row
from ..stores import call

RECOMMEND_BAR = 5.0  # milliseconds
METRICS_BAR = 50.0
_VOCABULARY = 20_000
_BATCH = 1_000
_SCOPES = 20


def measure(plan: Plan) -> Iterator[Row]:
    """Yields milliseconds, and seconds for what is done once."""
    patterns, events = (20_000, 50_000) if plan.quick else (100_000, 1_000_000)
    settings = Settings.model_validate({"data_dir": plan.folder / "knowledge", "max_entities": 200_000})
    choice = random.Random(11)
    rooms = open_rooms(settings)
    ids = _fill(rooms, patterns, choice)
    yield Row(f"knowledge/{events:,} workflow events", _journal(rooms, ids, events, choice), "s")
    rooms.close()

    rooms = open_rooms(settings)
    pin(DAEMON_CORE)
    try:
        began = time.monotonic()
        building = _times(lambda: _check(rooms, choice), 2_000, until=lambda: not rooms.knowledge_index.complete)
        if not rooms.knowledge_index.wait(timeout=600):
            raise RuntimeError("the index was not built in time")
        yield Row(f"knowledge/index of {patterns:,} built beside checks", time.monotonic() - began, "s")
        intents = [_text(choice, 9) for _ in range(400)]
        for intent in intents[:20]:
            rooms.workflows.recommend(intent, scope="s1").result(60)
        before = time.process_time()
        found = _times(lambda: rooms.workflows.recommend(choice.choice(intents), scope="s1").result(60), 400)
        yield Row("knowledge/Recommend, CPU of all threads", (time.process_time() - before) / 400 * 1e3, "ms")
        yield Row("knowledge/Recommend p50", _at(found, 0.5), "ms", RECOMMEND_BAR, best="low")
        yield Row("knowledge/Recommend p99", _at(found, 0.99), "ms")
        found = _times(lambda: rooms.knowledge_index.search(choice.choice(intents), EntityKind.PATTERN, 5), 400)
        yield Row("knowledge/matching alone p50", _at(found, 0.5), "ms")
        yield from _with_embeddings(rooms, intents, choice)
        workflows = [rooms.workflows.recommend(one).result(60).workflow_id for one in intents]
        found = _times(lambda: _complete(rooms, workflows.pop(), choice.sample(ids[:500], 3)), len(workflows))
        yield Row("knowledge/CompleteWorkflow p50", _at(found, 0.5), "ms")
        yield Row("knowledge/CompleteWorkflow p99", _at(found, 0.99), "ms")
        found = _times(lambda: _metrics(rooms, choice.choice(ids[:500])), 400)
        yield Row("knowledge/metrics of one, p99", _at(found, 0.99), "ms", METRICS_BAR, best="low")
        found = _times(lambda: _page(rooms), 100)
        yield Row("knowledge/page of 50 with metrics, p99", _at(found, 0.99), "ms", METRICS_BAR, best="low")
        yield from _beside(rooms, intents, choice, building)
        began = time.monotonic()
        verified = verify_metrics(rooms.store, rooms.workflow_retention, lambda: time.sleep(0.001))
        if verified.problems:
            raise RuntimeError(verified.problems[0])
        yield Row("knowledge/verifying all metrics", time.monotonic() - began, "s")
    finally:
        pin(LOAD_CORE)
        rooms.close()


def _with_embeddings(rooms: Rooms, intents: list[str], choice: random.Random) -> Iterator[Row]:
    """The same with vectors in memory, beside the same store and index; where the extra is installed."""
    semantic = semantic_index(rooms.store, Choice("wordllama", "memory", Path(), "", None, "forewarn", 1.0))
    if semantic is None:
        raise RuntimeError("there are no embeddings")
    began = time.monotonic()
    semantic.start()
    if not semantic.wait(600):
        raise RuntimeError("the vectors were not made in time")
    yield Row(f"knowledge/vectors of {semantic.kept:,} made", time.monotonic() - began, "s")
    rooms.knowledge_index.semantic = semantic
    for intent in intents[:20]:
        rooms.workflows.recommend(intent, scope="s1").result(60)
    before = time.process_time()
    found = _times(lambda: rooms.workflows.recommend(choice.choice(intents), scope="s1").result(60), 400)
    yield Row("knowledge/Recommend with embeddings, CPU", (time.process_time() - before) / 400 * 1e3, "ms")
    yield Row("knowledge/Recommend with embeddings p50", _at(found, 0.5), "ms", RECOMMEND_BAR, best="low")
    yield Row("knowledge/Recommend with embeddings p99", _at(found, 0.99), "ms")
    found = _times(lambda: rooms.knowledge_index.search(choice.choice(intents), EntityKind.PATTERN, 5), 400)
    yield Row("knowledge/matching with embeddings p50", _at(found, 0.5), "ms")
    rooms.knowledge_index.semantic = None
    semantic.close()


def _beside(rooms: Rooms, intents: list[str], choice: random.Random, building: list[float]) -> Iterator[Row]:
    """What a check takes alone, while the index is built, and beside one caller of Recommend."""
    alone = _times(lambda: _check(rooms, choice), 2_000)
    stop = threading.Event()

    def recommend() -> None:
        while not stop.is_set():
            rooms.workflows.recommend(random.choice(intents)).result(60)

    thread = threading.Thread(target=recommend)
    thread.start()
    beside = _times(lambda: _check(rooms, choice), 2_000)
    stop.set()
    thread.join()
    for name, found in (("alone", alone), ("while the index is built", building), ("beside Recommend", beside)):
        if found:
            yield Row(f"knowledge/a check {name}, p50", _at(found, 0.5), "ms")
            yield Row(f"knowledge/a check {name}, p99", _at(found, 0.99), "ms")


def _fill(rooms: Rooms, patterns: int, choice: random.Random) -> list[str]:
    ids = [f"p{number}" for number in range(patterns)]
    for start in range(0, patterns, _BATCH):
        contents = [
            Content(_text(choice, 14), tuple(_text(choice, 2) for _ in range(5)), _text(choice, 20), ("Deployment",))
            for _ in range(_BATCH)
        ]

        def job(txn: WriteTransaction, start: int = start, contents: list[Content] = contents) -> None:
            for number, content in enumerate(contents, start):
                rooms.knowledge.create_in(txn, EntityKind.PATTERN, f"p{number}", content, "", "imported", 1e9)

        rooms.store.submit(job).result(60)
    return ids


def _journal(rooms: Rooms, ids: list[str], events: int, choice: random.Random) -> float:
    """Append pairs of events, most of them about a few hundred patterns; the seconds it took."""
    began = time.monotonic()
    now = time.time()
    popular = ids[:500]
    for start in range(0, events // 2, _BATCH):

        def job(txn: WriteTransaction, start: int = start) -> None:
            for number in range(start, min(start + _BATCH, events // 2)):
                shown = tuple(
                    Recommended(one, EntityKind.PATTERN, 1, 9.0, choice.random(), 0.5)
                    for one in choice.sample(popular if number % 10 else ids, 5)
                )
                used = tuple(Used(one.id, one.kind, True) for one in shown[: choice.randrange(4)])
                key, scope = number.to_bytes(16, "big"), f"s{number % _SCOPES}"
                kind = WorkflowKind.RECOMMEND
                append(txn, Began(now, key, kind, "an intent of some words", scope, True, "", shown, False))
                made = ("Deployment", f"R{number % 50}")
                outcome = WorkflowOutcome.SUCCESS
                append(txn, Completed(now, key, kind, scope, True, shown, used, made, made[1:], outcome, ""))

        rooms.store.submit(job).result(600)
    return time.monotonic() - began


def _text(choice: random.Random, words: int) -> str:
    """Words as texts have them: few of them often, most of them seldom."""
    return " ".join(choice.choices(_WORDS, cum_weights=_WEIGHTS, k=words))


_WORDS = [f"w{number}" for number in range(_VOCABULARY)]
_WEIGHTS = list(accumulate(1.0 / (number + 10) for number in range(_VOCABULARY)))


def _complete(rooms: Rooms, workflow_id: bytes, used: list[str]) -> None:
    rooms.workflows.complete(workflow_id, used, ["Deployment", "Redis"], WorkflowOutcome.SUCCESS).result(60)


def _metrics(rooms: Rooms, entity_id: str) -> None:
    with rooms.store.read() as reader:
        usage_of(reader, entity_id)
        list(scopes_of(reader, entity_id))
        used_together(reader, entity_id, 20)
        totals_of(reader)
        curve_of(reader)


def _page(rooms: Rooms) -> None:
    with rooms.store.read() as reader:
        for number, (_, entity) in enumerate(rooms.knowledge.entities(reader, EntityKind.PATTERN)):
            usage_of(reader, entity.id)
            if number == 50:
                return


def _check(rooms: Rooms, choice: random.Random) -> None:
    rooms.tracker.should_prevent(call(choice.randrange(10), choice.randrange(100), "s"))


def _times(run: Callable[[], object], count: int, until: Callable[[], bool] = lambda: True) -> list[float]:
    """Milliseconds of each, sorted."""
    found: list[float] = []
    while len(found) < count and until():
        began = time.perf_counter()
        run()
        found.append((time.perf_counter() - began) * 1e3)
    return sorted(found)


def _at(found: list[float], share: float) -> float:
    return found[min(len(found) - 1, int(len(found) * share))]

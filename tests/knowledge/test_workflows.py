"""What happens behind a completed workflow, who watches it, and what is kept of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from sidecar.knowledge.completion import SuggestionInShort
from sidecar.knowledge.reading import usage_of, used_together
from sidecar.knowledge.workflows import Workflows
from sidecar.model.errors import InvalidArgumentError, NotFoundError
from sidecar.model.knowledge import EntityKind, LearningResult, Workflow, WorkflowOutcome
from sidecar.store import Reader

from .conftest import Organisation


class Suggester:
    """Takes note, says what it is told to say, and learns when the test says so."""

    def __init__(self, answer: bool | Exception) -> None:
        self.answer = answer
        self.seen: list[Workflow] = []

    def completed(self, workflow: Workflow) -> bool:
        self.seen.append(workflow)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def in_short(self, _: Reader, suggestion_ids: Sequence[str]) -> list[SuggestionInShort]:
        return [SuggestionInShort(one, "create_pattern", 0.85, "because") for one in suggestion_ids]


Suggesting = Callable[[bool | Exception], tuple[Workflows, Suggester]]


@pytest.fixture
def suggesting(organisation: Organisation) -> Iterator[Suggesting]:
    made: list[Workflows] = []

    def make(answer: bool | Exception) -> tuple[Workflows, Suggester]:
        rooms, suggester = organisation.rooms, Suggester(answer)
        ids = iter(range(1, 1000))
        workflows = Workflows(
            rooms.store,
            rooms.extractor,
            rooms.knowledge,
            rooms.knowledge_index,
            rooms.clock,
            lambda: next(ids).to_bytes(16, "big"),
            suggester,
        )
        made.append(workflows)
        return workflows, suggester

    yield make
    for one in made:
        one.close()


def run(workflows: Workflows) -> bytes:
    begun = workflows.recommend("anything").result(10)
    workflows.complete(begun.workflow_id, [], [], WorkflowOutcome.SUCCESS).result(10)
    return begun.workflow_id


def state(organisation: Organisation, workflows: Workflows, workflow_id: bytes) -> Workflow:
    organisation.rooms.store.submit(lambda txn: txn.commit_sequence).result(10)  # what was posted is written by then
    with organisation.rooms.store.read() as reader:
        return workflows.get(reader, workflow_id)


def test_the_last_stage_is_filled_later(organisation: Organisation, suggesting: Suggesting) -> None:
    workflows, suggester = suggesting(True)
    workflow_id = run(workflows)
    assert state(organisation, workflows, workflow_id).learning is LearningResult.PENDING
    seen: list[LearningResult] = []
    thread = threading.Thread(
        target=lambda: seen.extend(one.learning for one in workflows.watch(workflow_id, lambda: True))
    )
    thread.start()
    deadline = time.monotonic() + 10
    while not seen and time.monotonic() < deadline:
        time.sleep(0.01)
    workflows.learned(bytes(16), LearningResult.FAILED)  # kept no longer: nothing happens
    workflows.learned(workflow_id, LearningResult.SUCCESS, ["s1"], "look")
    thread.join(10)
    assert seen == [LearningResult.PENDING, LearningResult.SUCCESS]
    after = state(organisation, workflows, workflow_id)
    assert (after.suggestion_ids, after.learning_detail) == (("s1",), "look")
    assert [one.workflow_id for one in suggester.seen] == [workflow_id]


def test_where_nothing_will_come_the_stage_is_skipped(organisation: Organisation, suggesting: Suggesting) -> None:
    workflows, suggester = suggesting(False)
    workflow_id = run(workflows)
    assert state(organisation, workflows, workflow_id).learning is LearningResult.SKIPPED
    done = workflows.complete(workflow_id, [], [], WorkflowOutcome.SUCCESS).result(10)
    assert done.duplicate
    assert len(suggester.seen) == 1


def test_a_suggester_that_fails_harms_no_workflow(organisation: Organisation, suggesting: Suggesting) -> None:
    workflows, suggester = suggesting(ZeroDivisionError())
    ids = [run(workflows) for _ in range(3)]
    assert len(suggester.seen) == 3
    assert all(state(organisation, workflows, one).outcome is WorkflowOutcome.SUCCESS for one in ids)
    assert organisation.verified().problems == []


def test_watching_ends_with_the_room(organisation: Organisation) -> None:
    workflows = organisation.rooms.workflows
    begun = organisation.recommend("anything")
    seen: list[Workflow] = []
    thread = threading.Thread(target=lambda: seen.extend(workflows.watch(begun.workflow_id, lambda: True)))
    thread.start()
    workflows.close()
    thread.join(10)
    assert not thread.is_alive()
    with pytest.raises(NotFoundError):
        list(Workflows.watch(_reopened(organisation).rooms.workflows, bytes(16), lambda: True))


def _reopened(organisation: Organisation) -> Organisation:
    organisation.restart()
    return organisation


def test_a_workflow_survives_a_restart(organisation: Organisation) -> None:
    organisation.add("web", "Public web application")
    begun = organisation.recommend("public web", "prod")
    organisation.restart()
    done = organisation.complete(begun.workflow_id, ["web"], ["Deployment"])
    assert done.workflow.recommended[0].id == "web"
    assert done.workflow.used[0].recommended
    assert organisation.verified().problems == []


def test_used_entities_must_exist_and_may_be_deleted(organisation: Organisation) -> None:
    organisation.add("web", "Public web application")
    organisation.add("tls", "TLS", kind=EntityKind.POLICY)
    begun = organisation.recommend("public web")
    for used, field in ((["web", "nobody"], "used[1]"), ([""], "used[0]"), (["x" * 500], "used[0]")):
        with pytest.raises(InvalidArgumentError) as caught:
            organisation.complete(begun.workflow_id, used)
        assert caught.value.field == field
    organisation.rooms.knowledge.delete("web").result(10)
    assert [one.id for one in organisation.complete(begun.workflow_id, ["web", "tls"]).workflow.used] == ["web", "tls"]


def test_intents_scopes_and_resources_hold_no_secret(organisation: Organisation) -> None:
    organisation.add("web", "Public web application")
    mail = "jane.roe@example.com"
    begun = organisation.recommend(f"public web for {mail} {'x' * 5000}", f"cluster of {mail}")
    done = organisation.complete(begun.workflow_id, ["web"], [f"Bucket/{mail}"])
    assert begun.patterns[0].entity.id == "web"
    kept = done.workflow
    assert mail not in repr(kept)
    assert len(kept.intent.encode()) <= 1024
    with organisation.rooms.store.read() as reader:
        usage = usage_of(reader, "web", kept.scope)
        assert usage is not None
        assert mail not in repr(usage)
        assert sum(usage.additions.values()) == 1


def test_co_usage_knows_lift(organisation: Organisation) -> None:
    for name in ("bread", "butter", "milk"):
        organisation.add(name, f"{name} pattern")
    for used, times in ((["bread", "butter"], 6), (["bread"], 2), (["milk"], 10), (["milk", "bread"], 2)):
        for _ in range(times):
            organisation.complete(organisation.recommend("x").workflow_id, used)
    with organisation.rooms.store.read() as reader:
        butter, milk = used_together(reader, "bread", 5)
        assert (butter.id, butter.times, butter.share.value) == ("butter", 6, 0.6)
        assert butter.lift == pytest.approx(0.6 / (6 / 20))
        assert milk.lift == pytest.approx(0.2 / (12 / 20))
        assert [one.id for one in used_together(reader, "bread", 5, least=3)] == ["butter"]
        assert used_together(reader, "bread", 5, without={"butter", "milk"}) == []
    told = organisation.recommend("bread").patterns[0].also_used
    assert [one.id for one in told] == ["butter", "milk"]


def test_what_was_often_used_is_told_to_be_likely(organisation: Organisation) -> None:
    organisation.add("web", "Public web application")
    before = organisation.recommend("public web application").patterns[0]
    for _ in range(40):
        organisation.complete(organisation.recommend("public web application").workflow_id, ["web"])
    often = organisation.recommend("public web application").patterns[0]
    assert often.match.relevance == before.match.relevance
    assert often.p_use > 0.9 > before.p_use
    for _ in range(400):
        organisation.complete(organisation.recommend("public web application").workflow_id, [])
    assert organisation.recommend("public web application").patterns[0].p_use < 0.2

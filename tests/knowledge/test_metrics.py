"""Metrics against a naive recount, and against themselves after retention took from the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.knowledge.metrics import NAMES, RECENT, add_names
from sidecar.knowledge.reading import totals_of, usage_of, used_together
from sidecar.knowledge.tables import KEPT, USAGE, WORKFLOW_EVENTS, WORKFLOWS, usage_key
from sidecar.model.knowledge import WEAK, Usage, WorkflowOutcome
from sidecar.store.transaction import WriteTransaction

from .conftest import Organisation

PATTERNS = {"web": ("Deployment", "Service"), "store": ("StatefulSet",), "queue": ("Queue", "Worker")}
RUN = st.fixed_dictionaries(
    {
        "intent": st.sampled_from(
            [
                "web",
                "store data",
                "queue jobs",
                "web store",
                "a web of many other words than any of ours",
                "nothing of it",
            ]
        ),
        "scope": st.sampled_from(["", "prod", "test"]),
        "used": st.sets(st.sampled_from(sorted(PATTERNS)), max_size=3),
        "resources": st.sets(st.sampled_from(["Deployment", "service", "Redis", "Queue", "Bucket"]), max_size=4),
        "outcome": st.sampled_from([*WorkflowOutcome]),
    }
)


def prepared(organisation: Organisation) -> None:
    for name, resources in PATTERNS.items():
        organisation.add(name, f"{name} pattern", suggested_resources=resources)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs=st.lists(RUN, min_size=1, max_size=25))
def test_counts_are_what_a_naive_recount_says(
    runs: list[dict[str, Any]], open_organisation: Callable[..., Organisation]
) -> None:
    organisation = open_organisation()
    prepared(organisation)
    rows: list[tuple[dict[str, Any], dict[str, bool], bool]] = []
    for run in runs:
        organisation.now += 60
        begun = organisation.recommend(run["intent"], run["scope"])
        completed = run["outcome"] is not WorkflowOutcome.OPEN
        if completed:
            organisation.complete(begun.workflow_id, sorted(run["used"]), sorted(run["resources"]), run["outcome"])
        rows.append((run, {one.entity.id: one.match.relevance >= WEAK for one in begun.patterns}, completed))
    with organisation.rooms.store.read() as reader:
        for name, suggested in PATTERNS.items():
            for scope in ("", "prod", "test"):
                mine = [row for row in rows if not scope or row[0]["scope"] == scope]
                ended = [(run, offered) for run, offered, completed in mine if completed]
                using = [run for run, _ in ended if name in run["used"]]
                additions: Counter[str] = Counter()
                omissions: Counter[str] = Counter()
                for run in using:
                    known = {one.lower() for used in run["used"] for one in PATTERNS[used]}
                    additions.update(one for one in run["resources"] if one.lower() not in known)
                    made = {one.lower() for one in run["resources"]}
                    omissions.update(one for one in suggested if made and one.lower() not in made)
                usage = usage_of(reader, name, scope) or Usage()
                assert usage.times_recommended == sum(offered.get(name, False) for _, offered, _ in mine)
                assert usage.times_used == len(using)
                assert usage.offered == sum(offered.get(name, False) for _, offered in ended)
                assert usage.accepted == sum(offered.get(name, False) and name in run["used"] for run, offered in ended)
                assert usage.weakly_matched == sum(name in offered and not offered[name] for _, offered, _ in mine)
                assert usage.weakly_used == sum(
                    name in offered and not offered[name] and name in run["used"] for run, offered in ended
                )
                assert usage.succeeded == sum(run["outcome"] is WorkflowOutcome.SUCCESS for run in using)
                assert usage.failed == sum(run["outcome"] is WorkflowOutcome.FAILURE for run in using)
                assert usage.resources_known == sum(bool(run["resources"]) for run in using)
                assert usage.additions == additions
                assert usage.omissions == omissions
        for name in PATTERNS:
            expected = Counter(
                other
                for run, _, completed in rows
                if completed and name in run["used"]
                for other in run["used"] - {name}
            )
            assert {one.id: one.times for one in used_together(reader, name, 10)} == expected
    assert organisation.verified().problems == []
    organisation.rooms.close()


def test_retention_takes_events_and_nothing_of_the_counts(open_organisation: Callable[..., Organisation]) -> None:
    organisation = open_organisation(max_workflow_events=100)
    prepared(organisation)
    ids = []
    for number in range(150):
        organisation.now += 60
        begun = organisation.recommend("web store", "prod")
        ids.append(begun.workflow_id)
        organisation.complete(begun.workflow_id, ["web", "store"][: number % 3], ["Redis"])
    with organisation.rooms.store.read() as reader:
        assert reader.count(WORKFLOW_EVENTS) <= 100
        assert 45 <= reader.count(WORKFLOWS) <= 51
        assert totals_of(reader).completed == 150
        usage = usage_of(reader, "web")
        assert usage is not None
        assert (usage.times_recommended, usage.times_used) == (150, 100)
        assert len(usage.recent) == RECENT
        assert usage.recent[-1] == ids[149]
    found = organisation.verified()
    assert found.problems == []
    assert found.events <= 100


def test_old_events_go_with_time(open_organisation: Callable[..., Organisation]) -> None:
    organisation = open_organisation(workflow_retention_days=10)
    prepared(organisation)
    for _ in range(30):
        organisation.complete(organisation.recommend("web").workflow_id, ["web"])
    organisation.now += 11 * 86_400
    for _ in range(10):
        organisation.rooms.store.submit(lambda txn: txn.touch()).result(10)
    with organisation.rooms.store.read() as reader:
        assert (reader.count(WORKFLOW_EVENTS), reader.count(WORKFLOWS)) == (0, 0)
        usage = usage_of(reader, "web")
        assert usage is not None
        assert usage.times_used == 30
    assert organisation.verified().problems == []


def test_verification_finds_what_is_wrong(organisation: Organisation) -> None:
    prepared(organisation)
    organisation.complete(organisation.recommend("web", "prod").workflow_id, ["web", "store"])
    assert organisation.verified().problems == []

    def falsify(txn: WriteTransaction) -> None:
        key = usage_key(KEPT, "web", "prod")
        usage = txn.get(USAGE, key)
        assert usage is not None
        usage.times_used += 1
        txn.put(USAGE, key, usage)
        txn.delete(USAGE, usage_key(KEPT, "store"))
        txn.put(USAGE, usage_key(KEPT, "ghost"), Usage(times_used=1))

    organisation.rooms.store.submit(falsify).result(10)
    problems = organisation.verified().problems
    assert len(problems) == 3
    assert any("web in scope prod" in one for one in problems)


def test_names_are_bounded_and_never_counted_too_often() -> None:
    counts: dict[str, int] = {}
    true: Counter[str] = Counter()
    for number in range(4000):
        name = "often" if number % 2 else f"n{number % 700}"
        true[name] += 1
        add_names(counts, (name,))
        assert len(counts) <= NAMES
    assert counts["often"] == true["often"]
    assert all(counts[name] <= true[name] for name in counts)


def test_scopes_beyond_the_limit_count_over_all_only(organisation: Organisation, monkeypatch: Any) -> None:
    monkeypatch.setattr("sidecar.knowledge.workflows.MAX_SCOPES", 2)
    prepared(organisation)
    for scope in ("a", "b", "c", "a"):
        organisation.complete(organisation.recommend("web", scope).workflow_id, ["web"])
    with organisation.rooms.store.read() as reader:
        pooled = usage_of(reader, "web")
        assert pooled is not None
        assert pooled.times_used == 4
        by_scope = [usage_of(reader, "web", scope) for scope in ("a", "b", "c")]
        assert [one.times_used if one else 0 for one in by_scope] == [2, 1, 0]
    assert organisation.verified().problems == []


def test_verifying_while_workflows_go_on(open_organisation: Callable[..., Organisation], monkeypatch: Any) -> None:
    monkeypatch.setattr("sidecar.knowledge.verification._PIECE", 4)
    organisation = open_organisation(max_workflow_events=100)
    prepared(organisation)
    for _ in range(70):
        organisation.complete(organisation.recommend("web store", "prod").workflow_id, ["web"])
    turns = 0

    def between() -> None:
        nonlocal turns
        turns += 1
        if turns < 40:
            name = f"late{turns:02}" if turns % 2 else f"early{turns:02}"
            organisation.add(name, f"{name} web")
            organisation.complete(organisation.recommend("web", f"s{turns % 5}").workflow_id, [name, "web"])

    found = organisation.verified(between)
    assert turns > 40
    assert found.problems == []
    assert found.events > 100
    organisation.recommend("web")
    for _ in range(5):
        organisation.rooms.store.submit(lambda txn: txn.touch()).result(10)
    with organisation.rooms.store.read() as reader:
        assert reader.count(WORKFLOW_EVENTS) <= 101
    assert organisation.verified().problems == []

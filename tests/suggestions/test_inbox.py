"""What is suggested, and what people do with it: rooms over a real store, statistics drafting."""

from __future__ import annotations

import pytest

from sidecar.knowledge.errors import EtagMismatchError
from sidecar.model.errors import InvalidArgumentError, NotFoundError, PreconditionError
from sidecar.model.knowledge import Content, EntityKind, LearningResult
from sidecar.model.suggestion import Drafting, Ground, Suggestion, SuggestionKind, SuggestionState
from sidecar.suggestions import history
from tests.suggestions.conftest import Office, OpenOffice

DAY = 86_400.0


def shown(suggestion: Suggestion) -> str:
    return suggestion.suggestion_id.hex()


def test_a_common_addition(office: Office) -> None:
    ids = office.additions(times=10, skipped=2)
    (found,) = office.pending()
    assert (found.kind, found.ground) == (SuggestionKind.UPDATE_PATTERN, Ground.ADDITIONS)
    assert found.elements == ("+Cache",)
    assert "Cache in 80 % of 10 recent cases" in found.reason
    assert (found.evidence.cases, found.evidence.out_of) == (8, 10)
    assert found.evidence.low < 0.8 < found.evidence.high
    assert found.evidence.workflow_ids == tuple(reversed(ids[2:]))
    assert found.draft.suggested_resources == ("Deployment", "Service", "Cache")
    assert (found.drafting, found.drafted_by) == (Drafting.STATISTICS, "statistics")


def test_the_workflow_shows_what_it_led_to(office: Office) -> None:
    ids = office.additions()
    workflow = office.learned(ids[-1])
    assert workflow.learning is LearningResult.SUCCESS
    assert workflow.suggestion_ids == (shown(office.pending()[0]),)
    with office.rooms.store.read() as reader:
        (short,) = office.rooms.workflows.suggester.in_short(reader, workflow.suggestion_ids)
    assert short.kind == "update_pattern"


def test_approving_an_update_changes_the_pattern(office: Office) -> None:
    office.additions()
    (found,) = office.pending()
    done = office.inbox.approve(shown(found), actor="ann").result(10)
    assert done.suggestion.state is SuggestionState.APPROVED
    entity = office.entity("web")
    assert entity.suggested_resources == ("Deployment", "Service", "Cache")
    assert entity.revision == 2
    assert entity.updated_by == f"ann (suggestion:{shown(found)})"
    assert office.pending() == []
    assert office.generate() == []  # what was added is named now


def test_a_recurring_intent_becomes_a_pattern(office: Office) -> None:
    found = office.gap(times=6)
    assert found.ground is Ground.WEAK_MATCHES
    assert found.draft.suggested_resources == ("KafkaTopic", "KafkaUser")
    assert set(found.draft.triggers) == {"kafka", "topics", "event", "streaming"}
    done = office.inbox.approve(shown(found), actor="ann").result(10)
    assert done.entity is not None
    assert done.entity.origin == f"suggestion:{shown(found)}"
    office.indexed(done.entity)
    office.learned(office.run("kafka topics for event streaming", [done.entity.id], ["KafkaTopic"]))
    assert office.pending() == []


def test_what_somebody_created_meanwhile_is_missing_no_more(office: Office) -> None:
    for _ in range(4):
        office.run("kafka topics for event streaming", resources=["KafkaTopic"])
    office.pattern("kafka", "kafka topics event streaming", "KafkaTopic")
    office.learned(office.run("kafka topics for event streaming", resources=["KafkaTopic"]))
    assert office.generate() == []


def test_two_patterns_that_belong_together(office: Office) -> None:
    office.pattern("web", "public website", "Deployment", "Ingress")
    office.pattern("data", "stateful database", "StatefulSet")
    office.pattern("batch", "nightly report", "CronJob")
    for number in range(30):
        office.run("nightly report", ["batch"], ["CronJob"])
        if number < 10:
            last = office.run("public website stateful database", ["web", "data"], ["Deployment", "StatefulSet"])
    office.learned(last)
    office.generate()  # all have been looked at
    found = next(one for one in office.pending() if one.ground is Ground.TOGETHER)
    assert found.kind is SuggestionKind.CREATE_PATTERN
    assert set(found.evidence.entity_ids) == {"web", "data"}
    assert found.evidence.lift == pytest.approx(4.0)
    assert found.evidence.p_value < 1e-4
    assert set(found.draft.suggested_resources) == {"Deployment", "Ingress", "StatefulSet"}


def test_patterns_that_everybody_uses_are_no_pair(office: Office) -> None:
    """Used together always, because both are used always: that tells nothing."""
    office.pattern("web", "public website", "Deployment")
    office.pattern("logs", "logging", "ConfigMap")
    for _ in range(30):
        last = office.run("public website logging", ["web", "logs"], ["Deployment", "ConfigMap"])
    office.learned(last)
    assert office.pending() == []


def test_a_pattern_that_nobody_uses(office: Office) -> None:
    office.pattern("web", "public website", "Deployment")
    office.pattern("old", "public website", "VirtualMachine")
    office.now += 30 * DAY
    for _ in range(30):
        last = office.run("public website", ["web"], ["Deployment"])
    office.learned(last)
    (found,) = office.pending()
    assert (found.kind, found.target_id) == (SuggestionKind.DEPRECATE_PATTERN, "old")
    office.inbox.approve(shown(found)).result(10)
    assert office.entity("old").deleted_time
    office.inbox.undo(shown(found)).result(10)
    assert not office.entity("old").deleted_time


def test_a_new_pattern_is_left_in_peace(office: Office) -> None:
    office.pattern("web", "public website", "Deployment")
    office.pattern("new", "public website", "Function")
    for _ in range(30):
        last = office.run("public website", ["web"], ["Deployment"])
    office.learned(last)
    assert office.pending() == []


def test_what_is_added_everywhere_is_a_policy(office: Office) -> None:
    for name in ("web", "data", "batch", "mail"):
        office.pattern(name, f"{name} {name}ing", "Deployment")
    for number in range(40):
        name = ("web", "data", "batch", "mail")[number % 4]
        last = office.run(f"{name} {name}ing", [name], ["Deployment", "NetworkPolicy"])
    office.learned(last)
    (found,) = office.pending()
    assert (found.kind, found.ground) == (SuggestionKind.CREATE_POLICY, Ground.CONFIGURATION)
    assert found.draft.suggested_resources == ("NetworkPolicy",)
    done = office.inbox.approve(shown(found)).result(10)
    assert done.entity is not None
    assert done.entity.kind is EntityKind.POLICY


def test_the_same_again_renews_and_makes_no_second(office: Office) -> None:
    before = office.gap(times=6)
    for _ in range(4):
        last = office.run("kafka topics for event streaming", resources=["KafkaTopic", "KafkaUser"])
    office.learned(last)
    (after,) = office.pending()
    assert after.suggestion_id == before.suggestion_id
    assert after.evidence.out_of == 10
    assert after.revision == before.revision  # it says the same


def test_other_words_for_it_are_the_same(office: Office) -> None:
    office.gap(times=6)
    for _ in range(6):
        last = office.run("event streaming with kafka topics and a schema", resources=["KafkaTopic", "KafkaUser"])
    office.learned(last)
    assert len(office.pending()) == 1


def test_rejected_does_not_come_back_until_the_cool_down_has_passed(office: Office) -> None:
    found = office.gap()
    done = office.inbox.reject(shown(found), "we buy that", actor="bob").result(10)
    assert (done.suggestion.state, done.suggestion.decision_reason) == (SuggestionState.REJECTED, "we buy that")
    assert office.generate() == ["refused"]
    office.now += 91 * DAY
    assert office.generate() == ["created"]


def test_a_refused_change_does_not_come_back_with_another(office: Office) -> None:
    office.additions()
    office.inbox.reject(shown(office.pending()[0]), "no caches").result(10)
    for _ in range(30):
        last = office.run("public website", ["web"], ["Deployment", "Service", "Cache", "Certificate"])
    office.learned(last)
    (found,) = office.pending()
    assert found.elements == ("+Certificate",)
    assert found.draft.suggested_resources == ("Deployment", "Service", "Certificate")


def test_a_reason_is_wanted(office: Office) -> None:
    with pytest.raises(InvalidArgumentError, match="reason"):
        office.inbox.reject(shown(office.gap()), "  ")


def test_dismissed_comes_back_sooner(office: Office) -> None:
    office.inbox.dismiss(shown(office.gap())).result(10)
    office.now += 13 * DAY
    assert office.generate() == ["refused"]
    office.now += 2 * DAY
    assert office.generate() == ["created"]


def test_undoing_a_refusal_puts_it_back(office: Office) -> None:
    found = office.gap()
    office.inbox.reject(shown(found), "no").result(10)
    done = office.inbox.undo(shown(found), actor="ann").result(10)
    assert done.suggestion.state is SuggestionState.PENDING
    assert [one.suggestion_id for one in office.pending()] == [found.suggestion_id]
    assert office.generate() == ["renewed"]


def test_undoing_an_approval_reverts_it(office: Office) -> None:
    office.additions()
    (found,) = office.pending()
    office.inbox.approve(shown(found)).result(10)
    done = office.inbox.undo(shown(found), reason="too costly").result(10)
    assert done.suggestion.state is SuggestionState.REVERTED
    assert office.entity("web").suggested_resources == ("Deployment", "Service")
    assert office.generate() == ["refused"]
    with office.rooms.store.read() as reader:
        totals = history.totals_of(reader, SuggestionKind.UPDATE_PATTERN)
        states = [one.state for _, one in history.entries(reader)]
    assert history.acceptance(totals) == (0, 1)
    assert states == [SuggestionState.REVERTED, SuggestionState.APPROVED, SuggestionState.PENDING]


def test_what_was_changed_since_is_not_reverted(office: Office) -> None:
    office.additions()
    (found,) = office.pending()
    office.inbox.approve(shown(found)).result(10)
    entity = office.entity("web")
    office.rooms.knowledge.update("web", Content("Mine now", entity.triggers)).result(10)
    with pytest.raises(PreconditionError, match="changed since"):
        office.inbox.undo(shown(found)).result(10)
    assert office.entity("web").description == "Mine now"
    assert office.get(found).state is SuggestionState.APPROVED


def test_nothing_is_decided_twice(office: Office) -> None:
    found = office.gap()
    office.inbox.approve(shown(found)).result(10)
    for again in (
        office.inbox.approve(shown(found)),
        office.inbox.reject(shown(found), "no"),
        office.inbox.modify(shown(found), Content("x")),
    ):
        with pytest.raises(PreconditionError, match="approved already"):
            again.result(10)


def test_two_who_approve_at_once_make_one(office: Office) -> None:
    found = office.gap()
    futures = [office.inbox.approve(shown(found)) for _ in range(8)]
    outcomes = [future.exception(10) for future in futures]
    assert outcomes.count(None) == 1


def test_approving_what_was_not_read_is_refused(office: Office) -> None:
    found = office.gap()
    with pytest.raises(EtagMismatchError):
        office.inbox.approve(shown(found), revision=found.revision + 1).result(10)


def test_a_pattern_that_changed_elsewhere_keeps_that_change(office: Office) -> None:
    office.additions()
    (found,) = office.pending()
    entity = office.entity("web")
    changed = Content("Public sites", entity.triggers, entity.rationale, ("Deployment", "Service", "Dashboard"))
    office.rooms.knowledge.update("web", changed).result(10)
    done = office.inbox.approve(shown(found)).result(10)
    assert done.entity is not None
    assert done.entity.description == "Public sites"
    assert done.entity.suggested_resources == ("Deployment", "Service", "Dashboard", "Cache")


def test_what_somebody_did_by_hand_is_superseded(office: Office) -> None:
    office.additions()
    (found,) = office.pending()
    entity = office.entity("web")
    by_hand = Content(entity.description, entity.triggers, found.draft.rationale, ("Deployment", "Service", "Cache"))
    office.rooms.knowledge.update("web", by_hand).result(10)
    assert office.inbox.expire().result(10) == 1
    assert office.get(found).state is SuggestionState.SUPERSEDED


def test_newer_evidence_of_more_supersedes(office: Office) -> None:
    office.additions()
    (before,) = office.pending()
    for _ in range(30):
        last = office.run("public website", ["web"], ["Deployment", "Service", "Cache", "Certificate"])
    office.learned(last)
    (after,) = office.pending()
    assert set(after.elements) == {"+Cache", "+Certificate"}
    old = office.get(before)
    assert (old.state, old.superseded_by) == (SuggestionState.SUPERSEDED, after.suggestion_id)


def test_it_expires(office: Office) -> None:
    found = office.gap()
    office.now += 61 * DAY
    assert office.inbox.expire().result(10) == 1
    assert office.get(found).state is SuggestionState.EXPIRED


def test_a_modified_draft_is_what_is_applied(office: Office) -> None:
    found = office.gap()
    policy = "policy: sneaked\nrules: [{name: all, then: {warn: {message: so}}}]"
    draft = Content("Kafka", ("kafka",), "ours", ("KafkaTopic",), policy + "\nmode: enforce")
    with pytest.raises(InvalidArgumentError, match="shadow"):
        office.inbox.modify(shown(found), draft)
    for wrong, told in (
        ("policy: sneaked\nrules: []", "draft.policy_document: line 2: rules"),
        (policy.replace("warn", "wran"), "did you mean “warn”"),
        (f"{policy}\n---\n{policy.replace('sneaked', 'second')}", "one policy, not 2"),
    ):
        with pytest.raises(InvalidArgumentError, match=told):
            office.inbox.modify(shown(found), Content("Kafka", ("kafka",), "ours", ("KafkaTopic",), wrong))
    shadow = Content("Kafka", ("kafka",), "ours", ("KafkaTopic",), policy)
    done = office.inbox.modify(shown(found), shadow, actor="ann").result(10)
    assert done.suggestion.state is SuggestionState.MODIFIED
    assert done.entity is not None
    assert (done.entity.description, done.entity.policy_document) == ("Kafka", "")  # a pattern carries no policy


def test_a_secret_in_a_modified_draft_is_hidden(office: Office) -> None:
    draft = Content("Kafka for ann@example.com", ("kafka",))
    done = office.inbox.modify(shown(office.gap()), draft).result(10)
    assert done.entity is not None
    assert "ann@example.com" not in done.entity.description


def test_an_empty_description_is_refused(office: Office) -> None:
    with pytest.raises(InvalidArgumentError, match=r"draft\.description"):
        office.inbox.modify(shown(office.gap()), Content("  "))


def test_a_day_has_a_limit(open_office: OpenOffice) -> None:
    office = open_office(suggestions_per_day=1)
    office.gap()
    for _ in range(6):
        last = office.run("grafana dashboard of latencies", resources=["Dashboard"])
    office.learned(last)
    assert sorted(office.generate()) == ["renewed", "too_many"]
    office.now += DAY
    assert sorted(office.generate()) == ["created", "renewed"]


def test_a_least_confidence(open_office: OpenOffice) -> None:
    office = open_office(suggestion_min_confidence=0.995)
    for _ in range(6):
        last = office.run("kafka topics for event streaming", resources=["KafkaTopic"])
    office.learned(last)
    assert office.pending() == []
    assert office.generate() == ["unsure"]


def test_confidence_falls_where_people_say_no(office: Office) -> None:
    before = office.gap().confidence
    office.inbox.reject(shown(office.pending()[0]), "no").result(10)
    for subject in "redis grafana vault jaeger".split():
        for _ in range(6):
            last = office.run(f"{subject} cluster please", resources=[subject.title()])
        office.learned(last)
        waiting = office.pending()
        if waiting:
            assert waiting[0].confidence < before
            before = waiting[0].confidence
            office.inbox.reject(shown(waiting[0]), "no").result(10)


def test_failed_workflows_are_no_evidence(office: Office) -> None:
    from sidecar.model.knowledge import WorkflowOutcome

    for _ in range(8):
        begun = office.rooms.workflows.recommend("kafka topics for event streaming").result(10)
        failed = WorkflowOutcome.FAILURE
        office.rooms.workflows.complete(begun.workflow_id, [], ["KafkaTopic"], failed).result(10)
    office.learned(begun.workflow_id)
    assert office.pending() == []


def test_all_is_there_after_a_restart(open_office: OpenOffice) -> None:
    office = open_office()
    before = office.gap()
    office = open_office()
    assert office.pending() == [before]
    assert office.generate() == ["renewed"]  # the window was read anew


def test_ids(office: Office) -> None:
    with office.rooms.store.read() as reader, pytest.raises(NotFoundError):
        office.inbox.get(reader, "00" * 16)
    with office.rooms.store.read() as reader, pytest.raises(InvalidArgumentError):
        office.inbox.get(reader, "not an id")

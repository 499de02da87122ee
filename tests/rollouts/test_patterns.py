"""Patterns for a share of sessions: who is offered what, what counts, how it ends."""

from __future__ import annotations

import pytest

from sidecar.model.errors import InvalidArgumentError, NotFoundError, PreconditionError
from sidecar.model.knowledge import Content, EntityKind
from sidecar.rollouts.records import EVENTS, UNITS, RolloutState
from sidecar.rollouts.rollouts import AT_A_TIME, KEPT
from tests.rollouts.conftest import PATIENCE, Ground, OpenGround, sides

SESSIONS = [f"session {number}" for number in range(40)]


def test_one_session_always_sees_one_side_and_others_take_the_place(ground: Ground) -> None:
    ground.pattern("new")
    for name in ("old", "older"):
        ground.pattern(name, "public website of old")
    begun = ground.rollouts.start_pattern("new", 0.5, actor="ann")
    both = sides(begun, SESSIONS)
    assert min(len(both[True]), len(both[False])) >= 8
    for _ in range(2):
        for session in both[True][:5]:
            assert "new" in ground.offered(session)[1]
        for session in both[False][:5]:
            assert ground.offered(session)[1] == ["old", "older"]
    assert len(ground.offered(both[False][0], limit=2)[1]) == 2  # what is kept back leaves no gap


def test_a_share_is_the_share_of_sessions(ground: Ground) -> None:
    ground.pattern("new")
    begun = ground.rollouts.start_pattern("new", 0.2)
    treated = len(sides(begun, [f"s{number}" for number in range(5_000)])[True])
    assert 880 <= treated <= 1_120  # within 4.2 standard deviations


def test_better_patterns_are_found_and_wait_for_a_person(ground: Ground) -> None:
    ground.pattern("new")
    begun = ground.rollouts.start_pattern("new", 0.5)
    for number in range(400):
        workflow_id, names = ground.offered(f"s{number}")
        ground.complete(workflow_id, well="new" in names, used=("new",) if "new" in names else ())
        found = ground.get(begun) if number % 20 == 19 else None
        if found is not None and found.state is not RolloutState.RUNNING:
            break
    assert found is not None
    assert found.state is RolloutState.TREATMENT_BETTER
    assert found.treatment.used == found.comparison.treatment.units == found.comparison.treatment.outcomes
    assert found.comparison.control.outcomes == 0
    units = found.comparison.units
    assert found.comparison.interval(0.5)[0] > 0
    held = sides(begun, SESSIONS)[False][0]
    workflow_id, names = ground.offered(held)
    assert names == []  # it never acts by itself
    ground.complete(workflow_id, well=True)
    assert ground.get(begun).comparison.units == units  # and a decision stands
    done = ground.rollouts.stop(begun.rollout_id.hex(), promote=True, actor="ben", reason="fine")
    assert (done.state, done.ending, done.stopped_by) == (RolloutState.STOPPED, "promoted", "ben")
    assert ground.offered(held)[1] == ["new"]
    with ground.rooms.store.read() as reader:
        assert not reader.count(UNITS)  # sessions are forgotten, the journal stays
        assert reader.count(EVENTS) == units + 2


def test_a_session_counts_once_and_a_workflow_without_one_for_itself(ground: Ground) -> None:
    ground.pattern("new")
    begun = ground.rollouts.start_pattern("new", 0.5)
    for _ in range(3):
        workflow_id, _ = ground.offered("one")
        ground.complete(workflow_id, well=True)
        ground.complete(workflow_id, well=True)  # said twice
    assert ground.get(begun).comparison.units == 1
    seen = set()
    for _ in range(12):
        workflow_id, names = ground.offered()
        seen.add(bool(names))
        ground.complete(workflow_id, well=False)
    assert seen == {True, False}
    assert ground.get(begun).comparison.units == 13


def test_only_where_it_would_have_been_offered(ground: Ground) -> None:
    ground.pattern("new")
    ground.pattern("database", "postgres database")
    begun = ground.rollouts.start_pattern("new", 0.5)
    for session in SESSIONS[:10]:
        workflow_id, names = ground.offered(session, "a postgres database")
        assert names[0] == "database"
        ground.complete(workflow_id, well=True)
    assert ground.get(begun).comparison.units == 0


def test_no_decision_at_the_maximum(ground: Ground) -> None:
    ground.pattern("new")
    begun = ground.rollouts.start_pattern("new", 0.5, max_units=30)
    for number in range(31):
        workflow_id, _ = ground.offered(f"s{number}")
        ground.complete(workflow_id, well=number % 2 == 0)
    found = ground.get(begun)
    assert (found.state, found.comparison.units) == (RolloutState.NO_DECISION, 30)


def test_withdrawn_is_deleted_and_can_be_restored(ground: Ground) -> None:
    ground.pattern("new")
    begun = ground.rollouts.start_pattern("new", 0.9)
    done = ground.rollouts.stop(begun.rollout_id.hex(), promote=False, actor="ben")
    assert done.ending == "withdrawn"
    with ground.rooms.store.read() as reader:
        entity = ground.rooms.knowledge.get(reader, "new")
    assert entity.deleted_time
    assert entity.updated_by == f"ben (rollout:{begun.rollout_id.hex()})"
    with pytest.raises(PreconditionError, match="stopped already"):
        ground.rollouts.stop(begun.rollout_id.hex(), promote=True)
    with pytest.raises(PreconditionError, match="deleted"):
        ground.rollouts.start_pattern("new", 0.5)


def test_what_cannot_be_rolled_out(ground: Ground) -> None:
    ground.pattern("new")
    rule = Content("Every endpoint uses TLS")
    ground.rooms.knowledge.create(EntityKind.POLICY, rule, entity_id="tls").result(PATIENCE)
    with pytest.raises(NotFoundError):
        ground.rollouts.start_pattern("nobody", 0.5)
    with pytest.raises(InvalidArgumentError, match="pattern"):
        ground.rollouts.start_pattern("tls", 0.5)
    ground.rollouts.start_pattern("new", 0.5)
    with pytest.raises(PreconditionError, match="already"):
        ground.rollouts.start_pattern("new", 0.5)
    with pytest.raises(NotFoundError):
        ground.rollouts.stop("0" * 32, promote=True)
    for number in range(1, AT_A_TIME):
        ground.pattern(f"p{number}", f"subject{number} thing")
        ground.rollouts.start_pattern(f"p{number}", 0.5)
    ground.pattern("more", "one more thing")
    with pytest.raises(PreconditionError, match="limit"):
        ground.rollouts.start_pattern("more", 0.5)


def test_what_is_kept_is_bounded(ground: Ground) -> None:
    ground.pattern("new")
    first = None
    for _ in range(KEPT + 3):
        begun = ground.rollouts.start_pattern("new", 0.5)
        first = first or begun
        workflow_id, _ = ground.offered()
        ground.complete(workflow_id, well=True)
        ground.rollouts.stop(begun.rollout_id.hex(), promote=True)
    for _ in range(4):
        ground.rollouts.settle().result(PATIENCE)
    assert first is not None
    with ground.rooms.store.read() as reader:
        kept = [one for _, one in ground.rollouts.newest(reader)]
        assert len(kept) == KEPT
        assert reader.count(EVENTS) == 3 * KEPT
        with pytest.raises(NotFoundError):
            ground.rollouts.get(reader, first.rollout_id.hex())


def test_a_start_goes_on_where_the_last_one_ended(ground: Ground, open_ground: OpenGround) -> None:
    ground.pattern("new")
    begun = ground.rollouts.start_pattern("new", 0.5)
    both = sides(begun, SESSIONS)
    for session in (both[True][0], both[False][0]):
        workflow_id, _ = ground.offered(session)
        ground.complete(workflow_id, well=True)
    again = open_ground()
    assert again.get(begun).comparison.units == 2
    assert again.rooms.knowledge_index.wait(timeout=PATIENCE)
    assert again.offered(both[True][1])[1] == ["new"]
    assert again.offered(both[False][1])[1] == []
    workflow_id, _ = again.offered(both[False][0])
    again.complete(workflow_id, well=True)
    assert again.get(begun).comparison.units == 2  # this session counted before

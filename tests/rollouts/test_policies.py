"""Policies enforced for a share of sessions: sides, outcomes, windows, and what ends a rollout."""

from __future__ import annotations

import pytest

from sidecar.model.errors import NotFoundError, PreconditionError
from sidecar.model.knowledge import EntityKind
from sidecar.model.vocabulary import Verdict
from sidecar.policies.loading import load
from sidecar.rollouts.records import DUE, UNITS, RolloutState
from tests.rollouts.conftest import GUARD, Ground, OpenGround


def live_through(ground: Ground, session: str, *, worth: bool = True) -> bool:
    """A session of three calls, the first of which the policy is about; whether that was prevented.

    What is prevented fails where it is made, or works where the policy is not ``worth`` its while.
    """
    prevented = ground.ask({"bad": True}, session, 0).verdict is Verdict.PREVENT
    if not prevented:
        ground.tell({"bad": True}, session, 0, failed=worth)
    for number in (1, 2):
        ground.ask({"bad": False}, session, number)
        ground.tell({"bad": False}, session, number, failed=not worth and prevented)
    return prevented


@pytest.mark.parametrize(
    ("worth", "state"), [(True, RolloutState.TREATMENT_BETTER), (False, RolloutState.CONTROL_BETTER)]
)
def test_which_side_fails_less_is_found(ground: Ground, worth: bool, state: RolloutState) -> None:
    ground.apply()
    begun = ground.rollouts.start_policy("guard", 0.5, window=60.0, actor="ann")
    assert begun.kind is EntityKind.POLICY
    policy = ground.rooms.policies.policies["guard"]
    assert (policy.mode, policy.enforce_percent) == ("enforce", 50.0)
    sides = [live_through(ground, f"s{number}", worth=worth) for number in range(150)]
    assert ground.get(begun).comparison.units == 0  # they are still watched
    ground.now += 61.0
    for _ in range(6):
        found = ground.get(begun)
    assert found.state is state
    assert found.comparison.treatment.units + found.comparison.control.units <= 150
    assert 40 <= sum(sides) <= 110
    assert found.control.calls == 3 * found.comparison.control.units
    assert found.treatment.calls == 2 * found.comparison.treatment.units
    assert ground.rooms.policies.policies["guard"].enforce_percent == 50.0  # it never acts by itself
    done = ground.rollouts.stop(begun.rollout_id.hex(), promote=worth, actor="ben")
    policy = ground.rooms.policies.policies["guard"]
    assert (done.ending, policy.mode, policy.enforce_percent) == (
        ("promoted", "enforce", 100.0) if worth else ("withdrawn", "shadow", 100.0)
    )
    newest = ground.rooms.policy_book.revision("guard")
    assert (newest.kind, newest.author, newest.reason) == ("mode", "ben", f"rollout:{begun.rollout_id.hex()}")


def test_sessions_without_a_word_of_the_policy_do_not_count(ground: Ground) -> None:
    ground.apply()
    begun = ground.rollouts.start_policy("guard", 0.5, window=60.0)
    ground.ask({"bad": False}, "quiet", 0)
    ground.tell({"bad": False}, "quiet", 0, failed=True)
    live_through(ground, "loud")
    ground.now += 61.0
    found = ground.get(begun)
    assert found.comparison.units == 1
    ground.tell({"bad": False}, "loud", 9, failed=True)  # after its window
    live_through(ground, "loud")
    ground.now += 61.0
    assert ground.get(begun).comparison.units == 1
    assert ground.get(begun).events == found.events


def test_a_prevented_call_that_nothing_follows_is_no_failure(ground: Ground) -> None:
    ground.apply()
    begun = ground.rollouts.start_policy("guard", 0.99, window=60.0)
    session = next(one for one in map(str, range(50)) if ground.ask({"bad": True}, one).verdict is Verdict.PREVENT)
    ground.now += 61.0
    found = ground.get(begun)
    assert session
    assert (found.comparison.treatment.outcomes, found.treatment.calls) == (found.comparison.treatment.units, 0)


def test_changed_by_hand_it_ends_and_leaves_the_policy_alone(ground: Ground) -> None:
    ground.apply()
    begun = ground.rollouts.start_policy("guard", 0.5, window=60.0)
    live_through(ground, "a")
    ground.rooms.policy_book.set_mode("guard", "enforce", 70.0, "eve", "")
    live_through(ground, "b")
    found = ground.get(begun)
    assert (found.state, found.ending, found.comparison.units) == (RolloutState.STOPPED, "changed", 0)
    assert ground.rooms.policies.policies["guard"].enforce_percent == 70.0
    second = ground.rollouts.start_policy("guard", 0.5, window=60.0)
    ground.rooms.policy_book.set_mode("guard", "shadow", None, "eve", "")
    done = ground.rollouts.stop(second.rollout_id.hex(), promote=True)
    assert done.ending == "changed"
    assert ground.rooms.policies.policies["guard"].mode == "shadow"


def test_a_start_goes_on_with_open_sessions(ground: Ground, open_ground: OpenGround) -> None:
    ground.apply()
    begun = ground.rollouts.start_policy("guard", 0.5, window=60.0)
    live_through(ground, "a")
    again = open_ground()
    again.now = ground.now
    again.tell({"bad": False}, "a", 7, failed=True)
    again.now += 61.0
    found = again.get(begun)
    assert found.comparison.units == 1
    assert found.treatment.failed + found.control.failed >= 1
    with again.rooms.store.read() as reader:
        assert (reader.count(DUE), reader.count(UNITS)) == (0, 1)


def test_what_cannot_be_rolled_out(ground: Ground) -> None:
    with pytest.raises(NotFoundError):
        ground.rollouts.start_policy("guard", 0.5)
    ground.apply(GUARD.replace("tools: [t]", "tools: [t]\nmode: enforce"))
    with pytest.raises(PreconditionError, match="everywhere already"):
        ground.rollouts.start_policy("guard", 0.5)
    ground.apply(GUARD.replace("policy: guard", "policy: other"))
    ground.rollouts.start_policy("other", 0.29)
    assert ground.rooms.policies.policies["other"].enforce_percent == 29.0
    before = ground.rooms.policy_book.revision("other").number
    with pytest.raises(PreconditionError, match="already"):
        ground.rollouts.start_policy("other", 0.3)
    assert ground.rooms.policy_book.revision("other").number == before  # all or nothing
    assert ground.rooms.policies.policies["other"].enforce_percent == 29.0
    assert load(GUARD)[0].mode == "shadow"

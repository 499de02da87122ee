"""A tool that fails until another has worked in the session: planted, and noise that must not be taken for it."""

from __future__ import annotations

import random
from math import exp

import msgspec
import pytest

from sidecar.learning.forms import ERROR_RATE
from sidecar.learning.needs import MAX_NEEDED, enough
from sidecar.learning.session import Session
from sidecar.learning.steps import MOST
from sidecar.learning.tool_model import Precondition
from sidecar.model.counted import Counted
from sidecar.native.needs import won

from .replaying import Replay

_ERROR = "No file open. Use the open command first."


def _planted(sessions: int) -> Replay:
    """``t`` works once ``open`` has; ``look`` is called as often and makes no difference."""
    replay = Replay()
    chance = random.Random(7)
    for number in range(sessions):
        opened = False
        for step in range(8):
            tool = chance.choice(("open", "look", "t", "t"))
            if tool == "t":
                replay.tell({"line": step}, "" if opened else _ERROR, f"s{number}")
            else:
                replay.tell({"file": f"f{number}"}, "", f"s{number}", tool=tool)
                opened = opened or tool == "open"
    return replay


def test_the_tool_that_has_to_work_first_is_found_and_named() -> None:
    replay = _planted(20)
    replay.tell({"file": "a"}, "", "new", tool="look")
    assert replay.features({"line": 1}, "new")["precondition"] > 1.0
    fact = replay.explain("precondition", {"line": 1}, "new")
    assert fact is not None
    assert fact.remedy == "Use open first."
    replay.tell({"file": "a"}, "", "new", tool="open")
    assert replay.features({"line": 1}, "new")["precondition"] < 0.3


def test_it_has_to_work_not_only_to_be_called() -> None:
    replay = _planted(20)
    replay.tell({"file": "a"}, "a: not found", "new", tool="open")
    fact = replay.explain("precondition", {"line": 1}, "new")
    assert fact is not None
    assert fact.remedy == "Use open first."


def test_failing_at_random_is_no_precondition() -> None:
    replay = Replay()
    chance = random.Random(3)
    for number in range(60):
        for step in range(6):
            tool = chance.choice(("open", "look", "t", "t"))
            error = "busy" if tool == "t" and chance.random() < 0.5 else ""
            replay.tell({"line": step}, error, f"s{number}", tool=tool)
    assert replay.features({"line": 1}, "new")["precondition"] < 0.7


def test_tools_that_may_be_needed_are_bounded() -> None:
    replay = Replay()
    for number in range(30):
        replay.tell({"line": 1}, _ERROR, "s")
        replay.tell({}, "", "s", tool=f"other{number}")
        replay.tell({"line": 2}, "", "s")
    assert len(replay.model().preconditions) <= 8


def _own(sessions: int, login: dict[str, str], seed: int = 2) -> Replay:
    """``t`` works once its own step has; beside it eight tools at random that make no difference."""
    replay, chance = Replay(), random.Random(seed)
    for number in range(sessions):
        logged, others = False, chance.sample("abcdefgh", 3)
        for step in range(12):
            if chance.random() < 0.4:
                replay.tell({"x": step}, "", f"s{number}", tool=f"tool_{chance.choice(others)}")
            elif not logged and chance.random() < 0.3:
                replay.tell(login, "", f"s{number}")
                logged = True
            else:
                call = {"action": chance.choice(("list", "get")), "id": chance.randrange(9_999)}
                replay.tell(call, "" if logged else "session is not authenticated", f"s{number}")
    return replay


def test_a_step_of_the_same_tool_is_found_and_named_and_no_other_tool() -> None:
    replay = _own(40, {"action": "login"})
    believed = [(key[:5], need.words) for key, need in replay.model().preconditions.items() if need.believed]
    assert [words for _, words in believed] == ["“action” is “login”"]
    asked = {"action": "get", "id": 7}
    assert replay.features(asked, "new")["precondition"] > 2.0
    fact = replay.explain("precondition", asked, "new")
    assert fact is not None
    assert fact.remedy == "Use t where “action” is “login” first."
    assert replay.features({"action": "login"}, "new")["precondition"] == 0.0
    replay.tell({"action": "login"}, "", "new")
    assert replay.features(asked, "new")["precondition"] == 0.0
    replay.tell({"action": "login"}, "no such user", "new")
    assert replay.features(asked, "new")["precondition"] > 2.0


def test_how_a_text_opens_is_a_step() -> None:
    replay = _own(40, {"code": "import numpy as np"})
    assert "“import numpy”" in {need.words for need in replay.model().preconditions.values() if need.believed}


@pytest.mark.parametrize("seed", range(5))
def test_what_merely_comes_later_in_a_session_is_no_precondition(seed: int) -> None:
    """Calls of a session begin to work for a reason of their own; tools that were called by then had no part in it."""
    replay, chance = Replay(), random.Random(seed)
    for number in range(80):
        ready = chance.randrange(8)
        for step in range(12):
            if chance.random() < 0.5:
                replay.tell({"x": step}, "", f"s{number}", tool=f"tool_{chance.choice('abcdefgh')}")
            else:
                replay.tell({"id": chance.randrange(9_999)}, "not ready" * (step < ready), f"s{number}")
    assert not any(need.believed for need in replay.model().preconditions.values())


def test_what_is_believed_and_loses_all_that_it_had_won_is_believed_no_more() -> None:
    replay = _planted(30)
    assert replay.model().preconditions["open"].believed
    for number in range(150):
        replay.tell({"line": number}, "", f"u{number}")
    replay.tell({"line": 1}, _ERROR, "v")
    assert not replay.model().preconditions["open"].believed


@pytest.mark.parametrize("seed", range(6))
def test_tools_at_random_are_no_precondition(seed: int) -> None:
    replay, chance = Replay(), random.Random(seed)
    for number in range(60):
        for step in range(12):
            if chance.random() < 0.5:
                replay.tell({"x": step}, "", f"s{number}", tool=f"tool_{chance.choice('abcdefgh')}")
            else:
                replay.tell({"id": chance.randrange(9_999)}, "no" * (chance.random() < 0.3), f"s{number}")
    assert not any(need.believed for need in replay.model().preconditions.values())


def test_what_is_needed_beside_a_better_need_has_to_prove_itself() -> None:
    """Once ``open`` has worked, ``look`` makes no difference, though it had worked more often where calls worked."""
    replay = _planted(60)
    replay.tell({"file": "a"}, "", "new", tool="open")
    assert replay.features({"line": 1}, "new")["precondition"] == 0.0
    assert not replay.model().preconditions["look"].believed


def test_one_session_is_not_enough() -> None:
    replay = Replay()
    for number in range(60):
        replay.tell({"line": number}, _ERROR, "s")
        replay.tell({"file": f"f{number}"}, "cannot", "s", tool="open")
    replay.tell({}, "", "s", tool="open")
    for number in range(60):
        replay.tell({"line": number}, "", "s")
    assert not any(need.believed for need in replay.model().preconditions.values())


def test_steps_that_may_be_needed_are_bounded_and_what_was_forgotten_is_not_missed() -> None:
    replay = _own(40, {"action": "login"})
    replay.tell({"action": "login"}, "", "new")
    for number in range(200):
        word = "".join(chr(97 + number // 26**place % 26) for place in range(3))
        replay.tell({"action": word}, "", "new")
    (session,) = [row for row in replay.rows() if isinstance(row, Session) and row.successes == 201]
    assert len(session.steps) == 6 * MOST
    assert replay.features({"action": "get", "id": 7}, "new")["precondition"] == 0.0
    replay = Replay()
    for number in range(200):
        word = "".join(chr(97 + number // 26**place % 26) for place in range(3))
        replay.tell({"line": number}, _ERROR, f"s{number}")
        replay.tell({"action": word}, "", f"s{number}")
        replay.tell({"line": number}, "", f"s{number}")
    assert len(replay.model().preconditions) <= MAX_NEEDED


@pytest.mark.parametrize("met", [True, False])
@pytest.mark.parametrize("p", [0.1, 0.3, 0.7])
def test_wealth_is_a_martingale_where_a_need_says_nothing(p: float, met: bool) -> None:
    """Over all histories of eight calls with a known probability, mean wealth is one: exact enumeration."""
    total = 0.0
    for history in range(256):
        side, wealth, weight = Counted(0.0, 1.0) if not met else Counted(1.0, 0.0), 0.0, 1.0
        for call in range(8):
            failed = bool(history >> call & 1)
            wealth += won(side, p, met=met, failed=failed)
            side = Counted(side.successes + (not failed), side.failures + failed)
            weight *= p if failed else 1.0 - p
        total += weight * exp(wealth)
    assert total == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("p", [0.0, 0.01, 0.05, 0.97, 1.0])
@pytest.mark.parametrize("met", [True, False])
def test_being_too_sure_wins_nothing_that_was_not_earned(p: float, met: bool) -> None:
    """At the ends the bet is never made at better odds than the probability that was known."""
    side = Counted(3.0, 4.0)
    mean = p * exp(won(side, p, met=met, failed=True)) + (1.0 - p) * exp(won(side, p, met=met, failed=False))
    assert mean <= 1.0 + 1e-12


def test_the_chances_of_all_needs_ever_tried_add_up_to_the_error_rate() -> None:
    assert sum(exp(-enough(place)) for place in range(1, 20_000)) == pytest.approx(ERROR_RATE, rel=1e-3)


def test_rows_of_before_are_read_and_tested_from_then_on() -> None:
    old = msgspec.msgpack.encode([[0.0, 9.0, 1.7e9], [9.0, 0.0, 1.7e9]])
    need = msgspec.msgpack.decode(old, type=Precondition)
    assert (need.place, need.believed, need.before.failures) == (0, False, 9.0)
    replay = _planted(3)
    replay.model().preconditions["open"] = need
    replay.tell({"line": 1}, _ERROR, "new")
    assert replay.model().preconditions["open"].place > 0

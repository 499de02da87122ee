"""What a prevented call counts in the books: once a session, whatever is tried."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.guard.booked import MOST, book, is_booked
from sidecar.learning.tool_model import new_model

CALL = b"12345678" * 2


def test_a_loop_is_booked_once_and_tells_of_a_few_tries() -> None:
    model = new_model([0.0])
    booked = [book(model, "s", CALL, 3) for _ in range(500)]
    assert booked[0] == (1.0, False)
    assert booked[1:] == [(0.0, True)] * 4 + [(0.0, False)] * 495
    assert is_booked(model, "s", CALL, 3)
    assert not is_booked(model, "other", CALL, 3)


@given(st.lists(st.integers(0, 9), max_size=60))
def test_one_call_of_a_session_counts_for_no_more_than_two(successes: list[int]) -> None:
    model = new_model([0.0])
    assert sum(book(model, "s", CALL, count)[0] for count in successes) <= 2.0


def test_after_a_success_a_call_is_booked_again_for_half() -> None:
    model = new_model([0.0])
    assert [book(model, "s", CALL, count)[0] for count in (0, 0, 1, 1, 2)] == [1.0, 0.0, 0.5, 0.0, 0.25]
    assert not is_booked(model, "s", CALL, 3)


def test_without_a_session_each_call_is_booked_in_full_once_something_has_worked() -> None:
    model = new_model([0.0])
    assert [book(model, "", CALL, count)[0] for count in (0, 0, 1, 2)] == [1.0, 0.0, 1.0, 1.0]


def test_what_is_remembered_is_bounded() -> None:
    model = new_model([0.0])
    for number in range(10 * MOST):
        assert book(model, f"s{number}", CALL, 0)[0] == 1.0
    assert len(model.booked) == 14 * MOST
    assert is_booked(model, f"s{10 * MOST - 1}", CALL, 0)
    assert not is_booked(model, "s0", CALL, 0)

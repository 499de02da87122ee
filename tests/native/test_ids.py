"""Ids that rise."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.clock import TimeOrderedIds
from sidecar.native.ids import Stems


@given(st.lists(st.tuples(st.floats(0.0, 2e11), st.integers(0, 2**64 - 1)), min_size=1, max_size=20))
def test_ids_rise_whatever_the_clock_says(made: list[tuple[float, int]]) -> None:
    stems, last = Stems(), 0
    for seconds, rest in made:
        stem = int(seconds * 1000.0) << 16
        last = stem if stem > last else last + 1
        assert stems.id_at(seconds, rest) == (last << 64 | rest).to_bytes(16)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 2.9e11])
def test_what_is_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(OverflowError):
        Stems().id_at(seconds, 0)


def test_no_two_threads_are_given_one() -> None:
    ids = TimeOrderedIds(lambda: 1e9)
    found: list[list[bytes]] = [[] for _ in range(4)]

    def make(to: list[bytes]) -> None:
        to.extend(ids() for _ in range(5_000))

    threads = [threading.Thread(target=make, args=(one,)) for one in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one[:8] for some in found for one in some}) == 20_000
    assert all(some == sorted(some) for some in found)

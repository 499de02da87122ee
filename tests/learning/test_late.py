"""Times that cannot be, and what a record from long before the newest one leaves alone."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.clock import AHEAD, FIRST_MOMENT, as_it_counts
from sidecar.learning.versions import changed, is_change
from sidecar.model.errors import InvalidArgumentError
from sidecar.model.tool import Tool, ToolDescriptor

_NOW = 1_800_000_000.0
_TIMES = st.floats(0.0, 2 * _NOW)


@given(st.floats(0.0, allow_infinity=True))
@example(0.0)
@example(math.inf)
def test_a_time_counts_from_its_first_moment_to_a_minute_ahead(time: float) -> None:
    counts = as_it_counts(time, _NOW)
    assert FIRST_MOMENT <= counts <= _NOW + AHEAD
    assert counts in (time, FIRST_MOMENT, _NOW + AHEAD)


@pytest.mark.parametrize("time", [-1.0, -math.inf, math.nan, -5e-324])
def test_what_is_no_time_is_refused(time: float) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        as_it_counts(time, _NOW)
    assert caught.value.metadata["field"] == "call.time"


@given(st.lists(st.tuples(st.sampled_from(["", "1", "2", "3"]), _TIMES), max_size=12))
def test_the_last_version_goes_by_event_time(told: list[tuple[str, float]]) -> None:
    tool = Tool(ToolDescriptor("t"))
    newest = 0.0
    for version, time in told:
        before, late = tool.seen_version, bool(tool.seen_version) and time < tool.version_time
        expected = is_change(tool, version, time)
        assert changed(tool, version, time) is expected
        assert tool.version_time >= newest
        newest = tool.version_time
        if late:
            assert not expected
            assert tool.seen_version == before

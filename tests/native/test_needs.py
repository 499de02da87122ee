"""What a call tells of the needs of its tool, against plain Python."""

from __future__ import annotations

from copy import deepcopy
from math import log

from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.tool_model import Precondition
from sidecar.model.counted import Counted
from sidecar.native import needs

from . import plain

_TIMES = st.sampled_from((0.0, 1e9, 1e9 + 3_600.0, 2e9))
_COUNTED = st.builds(Counted, st.floats(0.0, 250.0), st.floats(0.0, 250.0), _TIMES)
_NEEDS = st.builds(
    Precondition,
    before=_COUNTED,
    after=_COUNTED,
    wealth=st.floats(-20.0, 20.0),
    session=st.integers(-1, 3),
    several=st.booleans(),
)


@given(_NEEDS, st.floats(0.0, 1.0), st.integers(0, 3), _TIMES, st.booleans(), st.booleans())
def test_a_call_is_taken_in(need: Precondition, p: float, session: int, now: float, met: bool, failed: bool) -> None:
    same = deepcopy(need)
    side = need.after if met else need.before
    assert needs.won(side, p, met=met, failed=failed) == _won(side, p, met=met, failed=failed)
    needs.observe(need, p, session, now, 1e6, met=met, failed=failed)
    _observe(same, p, session, now, met=met, failed=failed)
    assert need == same


def _won(side: Counted, p: float, *, met: bool, failed: bool) -> float:
    p = min(p, 0.95) if met else max(p, 0.05)
    rate = (side.failures + p) / (side.total + 1.0)
    rate = min(rate, p) if met else max(rate, p)
    if rate == p:
        return 0.0
    return log(rate / p) if failed else log((1.0 - rate) / (1.0 - p))


def _observe(need: Precondition, p: float, session: int, now: float, *, met: bool, failed: bool) -> None:
    side = need.after if met else need.before
    need.wealth += _won(side, p, met=met, failed=failed)
    plain.add(side, failed, now, 1e6, 1.0)
    if failed and not met:
        if need.session < 0:
            need.session = session
        need.several |= session != need.session

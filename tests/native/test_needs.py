"""What a call tells of the needs of its tool, against plain Python."""

from __future__ import annotations

from copy import deepcopy
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.evidence import logit
from sidecar.learning.needs import OWN, enough
from sidecar.learning.session import Session
from sidecar.learning.steps import MOST, has_worked
from sidecar.learning.tool_model import Model, Precondition, new_model
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
    place=st.integers(0, 3),
    session=st.integers(-1, 3),
    several=st.booleans(),
    believed=st.booleans(),
    words=st.sampled_from(("", "old words")),
)
_STEPS = st.sampled_from((b"\0\1\2\3", b"\0\1\0\1", b"abcd", b"\xff\xfe\x09\xa0"))
_TOOL = b"\0\1345678"
#: Own steps are written in small letters; what else is read is put in too.
_KEYS = st.one_of(
    st.sampled_from(("open", "look", "", "\0 61626364", "\0FFFE09A0", "\0ff")),
    _STEPS.map(lambda step: OWN + step.hex()),
)
_MANY = st.dictionaries(_KEYS, _NEEDS, max_size=8)
_SESSIONS = st.one_of(
    st.none(),
    st.builds(
        Session,
        worked=st.dictionaries(st.sampled_from(("open", "look", "other")), st.integers(0, 1)),
        # Beside them what would be a step if it stood elsewhere, and as many as there are at most.
        steps=st.lists(
            st.one_of(_STEPS.map(lambda step: _TOOL[:2] + step), st.binary(min_size=6, max_size=6)), max_size=6
        ).map(b"".join)
        | st.just((b"\1abcd\0" * MOST)[: 6 * MOST]),
    ),
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


@given(_MANY, st.floats(0.0, 1.0))
def test_the_most_needed_is_found(some: dict[str, Precondition], p: float) -> None:
    def gap(key: str) -> float:
        return logit(some[key].before.mean(p, 2.0)) - logit(some[key].after.mean(p, 2.0))

    believed = [key for key, need in some.items() if need.believed]
    assert needs.most(some, p, 2.0) == max(believed, key=gap, default=None)


@given(_MANY)
def test_whether_any_is_to_be_believed_or_no_more(some: dict[str, Precondition]) -> None:
    assert needs.unsettled(some, enough(1)) == any(
        need.wealth <= 0.0 if need.believed else need.several and need.wealth >= enough(1) for need in some.values()
    )


@given(
    _MANY,
    _SESSIONS,
    st.dictionaries(_STEPS, st.just("its words"), max_size=2),
    st.one_of(st.none(), _KEYS),
    st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
    st.integers(0, 3),
    _TIMES,
    st.booleans(),
)
def test_a_call_is_taken_in_for_each(
    some: dict[str, Precondition],
    session: Session | None,
    own: dict[bytes, str],
    best: str | None,
    rates: tuple[float, float],
    mark: int,
    now: float,
    failed: bool,
) -> None:
    model = new_model([])
    model.preconditions = some
    same = deepcopy(model)
    low, high = rates
    needs.observe_each(model, session, _TOOL, own, best, low, high, mark, now, 1e6, failed=failed)
    _observe_each(same, session, own, best, low, high, mark, now, failed=failed)
    assert model == same


def test_what_is_no_need_is_refused() -> None:
    model = new_model([])
    model.preconditions = {"open": Counted()}  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        needs.observe_each(model, None, _TOOL, {}, None, 0.1, 0.2, 0, 1e9, 1e6, failed=True)
    with pytest.raises(TypeError):
        needs.most(model.preconditions, 0.1, 2.0)
    with pytest.raises(TypeError):
        needs.know(int)  # type: ignore[arg-type]
    needs.know(Precondition)


def _observe_each(
    model: Model,
    session: Session | None,
    marks: dict[bytes, str],
    best: str | None,
    low: float,
    high: float,
    mark: int,
    now: float,
    *,
    failed: bool,
) -> None:
    def met(key: str) -> bool | None:
        if key.startswith(OWN):
            return has_worked(session, _TOOL, bytes.fromhex(key[1:]))
        return session is not None and bool(session.worked.get(key))

    covered = best is not None and not met(best)
    for key, need in model.preconditions.items():
        words = marks.get(bytes.fromhex(key[1:])) if key.startswith(OWN) else None
        if words is not None:
            need.words = need.words or words
            continue
        if covered and key != best:
            continue
        is_met = met(key)
        if is_met is None:
            continue
        if not need.place:
            model.needs_tried += 1
            need.place = model.needs_tried
        _observe(need, low if is_met else high, mark, now, met=is_met, failed=failed)

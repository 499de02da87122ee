"""What detectors propose, against plain Python, over records of all sorts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.learning.half_life import PERMANENT_HALF_LIFE, TRANSIENT_HALF_LIFE
from sidecar.learning.scopes import scopes_of
from sidecar.learning.tables import MODELS, OVERALL
from sidecar.learning.tool_model import new_model
from sidecar.learning.view import View, places_of
from sidecar.learning.wording import Wordings, wording_of
from sidecar.model.call import Call, Features
from sidecar.model.pattern import subject_key
from sidecar.model.vocabulary import Level
from sidecar.native import proposals

from . import plain_proposals as plain
from .views import NOW, Rows, drawn_view

_PROPOSED: list[tuple[Callable[[View, list[float], int], None], Callable[[View, list[float], int], None], int]] = [
    (proposals.base_rate, plain.base_rate, 3),
    (proposals.similar_calls, plain.similar_calls, 7),
    (proposals.telling_words, plain.telling_words, 2),
    (proposals.phrasing, plain.phrasing, 4),
    (lambda view, x, at: proposals.session_trend(view, x, at, Level.ERROR), plain.session_trend, 3),
    (proposals.streak, plain.streak, 1),
    (proposals.length, plain.length, 1),
    (
        lambda view, x, at: proposals.known_call(view, x, at, PERMANENT_HALF_LIFE, TRANSIENT_HALF_LIFE),
        plain.known_call,
        4,
    ),
]


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_proposals_are_those_of_plain_python(data: st.DataObject) -> None:
    view = drawn_view(data)
    at = data.draw(st.integers(0, 3))
    for ours, oracle, size in _PROPOSED:
        x, same = [0.0] * (at + size + 1), [0.0] * (at + size + 1)
        ours(view, x, at)
        oracle(view, same, at)
        assert x == same, oracle.__name__
    assert proposals.turn(view) == plain.turn(view)
    assert proposals.looked_up(view) == plain.looked_up(view)
    assert proposals.worst_named(view) == plain.worst_named(view)
    assert proposals.believed(view) == plain.believed(view)
    assert proposals.longer(view) == plain.longer(view)
    if view.model is not None:
        assert proposals.run_of(view, view.model) == plain.run_of(view, view.model)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_view_knows_rates_and_places(data: st.DataObject) -> None:
    view = drawn_view(data)
    session = view.session
    assert view.seen == (-1 if session is None else session.last_index(view.features.fingerprint))
    assert view.run == (0 if session is None else session.trailing_failures())
    assert view.p_tool == plain.p_tool(view.tool_pattern)
    assert view.p_kind == (view.p_tool if view.rate is None else view.rate.rate.mean(view.p_tool, 4.0))
    seen = 0.0 if view.tool_pattern is None else view.tool_pattern.rate.total
    assert view.trust == seen / (seen + 10.0)
    assert view.likeness == (1.0 if view.model is None else view.model.lasting_share) * view.trust
    assert view.overall == new_model([0.0] * 40)
    assert view.scopes == scopes_of(view.features.context)
    assert view.wording == wording_of("t", view.call.arguments)


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_features_without_room_are_refused(data: st.DataObject) -> None:
    view = drawn_view(data)
    for ours, _, size in _PROPOSED:
        for x, at in (([0.0] * (size - 1), 0), ([0.0] * size, 1), ([0.0] * size, -1)):
            with pytest.raises(IndexError):
                ours(view, x, at)
            assert not any(x)


def test_a_detector_is_asked_where_the_tool_has_what_it_needs() -> None:
    call = Call("t", {}, "", {}, "", "", "", "", "", NOW)
    features = Features(b"f" * 16, b"s" * 8, b"k" * 8, "{}", {})
    memory = Rows()

    def say(at_most: float) -> Callable[[View, list[float], int], None]:
        def propose(_: View, x: list[float], at: int) -> None:
            x[at] = at_most

        return propose

    def asked() -> list[float]:
        x = [0.0] * 2
        view = View(memory, call, features, None, places_of([0.0], Wordings()))
        proposals.gather(view, x, ((say(1.0), 0, None), (say(2.0), 1, "rules")))
        return x

    assert asked() == [1.0, 0.0]
    model = memory.rows[MODELS.name, subject_key("t")] = new_model([0.0])
    memory.rows[MODELS.name, OVERALL] = new_model([0.0])
    assert asked() == [1.0, 0.0]
    model.rules = ["a rule"]  # type: ignore[list-item]
    assert asked() == [1.0, 2.0]

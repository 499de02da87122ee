"""The covariance of weights: against numpy; lessons are shared, steps do not die out, places may move."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.learning.combiner import descend
from sidecar.learning.evidence import sigmoid
from sidecar.learning.layout import align_features
from sidecar.learning.spread import FIRST_VARIANCE, LEAST_ERROR, LEAST_NEWS, Spread, first_spread, spread_of
from sidecar.learning.tables import MODELS, OVERALL, SPREADS
from sidecar.learning.tool_model import Model, new_model


def _call(chance: random.Random, size: int) -> list[float]:
    return [1.0, *[chance.gauss(0.0, 1.0) if chance.random() < 0.7 else 0.0 for _ in range(size - 1)]]


def test_steps_are_those_of_an_extended_kalman_filter() -> None:
    chance = random.Random(5)
    size = 6
    spread, values = first_spread([1.0] * size), [0.0] * size
    covariance, weights = FIRST_VARIANCE * np.eye(size), np.zeros(size)
    changed = unchanged = 0
    for _ in range(400):
        x = _call(chance, size)
        p = sigmoid(float(weights @ np.array(x)))
        error, information = p - (chance.random() < 0.3), p * (1.0 - p)
        along = covariance @ np.array(x)
        news = information * float(np.array(x) @ along)
        weights = weights - along * error / (1.0 + news)
        if news >= LEAST_NEWS:
            covariance = covariance - np.outer(along, along) * information / (1.0 + news)
        # What is beyond the covariance's size is not looked at.
        assert spread.learn(values, [*x, 7.0], error, information) == (news >= LEAST_NEWS)
        changed, unchanged = changed + (news >= LEAST_NEWS), unchanged + (news < LEAST_NEWS)
        assert values == pytest.approx(weights.tolist(), abs=1e-9)
        assert np.array(spread.rows) == pytest.approx(covariance, abs=1e-9)
    assert changed > 50
    assert unchanged > 50


def test_it_stays_a_covariance() -> None:
    chance = random.Random(8)
    size = 23
    spread, values = first_spread([1.0] * size), [0.0] * size
    for _ in range(3_000):
        p = chance.random()
        spread.learn(values, [3.0 * one for one in _call(chance, size)], p - (chance.random() < p), p * (1.0 - p))
    rows = np.array(spread.rows)
    assert rows == pytest.approx(rows.T, abs=1e-12)
    least, *_, most = np.linalg.eigvalsh(rows)
    assert 0.0 < least < most <= FIRST_VARIANCE


def _learned(rates: list[tuple[float, int]], *, copies: int = 1) -> float:
    """The log-odds after so many calls at each of these rates; all features are the same."""
    chance = random.Random(3)
    overall, own = new_model([0.0] * copies), new_model([0.0] * copies)
    spread = first_spread(overall.squares)
    x = [1.0] * copies
    for rate, calls in rates:
        for _ in range(calls):
            score = sum(overall.values)
            descend(overall, own, x, sigmoid(score), chance.random() < rate, spread=spread)
            own = new_model([0.0] * copies)
    return sum(overall.values)


def test_what_changes_after_many_calls_is_still_learned() -> None:
    before = _learned([(0.1, 20_000)])
    after = _learned([(0.1, 20_000), (0.9, 150)])
    assert before < -1.5
    assert after > 0.5


def test_features_that_say_the_same_share_what_they_learn() -> None:
    assert _learned([(0.2, 40)], copies=1) == pytest.approx(-1.4, abs=0.8)
    # Twenty copies know it sooner, but do not run away.
    assert _learned([(0.2, 40)], copies=20) == pytest.approx(-1.4, abs=0.8)


def test_rare_features_keep_their_own_steps() -> None:
    overall, own = new_model([0.0, 0.0]), new_model([0.0, 0.0])
    spread = first_spread(overall.squares[:1])
    assert descend(overall, own, [1.0, 2.0], 0.5, True, spread=spread)
    assert overall.squares == [1.0, 2.0]
    assert overall.values == pytest.approx([0.5 * 0.1 / 1.025, 0.15 * 1.0 / 2.0**0.5])
    assert spread.rows[0][0] == pytest.approx(0.1 / 1.025)


def test_a_heavier_call_is_worth_as_many() -> None:
    steps = []
    for weight in (1.0, 3.0):
        overall, own = new_model([0.0]), new_model([0.0])
        spread = first_spread(overall.squares)
        descend(overall, own, [1.0], 0.5, True, weight, spread)
        steps.append((overall.values[0], spread.rows[0][0]))
    assert steps[1][0] == pytest.approx(3.0 * 0.05 / 1.075)
    assert steps[1][1] == pytest.approx(0.1 / 1.075)
    assert steps[0][0] < steps[1][0]


def test_what_is_as_good_as_known_is_left_as_it_is() -> None:
    for error, moved in ((0.9 * LEAST_ERROR, False), (1.1 * LEAST_ERROR, True)):
        values = [0.5]
        spread = first_spread([1.0])
        spread.learn(values, [1.0], -error, 0.25)
        assert (values != [0.5]) is moved


def test_weights_that_were_learned_before_take_no_larger_steps() -> None:
    rows = first_spread([1.0, 400.0]).rows
    assert rows == [[FIRST_VARIANCE, 0.0], [0.0, FIRST_VARIANCE / 20.0]]


class _Transaction:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, bytes], Any] = {}

    def get(self, table: Any, key: bytes) -> Any:
        return self.rows.get((table.name, key))

    get_raw = get

    def put(self, table: Any, key: bytes, value: Any) -> None:
        self.rows[table.name, key] = value

    def scan(self, table: Any) -> list[tuple[bytes, Any]]:
        return [(key, value) for (name, key), value in self.rows.items() if name == table.name]

    def next_sequence(self) -> int:
        return 1

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"not expected: {name}")


def test_weights_and_their_covariance_move_to_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.learning.layout.add_event", lambda *_: None)
    txn: Any = _Transaction()
    align_features(txn, ["bias", "rate", "word", "rare"], [0.0, 1.0, 0.5, 2.0], 3)
    model = Model([-1.0, 1.1, 0.6, 2.2], [5.0, 6.0, 7.0, 8.0])
    txn.put(MODELS, OVERALL, model)
    txn.put(SPREADS, OVERALL, spread_of([[0.01, 0.002, 0.003], [0.002, 0.04, 0.005], [0.003, 0.005, 0.06]]))
    align_features(txn, ["bias", "word", "new", "rate", "late", "rare"], [0.0, 0.5, -0.7, 1.0, 3.0, 2.0], 4)
    assert model.values == [-1.0, 0.6, -0.7, 1.1, 3.0, 2.2]
    assert model.squares == [5.0, 7.0, 1.0, 6.0, 1.0, 8.0]
    assert txn.get(SPREADS, OVERALL).rows == [
        [0.01, 0.003, 0.0, 0.002],
        [0.003, 0.06, 0.0, 0.005],
        [0.0, 0.0, FIRST_VARIANCE, 0.0],
        [0.002, 0.005, 0.0, 0.04],
    ]


def test_a_feature_that_had_no_covariance_begins_with_the_first_variance() -> None:
    rows = spread_of([[0.01]]).arranged([0, 1, None]).rows
    assert rows == [[0.01, 0.0, 0.0], [0.0, FIRST_VARIANCE, 0.0], [0.0, 0.0, FIRST_VARIANCE]]


def test_rows_as_they_were_kept_once_are_read() -> None:
    rows = [[0.01, 0.002], [0.002, 0.04]]
    again = SPREADS.decode(OVERALL, SPREADS.encode(SPREADS.decode(OVERALL, msgspec.msgpack.encode([rows]))))
    assert again == spread_of(rows)
    assert again.rows == rows
    assert len(again) == 2
    assert len(Spread()) == 0

"""What passes by itself strikes any call: it says how often, and nothing of what calls are like."""

from __future__ import annotations

import random

from sidecar.learning.tool_model import new_model

from .replaying import Replay

_WORDS = ("ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine")


def _unreliable(calls: int, *, error: str, repeats: bool = False) -> Replay:
    """Every third call fails, on average, whatever it is like; with ``repeats`` it is made again, and mostly works."""
    randomness, replay = random.Random(5), Replay()
    for number in range(calls):
        arguments = {"tree": " ".join(randomness.sample(_WORDS, 3))}
        failed = randomness.random() < 1.0 / 3.0
        replay.tell(arguments, error if failed else "", f"s{number}")
        if failed and repeats:
            replay.tell(arguments, error if randomness.random() < 0.25 else "", f"s{number}")
    return replay


def test_likeness_to_calls_that_failed_for_a_while_counts_for_little() -> None:
    passing, lasting = (_unreliable(90, error=error) for error in ("503 Service Unavailable", "invalid tree"))
    assert passing.model().lasting_share < 0.15
    assert lasting.model().lasting_share == 1.0
    for word in _WORDS:
        calm = passing.features({"tree": word}, "new")
        for name in ("kind_rate", "word_rate", "ending_rate", "new_words"):
            assert abs(calm[name]) < 0.2, (word, name)
    assert max(abs(lasting.features({"tree": word}, "new")["word_rate"]) for word in _WORDS) > 0.3


def test_an_outage_counts_once_and_is_forgotten() -> None:
    model = new_model([0.0])
    for run in range(1, 300):
        model.streak = run
        model.count_failure(transient=True)
    assert (model.passing, model.lasting) == (1.0, 0.0)
    model.streak = 1
    for _ in range(1_000):
        model.count_failure(transient=True)
    for _ in range(1_000):
        model.count_failure(transient=False)
    assert model.lasting_share > 0.95
    assert model.passing + model.lasting <= 200.0


def test_a_tool_whose_failures_repeats_mend_is_not_down_after_three() -> None:
    silent, mended = Replay(), _unreliable(90, error="503 Service Unavailable", repeats=True)
    for replay in (silent, mended):
        for number in range(3):
            replay.tell({"tree": f"other {number}"}, "503 Service Unavailable", f"t{number}")
    assert silent.features({"tree": "ash"}, "new")["outage_tool"] > 0.0
    assert mended.features({"tree": "ash"}, "new")["outage_tool"] == 0.0
    for number in range(12):  # more than chance would let
        mended.tell({"tree": f"more {number}"}, "503 Service Unavailable", f"u{number}")
    assert mended.features({"tree": "ash"}, "new")["outage_tool"] > 0.0

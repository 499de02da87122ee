from __future__ import annotations

import pytest

import forewarn
from forewarn.v1 import model_pb2
from forewarn.vocabulary import ApprovalState, Cause, Level, Mode, Outcome, State, Verdict, _Word

NAMES = {
    ApprovalState: "ApprovalState",
    Cause: "Cause",
    Level: "UsagePatternLevel",
    Mode: "Mode",
    Outcome: "Outcome",
    State: "UsagePatternState",
    Verdict: "Verdict",
}


@pytest.mark.parametrize("words", NAMES, ids=lambda words: words.__name__)
def test_words_and_numbers_are_those_of_the_proto(words: type[_Word]) -> None:
    enum = model_pb2.DESCRIPTOR.enum_types_by_name[NAMES[words]]
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    assert [(f"{prefix}{word.name}", word.number) for word in words] == [(v.name, v.number) for v in enum.values]
    assert all(words.from_number(word.number) is word and word == word.name.lower() for word in words)


def test_a_number_from_the_future_is_unspecified() -> None:
    assert Verdict.from_number(99) is Verdict.UNSPECIFIED


def test_every_public_name_exists() -> None:
    for name in forewarn.__all__:
        assert getattr(forewarn, name).__name__ == name
    assert set(forewarn.__all__) == set(forewarn._MODULE)
    with pytest.raises(AttributeError):
        forewarn.nothing  # noqa: B018

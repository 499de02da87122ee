"""The runtime's word counts; the classifier only refines it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.capture import classifier as module
from sidecar.capture.classifier import Classifier
from sidecar.model.vocabulary import FAILED, WORKED, Cause, Outcome


def test_case(classification_case: dict[str, Any]) -> None:
    case = dict(classification_case)
    category, cause, (low, high) = case.pop("category"), case.pop("cause"), case.pop("confidence")
    classifier = Classifier()
    found = classifier.classify(Outcome[case.pop("outcome").upper()], **case)
    assert found.category is Outcome[category.upper()] is classifier.get_category(found)
    assert found.cause is Cause[cause.upper()]
    assert low <= classifier.get_confidence(found) <= high


@given(st.sampled_from(Outcome), st.text(max_size=60), st.text(), st.integers(0, 5), st.integers(0, 5))
def test_a_success_stays_one_and_so_does_a_failure(
    outcome: Outcome, code: str, error: str, attempt: int, failed: int
) -> None:
    found = Classifier().classify(outcome, code, error, attempt=attempt, failed_attempts_before=failed)
    same = FAILED if outcome in FAILED else WORKED if outcome in WORKED else {outcome}
    assert found.category in same
    assert 0.0 <= found.category_confidence <= 1.0
    assert (len(found.template_id) == 8) == bool(found.template)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(FAILED)),
            st.sampled_from(["", "404", "ETIMEDOUT"]),
            st.sampled_from(["", "timed out", "no such file", "Error: 503 busy", "x" * 1_100, "y" * 1_024]),
        ),
        max_size=8,
    )
)
def test_an_error_read_before_says_what_a_new_one_does(seen: list[tuple[Outcome, str, str]]) -> None:
    for outcome, code, error in seen:
        assert Classifier().classify(outcome, code, error) == module._failure(outcome, code, error)


def test_what_is_remembered_of_errors_is_bounded() -> None:
    module._known_failure.cache_clear()
    for number in range(300):
        Classifier().classify(Outcome.FAILURE, "", f"error {number} at {'x' * (900 + number)}")
    kept = module._known_failure.cache_info()
    assert 0 < kept.currsize <= 1_024 - 900
    assert kept.maxsize == 256


def test_codes_without_a_text_are_told_apart() -> None:
    found = {
        code: Classifier().classify(Outcome.FAILURE, error_code=code)
        for code in ("404", "500", "E1001", "a code, in words")
    }
    assert found["404"].template == "error code 404"
    assert len({one.template_id for one in found.values()}) == 4
    assert Classifier().classify(Outcome.FAILURE).template_id == b""
    told = Classifier().classify(Outcome.FAILURE, error_code="404", error="no order 7")
    assert "404" not in told.template

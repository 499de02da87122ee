"""The runtime's word counts; the classifier only refines it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

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

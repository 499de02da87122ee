"""Causes against labelled texts: accuracy, and whether the confidence means what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.capture import causes
from sidecar.capture.cause_codes import EXIT, HTTP
from sidecar.capture.causes import read
from sidecar.model.vocabulary import FAILED, Cause, Outcome

Load = Callable[[str], list[dict[str, Any]]]


def verdicts(rows: list[dict[str, Any]]) -> list[tuple[bool, float, Cause]]:
    readings = [(read(Outcome.FAILURE, str(row.get("code", "")), row["error"]), row["cause"]) for row in rows]
    return [(reading.cause.name.lower() == cause, reading.confidence, reading.cause) for reading, cause in readings]


# The last file was written after the rules: its floor is what to expect of texts not seen before. The column "named"
# counts only where a cause was named: for the rest the answer is OTHER, with a low confidence.
@pytest.mark.parametrize(
    ("file", "least", "accuracy", "named"),
    [("causes", 120, 0.97, 0.97), ("causes_second", 60, 0.88, 0.9), ("causes_third", 40, 0.6, 0.8)],
)
def test_accuracy(load_cases: Load, file: str, least: int, accuracy: float, named: float) -> None:
    found = verdicts(load_cases(file))
    right = [good for good, _, _ in found]
    sure = [good for good, _, cause in found if cause is not Cause.OTHER]
    print(f"{file}: {sum(right)}/{len(right)} right, {sum(sure)}/{len(sure)} where a cause was named")
    assert len(found) >= least
    assert sum(right) / len(right) >= accuracy
    assert sum(sure) / len(sure) >= named


def bins(found: list[tuple[bool, float, Cause]]) -> list[tuple[int, float, float]]:
    """(texts, mean confidence, share that was right) of each fifth of the scale that occurs."""
    members: dict[int, list[tuple[bool, float]]] = defaultdict(list)
    for good, confidence, _ in found:
        members[min(int(confidence * 5), 4)].append((good, confidence))
    return [
        (len(bin_), sum(confidence for _, confidence in bin_) / len(bin_), sum(good for good, _ in bin_) / len(bin_))
        for _, bin_ in sorted(members.items())
    ]


def test_confidence_is_calibrated_on_texts_not_seen_before(load_cases: Load) -> None:
    found = bins(verdicts(load_cases("causes_third")))
    total = sum(count for count, _, _ in found)
    error = sum(abs(claimed - held) * count for count, claimed, held in found) / total
    print(f"expected calibration error {error:.3f}", found)
    assert error <= 0.15


def test_confidence_never_claims_too_much(load_cases: Load) -> None:
    pooled = [one for file in ("causes", "causes_second", "causes_third") for one in verdicts(load_cases(file))]
    for count, claimed, held in bins(pooled):
        print(f"{count} texts: claimed {claimed:.2f}, held {held:.2f}")
        assert count < 10 or held >= claimed - 0.1


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("404", Cause.NOT_FOUND), ("HTTP_503", Cause.UNAVAILABLE), ("grpc.DEADLINE_EXCEEDED", Cause.TIMEOUT),
        ("DeadlineExceeded", Cause.TIMEOUT), ("EACCES", Cause.PERMISSION), ("42P01", Cause.NOT_FOUND),
        ("40001", Cause.CONFLICT), ("exit 126", Cause.PERMISSION), ("builtins.FileNotFoundError", Cause.NOT_FOUND),
        ("-32602", Cause.INVALID_ARGUMENT), ("1", Cause.OTHER), ("x" * 10_000, Cause.OTHER), ("", Cause.OTHER),
    ],
)  # fmt: skip
def test_codes(code: str, cause: Cause) -> None:
    assert read(Outcome.FAILURE, code, "").cause is cause


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        ("503 Service Unavailable", True),
        ("Deadlock found, try again", True),
        ("file already exists", False),
        ("x not found", False),
    ],
)
def test_transient(error: str, transient: bool) -> None:
    assert read(Outcome.FAILURE, "", error).transient is transient


@given(st.sampled_from(Outcome), st.text(max_size=40), st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_read(outcome: Outcome, code: str, error: str) -> None:
    reading = read(outcome, code, error)
    assert 0.0 <= reading.confidence <= 1.0
    assert (reading.cause is Cause.NONE) == (outcome not in FAILED)


STATUSES = st.lists(
    st.sampled_from(
        "HTTP|http/1.1| status| code|error|Error: |exit|EXIT| status code|return code|exited with| |  |:|=|(|[|'|\""
        "|\n|4|5|404|503|503 B|0|127|1|-32601|é|ı|X|_|.".split("|")
    ),
    max_size=9,
).map("".join)


@given(STATUSES)
@settings(max_examples=2_000)
@example("error: 404")
@example("503: Busy")
@example("exıt 127")
def test_a_cheap_look_for_a_number_misses_no_status(said: str) -> None:
    status, ended = causes._STATUS.search(said), causes._EXIT.search(said)
    if causes._status(said) is None:
        assert status is None or int(status[1] or status[2]) not in HTTP
        assert ended is None or int(ended[1]) not in EXIT

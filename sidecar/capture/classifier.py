"""The classifier: what category an outcome belongs to, why it failed, and how sure that is.

The seed's UsagePatternClassifier. The runtime's word counts: nothing here turns a success into a failure or back. It
only tells timeouts from other failures, finds successes that took a retry, and says how well outcome and text agree.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import structs

from ..model.call import Classification
from ..model.vocabulary import FAILED, Cause, Outcome
from .causes import read
from .templates import template, template_id

#: A failure whose cause is a timeout at least this surely is a timeout.
TIMEOUT_CONFIDENCE: Final = 0.85

# Confidences of categories. A retry that was seen is surer than one that is only claimed.
_SEEN_RETRY: Final = 0.95
_CLAIMED_RETRY: Final = 0.85
_DOUBTED: Final = 0.6
_UNKNOWN: Final = 0.5

#: Characters that a code of an error has at most.
_CODE_CHARS: Final = 32
#: Characters of errors that are remembered.
_KNOWN_CHARS: Final = 1_024

_SAYS_ERROR: Final = re.compile(
    r"(?i)\s*(?:(?:fatal |api |internal )?error\b[:!\s]|error$|fatal:|traceback \(most recent|exception\b"
    r"|[\w.]{1,80}(?:error|exception):"
    r"|\{\s*\"(?:error|errors)\"\s*:\s*[^\sfn\[0]|\{[^{}]{0,80}\"is_?error\"\s*:\s*true)"
)


class Classifier:
    """Holds nothing but errors read lately; one instance serves all threads."""

    def classify(
        self,
        outcome: Outcome,
        error_code: str = "",
        error: str = "",
        *,
        result_excerpt: str = "",
        attempt: int = 0,
        failed_attempts_before: int = 0,
    ) -> Classification:
        """Understand an outcome.

        ``error`` and ``result_excerpt`` are redacted already. ``attempt`` counts from 1, 0 where unknown;
        ``failed_attempts_before`` is how many attempts of the same call failed in the session since it last worked.
        """
        if outcome in FAILED:
            known = len(error) <= _KNOWN_CHARS and len(error_code) <= _KNOWN_CHARS
            return _known_failure(outcome, error_code, error) if known else _failure(outcome, error_code, error)
        category, confidence = outcome, 1.0
        if outcome is Outcome.SUCCESS:
            if failed_attempts_before > 0:
                category, confidence = Outcome.RETRY, _SEEN_RETRY
            elif attempt > 1:
                category, confidence = Outcome.RETRY, _CLAIMED_RETRY
            if _SAYS_ERROR.match(error) or _SAYS_ERROR.match(result_excerpt):
                confidence = min(confidence, _DOUBTED)
        elif outcome is Outcome.UNKNOWN:
            confidence = _UNKNOWN
        return Classification(category, confidence, Cause.NONE, 1.0, False, "", b"")

    def get_category(self, classification: Classification) -> Outcome:
        """The category of a classification."""
        return classification.category

    def get_confidence(self, classification: Classification) -> float:
        """How sure the category is, in [0, 1]."""
        return classification.category_confidence


def _failure(outcome: Outcome, error_code: str, error: str) -> Classification:
    reading = read(outcome, error_code, error)
    category, confidence = outcome, 1.0
    if outcome is Outcome.FAILURE and reading.cause is Cause.TIMEOUT and reading.confidence >= TIMEOUT_CONFIDENCE:
        category, confidence = Outcome.TIMEOUT, reading.confidence
    masked = template(error) if error else _of_code(error_code)
    return Classification(
        category=category,
        category_confidence=confidence,
        cause=reading.cause,
        cause_confidence=reading.confidence,
        transient=reading.transient,
        template=masked,
        template_id=template_id(masked) if masked else b"",
    )


def _of_code(error_code: str) -> str:
    """The template of an error that has a code and no text: codes tell errors apart, and are kept as they are."""
    plain = len(error_code) <= _CODE_CHARS and not any(map(str.isspace, error_code))
    return f"error code {error_code}" if error_code and plain else template(error_code)


#: Every second error in traces of real calls is one that was read lately, and to read one takes 15 µs and more. Texts
#: are redacted before they come here.
_known_failure: Final = lru_cache(maxsize=256)(_failure)


def seen_retry(classification: Classification) -> Classification:
    """A success of which it turned out that the same call had failed before it in the session: a retry."""
    confidence = min(classification.category_confidence, _SEEN_RETRY)
    return structs.replace(classification, category=Outcome.RETRY, category_confidence=confidence)

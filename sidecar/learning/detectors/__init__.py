"""All detectors, in the order of their features. Adding one is adding a file and a line here."""

from __future__ import annotations

from ..detector import Detector
from ..schemas import Schemas
from .base_rate import BaseRate
from .exact_repeat import ExactRepeat
from .known_call import KnownCall
from .outage import Outage
from .schema_violation import SchemaViolation
from .session_trend import SessionTrend
from .similar_calls import SimilarCalls
from .telling_words import TellingWords


def all_detectors(schemas: Schemas) -> tuple[Detector, ...]:
    """One of each. The first is the base that the others are weighed against."""
    return (
        BaseRate(),
        SimilarCalls(),
        TellingWords(),
        SessionTrend(),
        ExactRepeat(),
        KnownCall(),
        Outage(),
        SchemaViolation(schemas),
    )

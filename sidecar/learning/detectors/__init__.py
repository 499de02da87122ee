"""All detectors, in the order of their features. Adding one is adding a file and a line here."""

from __future__ import annotations

from typing import Final

from ..detector import Detector
from ..schemas import Schemas
from .argument_form import ArgumentForm
from .base_rate import BaseRate
from .exact_repeat import ExactRepeat
from .known_call import KnownCall
from .length import Length
from .missing_key import MissingKey
from .nested_quotes import NestedQuotes
from .offered import Offered
from .open_quote import OpenQuote
from .outage import Outage
from .phrasing import Phrasing
from .precondition import PreconditionDetector
from .schema_violation import SchemaViolation
from .session_trend import SessionTrend
from .similar_calls import SimilarCalls
from .streak import Streak
from .telling_words import TellingWords

#: So many, the first, speak of most calls.
COMMON: Final = 8


def all_detectors(schemas: Schemas) -> tuple[Detector, ...]:
    """One of each. The first is the base that the others are weighed against; those that seldom speak come last."""
    return (
        BaseRate(),
        SimilarCalls(),
        TellingWords(),
        Phrasing(),
        SessionTrend(),
        Streak(),
        ExactRepeat(),
        Length(),
        KnownCall(),
        MissingKey(),
        Offered(),
        OpenQuote(),
        NestedQuotes(),
        ArgumentForm(),
        PreconditionDetector(),
        Outage(),
        SchemaViolation(schemas),
    )

"""All detectors, in the order of their features. Adding one is adding a file and a line here."""

from __future__ import annotations

from typing import Final

from ..detector import Detector
from .base_rate import BaseRate
from .exact_repeat import ExactRepeat
from .known_call import KnownCall
from .outage import Outage
from .schema_violation import SchemaViolation
from ..schemas import Schemas


def all_detectors(schemas: Schemas) -> tuple[Detector, ...]:
    """One of each."""
    return (BaseRate(), ExactRepeat(), KnownCall(), Outage(), SchemaViolation(schemas))

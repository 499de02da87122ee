"""CEL, for what structured conditions cannot say. Not built in yet: an expression is refused when it is compiled."""

from __future__ import annotations

from .facts import Facts, FieldReader


class Expression:
    """A compiled CEL expression that gives true or false. Immutable."""

    def __init__(self, source: str) -> None:
        """Raises ValueError, with what is wrong and where in the expression."""
        raise ValueError("CEL is not available in this build")

    def holds(self, facts: Facts, reader: FieldReader) -> bool:
        """Whether it holds. Raises EvaluationError when it cannot be evaluated or costs too much."""
        raise NotImplementedError

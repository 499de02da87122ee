"""What is wrong with policies, so that whoever wrote them can mend it: file, line, field, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..model.errors import ForewarnError


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """One thing that is wrong, and what to write instead (``fix``).

    ``line`` counts from 1, 0 where none can be named; ``field`` is a path like ``rules[2].when.glob``.
    """

    message: str
    fix: str = ""
    file: str = ""
    line: int = 0
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.file or 'policy'}:{self.line}: " if self.line else f"{self.file or 'policy'}: "
        return f"{place}{f'{self.field}: ' if self.field else ''}{self.message}{f' — {self.fix}' if self.fix else ''}"


class PolicyError(ForewarnError):
    """Policies that cannot be used, with every fault that was found. Nothing was changed."""

    reason = "POLICY_INVALID"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class EvaluationError(Exception):
    """A condition cannot be evaluated for this call; the rule follows its policy's failure mode."""

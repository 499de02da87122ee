"""A policy document that stands in a field of something else: an organisational policy, the draft of a suggestion."""

from __future__ import annotations

from typing import Final

from ..model.errors import InvalidArgumentError
from .document import Policy
from .faults import PolicyError
from .loading import load

#: Faults that are told at once; a program reads the first one's line and fix from the error's metadata.
_FAULTS: Final = 3


def only_policy(text: str, field: str) -> Policy:
    """The one policy of a text. Raises InvalidArgumentError, naming the field, the line, and what to write instead."""
    try:
        policies = load(text)
    except PolicyError as error:
        first = error.faults[0]
        told = "; ".join(str(fault).removeprefix("policy:").strip() for fault in error.faults[:_FAULTS])
        more = f" (and {len(error.faults) - _FAULTS} more)" if len(error.faults) > _FAULTS else ""
        raise InvalidArgumentError(
            field, f"line {told}{more}" if first.line else told + more, line=str(first.line), fix=first.fix
        ) from None
    if len(policies) != 1:
        raise InvalidArgumentError(
            field, f"must be one policy, not {len(policies)}", line="0", fix="keep each in a document of its own"
        )
    return policies[0]


def check_policy(text: str, field: str) -> None:
    """Raise InvalidArgumentError unless a text is empty or one policy that can be used; see ``only_policy``."""
    if text.strip():
        only_policy(text, field)

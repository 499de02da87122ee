"""How a call ended, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forewarn_cli.screen import Cell, Styled
from forewarn_cli.wording import OUTCOME_STYLES, label

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2


def outcome(found: model_pb2.Classification) -> Cell:
    """How it ended and why, in its colour: failure: not found. Nothing for a call that was never recorded."""
    from forewarn.v1 import model_pb2

    category = label(model_pb2.Outcome, found.category)
    cause = label(model_pb2.Cause, found.cause)
    return Styled(f"{category}: {cause}" if cause else category, OUTCOME_STYLES.get(category, ""))

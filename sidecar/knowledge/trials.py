"""The seam to whoever rolls out patterns: some are offered to a share of sessions only, and what comes of it is told.

The rollouts room gives one of these to ``Workflows``. Nothing here waits for anything.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ..model.knowledge import Trial, Workflow
from ..store.transaction import WriteTransaction


class Assigned(NamedTuple):
    """A pattern that is being rolled out, and the side that a session is on."""

    entity_id: str
    trial: Trial


class Trials(Protocol):
    """Says who is offered what, and takes note of how it went. Thread-safe."""

    def assigned(self, lot: str) -> tuple[Assigned, ...]:
        """Patterns that are being rolled out, and the sides of this lot, always the same; in microseconds."""
        ...

    def completed(self, txn: WriteTransaction, workflow: Workflow) -> None:
        """A workflow ended, in the transaction that writes it down. ``workflow.trials`` says what it was part of."""
        ...


class NoTrials:
    """Rolls out nothing."""

    def assigned(self, _: str) -> tuple[Assigned, ...]:
        """See ``Trials``."""
        return ()

    def completed(self, _: WriteTransaction, __: Workflow) -> None:
        """See ``Trials``."""

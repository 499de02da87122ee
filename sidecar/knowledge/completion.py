"""What happens behind a completed workflow: the seam to whoever suggests changes of what is known.

The suggestions room gives one of these to ``Workflows``. Nothing here is waited for: ``completed`` is called after the
commit and only takes note; what it leads to is written later, with ``Workflows.learned``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ..model.knowledge import Workflow
from ..store.reader import Reader


class SuggestionInShort(msgspec.Struct, frozen=True):
    """A suggestion as a workflow's last stage shows it. ``kind`` is ``create_pattern`` and so on."""

    suggestion_id: str
    kind: str
    confidence: float
    reason: str


class Suggester(Protocol):
    """Draws conclusions from completed workflows."""

    def completed(self, workflow: Workflow) -> bool:
        """Take note of a workflow, in microseconds and without raising. False where nothing will come of it.

        Where it is True, ``Workflows.learned`` must be called in the end, whatever happens.
        """
        ...

    def in_short(self, reader: Reader, suggestion_ids: Sequence[str]) -> list[SuggestionInShort]:
        """Suggestions that are still there."""
        ...


class NoSuggester:
    """Suggests nothing."""

    def completed(self, _: Workflow) -> bool:
        """See ``Suggester``."""
        return False

    def in_short(self, _: Reader, __: Sequence[str]) -> list[SuggestionInShort]:
        """See ``Suggester``."""
        return []

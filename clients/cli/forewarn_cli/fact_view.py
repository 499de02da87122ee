"""Facts worth knowing, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from forewarn_cli.screen import Screen
from forewarn_cli.wording import evidence

if TYPE_CHECKING:
    from forewarn.v1 import guard_pb2


def show(screen: Screen, facts: Iterable[guard_pb2.ContextFact]) -> None:
    """A table of facts, most useful first."""
    screen.table(
        ["fact", "tool", "evidence", ">tokens", "pattern"],
        [
            [
                fact.text,
                fact.tool,
                evidence(fact.evidence) if fact.evidence.calls else "",
                str(fact.tokens),
                fact.usage_pattern_id,
            ]
            for fact in facts
        ],
        none="nothing worth knowing yet",
    )

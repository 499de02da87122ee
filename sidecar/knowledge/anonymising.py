"""Entities as they may be shown to another organisation.

What people, machines and products are called goes; what to build and why stays. Counts are rounded down so that no
single workflow can be seen in them. It is a help and no proof: texts are free, and who exports reads them first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from ..model.knowledge import Entity, Usage

#: Smaller counts are not told.
LEAST: Final = 5
_HIDDEN: Final = "<hidden>"
_PLACES: Final = re.compile(
    r"""
    [\w.+-]+@[\w-]+(?:\.[\w-]+)+                        # addresses of people
    | \b[a-z][a-z0-9+.-]*://[^\s"'<>]+                  # URLs
    | \b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b          # IPv4
    | \b(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{0,4}\b          # IPv6, written out
    | \b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.){1,8}      # host names of usual ends
      (?:com|net|org|io|dev|app|cloud|local|internal|lan|corp|intra|svc)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Anonymiser:
    """Hides the given words, and what looks like an address or a host."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        longest_first = sorted({word.strip() for word in words if word.strip()}, key=len, reverse=True)
        self._words = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if longest_first else None

    def text(self, value: str) -> str:
        """A text without them."""
        value = _PLACES.sub(_HIDDEN, value)
        return self._words.sub(_HIDDEN, value) if self._words is not None else value

    def entity(self, entity: Entity) -> Entity:
        """An entity without people, times, executable policy and origin."""
        return replace(
            entity,
            id=self._id(entity.id),
            description=self.text(entity.description),
            triggers=self._names(entity.triggers),
            rationale=self.text(entity.rationale),
            suggested_resources=self._names(entity.suggested_resources),
            policy_document="",
            created_time=0.0,
            created_by="",
            origin="",
            updated_time=0.0,
            updated_by="",
        )

    def usage(self, usage: Usage | None) -> Usage | None:
        """Rounded metrics; None where they are too few to be told."""
        if usage is None or usage.times_recommended < LEAST:
            return None
        return Usage(
            times_recommended=rounded(usage.times_recommended),
            times_used=rounded(usage.times_used),
            additions=self._counts(usage.additions),
        )

    def _id(self, entity_id: str) -> str:
        if self.text(entity_id) == entity_id:
            return entity_id
        return f"shared-{blake2b(entity_id.encode(), digest_size=6).hexdigest()}"

    def _names(self, names: Sequence[str]) -> tuple[str, ...]:
        """Names that hold nothing to hide: half a name helps nobody."""
        return tuple(name for name in names if self.text(name) == name)

    def _counts(self, counts: Mapping[str, int]) -> dict[str, int]:
        return {name: rounded(count) for name, count in counts.items() if count >= LEAST and self.text(name) == name}


def rounded(count: int) -> int:
    """A count rounded down to 5, 10, 20, 50, 100 and so on; 0 below 5."""
    if count < LEAST:
        return 0
    power = int(f"1{'0' * (len(str(count)) - 1)}")
    return max(step * power for step in (1, 2, 5) if step * power <= count)

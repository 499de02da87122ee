"""What became of calls that were to be prevented and were made all the same."""

from __future__ import annotations

import msgspec


class Trial(msgspec.Struct, array_like=True):
    """Outcomes of calls that were to be prevented, each counted for all those it stands for: 1 / propensity.

    ``right`` failed, ``wrong`` succeeded. Both are kept relative to the largest weight so far, ``heaviest``, so that no
    outcome counts for more than one: see ``learning/false_prevention.py``. Append fields only, with a default.
    """

    right: float = 0.0
    wrong: float = 0.0
    heaviest: float = 1.0


class Standing(msgspec.Struct, array_like=True):
    """How false prevention stands, of one tool or overall. Fields are only ever appended, with a default.

    ``observed`` counts calls that were to be prevented, were made, and ended; ``prevented`` those that were not made
    although a lot might have let them; ``blind`` those that no lot could have let through, of which nothing can be
    known; ``passed`` successes of calls that were not to be prevented.
    """

    trial: Trial = msgspec.field(default_factory=Trial)
    observed: int = 0
    prevented: int = 0
    blind: int = 0
    passed: int = 0

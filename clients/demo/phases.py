"""A phase: sessions in one mode, and what they came to. Everything is counted from attempts, nothing is assumed."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .agent import Agent, Attempt
from .scripts import session
from .world import World

SESSIONS_PER_OUTAGE: Final = 3
"""The API goes down in every so many sessions, at least once in a phase."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What happened in one mode."""

    name: str
    sessions: list[list[Attempt]]
    seconds: float
    waited: float

    @property
    def attempts(self) -> list[Attempt]:
        """All of them, in order."""
        return [attempt for one in self.sessions for attempt in one]

    def count(self, test: Callable[[Attempt], bool]) -> int:
        """How many attempts are so."""
        return sum(map(test, self.attempts))

    @property
    def made(self) -> int:
        """Calls that were made."""
        return self.count(lambda a: not a.prevented)

    @property
    def succeeded(self) -> int:
        """Calls that were made and worked."""
        return self.count(lambda a: a.worked)

    @property
    def failed(self) -> int:
        """Calls that were made and failed."""
        return self.count(lambda a: not a.prevented and a.fails)

    @property
    def foreseen(self) -> int:
        """Judged "prevent", and it fails: as the call showed where it was made, else as its rehearsal did."""
        return self.count(lambda a: a.called_off and a.fails)

    @property
    def mistaken(self) -> int:
        """Judged "prevent", yet it works. Those let through as probes are found out, and cost nothing."""
        return self.count(lambda a: a.called_off and not a.fails and a.decision.probe is None)

    @property
    def saved(self) -> int:
        """Prevented, and it would have failed."""
        return self.count(lambda a: a.prevented and a.fails)

    @property
    def wrongly_prevented(self) -> int:
        """Prevented, and it would have worked."""
        return self.count(lambda a: a.prevented and not a.fails)

    @property
    def probes(self) -> int:
        """Calls that were let through to try a pattern."""
        return self.count(lambda a: a.decision.probe is not None)

    @property
    def probes_worked(self) -> int:
        """Of those, how many worked."""
        return self.count(lambda a: a.decision.probe is not None and a.worked)

    @property
    def advised(self) -> int:
        """Calls that a decision had named as the alternative."""
        return self.count(lambda a: a.call.advised)

    @property
    def advised_worked(self) -> int:
        """Of those, how many worked."""
        return self.count(lambda a: a.call.advised and a.worked)

    @property
    def median_check_seconds(self) -> float:
        """The middle of how long a question took."""
        return statistics.median(a.check_seconds for a in self.attempts if a.check_seconds is not None)


def play(
    name: str,
    agent: Agent,
    world: World,
    seed: int,
    sessions: int,
    clock: Callable[[], float],
    done: Callable[[str, list[Attempt]], None],
) -> Phase:
    """All sessions of a phase, one after the other."""
    rng = random.Random(f"{name} {seed}")
    outages = set(rng.sample(range(sessions), max(1, sessions // SESSIONS_PER_OUTAGE)))
    began, waited = clock(), agent.waited
    played: list[list[Attempt]] = []
    for number in range(sessions):
        label = f"{name}-{number + 1}"
        script = session(rng, world, outage=number in outages, migration=number == sessions // 2)
        attempts = agent.run(label, script)
        done(label, attempts)
        played.append(attempts)
    return Phase(name, played, clock() - began, agent.waited - waited)

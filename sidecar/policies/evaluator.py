"""The one way in: policies are compiled into an engine, and an engine decides. Two evaluators keep these promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .document import Policy
from .facts import Facts
from .verdict import PolicyDecision


class Engine(Protocol):
    """A compiled set of policies. Immutable, and safe to share between threads.

    A change of policies makes a new engine, swaps one reference, and closes the old.
    """

    @property
    def revision(self) -> str:
        """What the decisions name as their policy revision."""
        ...

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policies, by name."""
        ...

    def wants(self, tool: str) -> frozenset[str]:
        """The groups of facts that rules for this tool read: call, tool, pattern, session, caller, time.

        What is not named need not be filled in. Empty: no rule is about this tool, there is nothing to ask.
        """
        ...

    def decide(self, facts: Facts, now: float) -> PolicyDecision:
        """What the policies say; ``now`` is seconds since the epoch. Raises nothing: what fails is in the decision."""
        ...

    def explain(self, facts: Facts, now: float) -> PolicyDecision:
        """The same decision with a trace of every rule. Slower."""
        ...

    def close(self) -> None:
        """Give back what it holds once nobody is deciding with it any more; deciding later is an error."""
        ...


class Evaluator(Protocol):
    """Makes engines."""

    def compile(self, policies: Sequence[Policy], revision: str) -> Engine:
        """An engine for these policies. Raises PolicyError, with every fault that was found, and changes nothing."""
        ...

    def prepare(self, sets: Sequence[Sequence[Policy]]) -> None:
        """Make it quick to compile each of these sets next. Raises nothing: compiling says what is wrong."""
        ...

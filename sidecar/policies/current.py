"""The policies that hold now: one reference that is swapped, so that there is never a moment without rules."""

from __future__ import annotations

from .engine.evaluator import ClosedEngineError
from .evaluator import Engine
from .facts import Facts
from .verdict import PolicyDecision


class CurrentPolicies:
    """Decides with the engine that is current. Thread-safe; only one thread may swap at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def engine(self) -> Engine:
        """The engine that is current; another may be a moment later."""
        return self._engine

    def wants(self, tool: str) -> frozenset[str]:
        """See ``Engine``."""
        return self._engine.wants(tool)

    def decide(self, facts: Facts, now: float) -> PolicyDecision:
        """See ``Engine``. A decision that is under way while engines are swapped is made by the new one."""
        return self._ask(facts, now, explain=False)

    def explain(self, facts: Facts, now: float) -> PolicyDecision:
        """See ``Engine``."""
        return self._ask(facts, now, explain=True)

    def swap(self, engine: Engine) -> None:
        """From now on decide with another engine, and free the old one."""
        old, self._engine = self._engine, engine
        if old is not engine:
            old.close()

    def _ask(self, facts: Facts, now: float, *, explain: bool) -> PolicyDecision:
        while True:
            engine = self._engine
            try:
                return engine.explain(facts, now) if explain else engine.decide(facts, now)
            except ClosedEngineError:
                if engine is self._engine:
                    raise

"""The engine behind policies: durable-rules, and what makes it safe, exact and quick. See docs/decisions/0022."""

from .evaluator import DurableEngine, DurableEvaluator

__all__ = ["DurableEngine", "DurableEvaluator"]

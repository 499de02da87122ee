"""The engine agrees with the naive evaluator on whatever policies and calls; ``tests/long`` does it for longer."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.policies import facts
from sidecar.policies.engine.evaluator import DurableEvaluator
from sidecar.policies.reference import ReferenceEvaluator

from . import generating

CALLS = 20


def compare(seed: int, calls: int = CALLS) -> int:
    """Decide generated calls by generated policies with both; how many were compared."""
    random = Random(seed)
    policies = generating.policies(random)
    engine = DurableEvaluator(probing=None).compile(policies, "r")
    reference = ReferenceEvaluator().compile(policies, "r")
    try:
        for _ in range(calls):
            asked, now = generating.facts(random), generating.moments(random)
            wanted, got = reference.decide(asked, now), engine.decide(asked, now)
            # By what is written: 1 equals true otherwise.
            assert repr(got) == repr(wanted), (seed, asked, now)
            assert engine.wants(asked.call.tool) == reference.wants(asked.call.tool)
    finally:
        engine.close()
    return calls


@settings(max_examples=60)
@given(st.integers(0, 2**48))
def test_engine_and_reference_agree(seed: int) -> None:
    compare(seed)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**48))
def test_they_agree_where_fields_have_too_many_values(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(facts, "MAX_FIELD_VALUES", 1)
    compare(seed)


def test_what_is_generated_reaches_everything() -> None:
    """Or the comparison above would prove little: every verdict, failures, chains of three levels, lifted rules."""
    seen: set[str] = set()
    for seed in range(200):
        random = Random(seed)
        engine = ReferenceEvaluator().compile(generating.policies(random), "r")
        for _ in range(30):
            decision = engine.decide(generating.facts(random), generating.moments(random))
            seen.add(decision.verdict.name)
            seen.update(f"would be {decision.would_be.name}" for _ in decision.traces[:1])
            seen.update("failed" for _ in decision.failed)
            seen.update("lifted" for trace in decision.traces if trace.lifted)
            seen.update(f"level {one.level}" for one in decision.derived)
            seen.update(trace.error.rpartition(" ")[2] for trace in decision.failed)
    verdicts = {"NONE", "ALLOW", "WARN", "SUGGEST_ALTERNATIVE", "REWRITE_ARGUMENT", "REQUIRE_APPROVAL", "PREVENT"}
    assert verdicts <= seen
    assert {"failed", "lifted", "level 1", "level 2", "level 3", "number", "text", "in"} <= seen  # filled in

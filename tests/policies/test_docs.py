"""docs/policies.md names every field, operator and action, and its examples are policies."""

from __future__ import annotations

import re
from pathlib import Path

from sidecar.policies.document import ACTIONS, OPERATORS, Policy
from sidecar.policies.engine.evaluator import DurableEvaluator
from sidecar.policies.fields import KNOWN
from sidecar.policies.loading import load

TEXT = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()


def test_every_field_operator_and_action_is_told() -> None:
    told = set(re.findall(r"`([a-z_.]+)", TEXT))
    assert set(KNOWN) <= told
    assert set(OPERATORS) <= told
    assert set(ACTIONS) <= told
    assert set(Policy.__struct_fields__) <= told


def test_nothing_is_told_that_there_is_not() -> None:
    named = re.findall(r"`((?:call|tool|pattern|session|caller|time)\.[a-z_]+)`", TEXT)
    assert set(named) - set(KNOWN) == {"time.epoch"}


def test_the_first_example_is_a_policy_that_compiles() -> None:
    example = re.search(r"```yaml\n(# yaml-language-server.*?)```", TEXT, re.DOTALL)
    assert example is not None
    engine = DurableEvaluator(probing=None).compile(load(example[1]), "r")
    assert engine.wants("db.query") == {"call", "caller"}

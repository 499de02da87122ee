"""Every example in docs/policies passes its tests, which reach all its rules, and fits the published schema."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest

from sidecar.policies.engine.evaluator import DurableEvaluator
from sidecar.policies.evaluator import Evaluator
from sidecar.policies.reading import read
from sidecar.policies.reference import ReferenceEvaluator
from sidecar.policies.schema import as_text, policy_schema
from sidecar.policies.suite import SuiteResult, read_suite, run_suite

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "policies"
CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name.removesuffix("_test.yaml") for path in EXAMPLES.glob("*_test.yaml"))
EVALUATORS: list[Evaluator] = [DurableEvaluator(probing=None), ReferenceEvaluator()]


def _run(folder: Path, name: str, evaluator: Evaluator) -> SuiteResult:
    file = folder / f"{name}_test.yaml"
    return run_suite(read_suite(file.read_text(), file.name, lambda one: (folder / one).read_text()), evaluator)


def test_there_are_twelve_with_their_tests() -> None:
    assert len(NAMES) == 12
    files = {path.name for path in EXAMPLES.glob("*.yaml") if not path.name.endswith("_test.yaml")}
    assert files == {f"{name}.yaml" for name in NAMES}


@pytest.mark.parametrize("evaluator", EVALUATORS, ids=["engine", "reference"])
@pytest.mark.parametrize("name", NAMES)
def test_an_example_passes_and_is_covered(name: str, evaluator: Evaluator) -> None:
    result = _run(EXAMPLES, name, evaluator)
    assert not [(test.line, test.name, test.problems) for test in result.tests if not test.passed]
    assert not result.uncovered
    assert result.passed
    assert result.coverage == 1.0


@pytest.mark.parametrize("evaluator", EVALUATORS, ids=["engine", "reference"])
def test_conflicts_are_resolved_as_documented(evaluator: Evaluator) -> None:
    result = _run(CASES, "conflicts", evaluator)
    assert not [(test.line, test.name, test.problems) for test in result.tests if not test.passed]


def test_the_published_schema_is_current() -> None:
    assert (EXAMPLES / "policy.schema.json").read_text() == as_text()


@pytest.mark.parametrize("name", NAMES)
def test_an_example_fits_the_schema(name: str) -> None:
    validator = jsonschema_rs.validator_for(policy_schema())
    for written in read((EXAMPLES / f"{name}.yaml").read_text()):
        validator.validate(written.tree)


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"field": "call.tool"},
        {"glob": "x"},
        {"field": "call.tool", "glob": "x", "equal": "y"},
        {"field": "call.toool", "glob": "x"},
        {"all": []},
        {"cel": "true", "all": [{"cel": "true"}]},
        {"field": "call.tool", "globb": "x"},
    ],
    ids=str,
)
def test_the_schema_refuses_what_is_no_condition(condition: dict[str, object]) -> None:
    validator = jsonschema_rs.validator_for(policy_schema())
    then = {"warn": {"message": "m"}}
    assert validator.is_valid({"policy": "a", "rules": [{"name": "x", "then": then}]})
    assert not validator.is_valid({"policy": "a", "rules": [{"name": "x", "then": then, "when": condition}]})

"""Case files and the objects under test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sidecar.capture.extractor import Extractor
from sidecar.capture.redaction import Redactor

KEY = b"0123456789abcdef0123456789abcdef"

#: Every file of cases whose rows are tests of their own: fixture name → file.
_ROWS = {
    "redaction_case": "redaction",
    "template_case": "templates",
    "classification_case": "classification",
    "culprit_case": "culprits",
}


def _load(name: str) -> list[dict[str, Any]]:
    path = Path(__file__).parent / "cases" / f"{name}.yaml"
    cases: list[dict[str, Any]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return cases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a row."""
    for fixture, file in _ROWS.items():
        if fixture in metafunc.fixturenames:
            rows = _load(file)
            metafunc.parametrize(fixture, rows, ids=[f"{file}-{number}" for number in range(len(rows))])


@pytest.fixture(scope="session")
def load_cases() -> Callable[[str], list[dict[str, Any]]]:
    return _load


@pytest.fixture(scope="session")
def redactor() -> Redactor:
    return Redactor(KEY)


@pytest.fixture(scope="session")
def extractor(redactor: Redactor) -> Extractor:
    return Extractor(redactor)

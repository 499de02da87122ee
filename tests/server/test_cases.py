"""Each file in cases/ is a story between a runtime and the daemon; see case_runner.py for the form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import StartDaemon

from . import case_runner

CASES = [
    pytest.param(
        case,
        id=f"{path.stem}-{number}",
        marks=[pytest.mark.xfail(reason=case["xfail"], strict=False)] if "xfail" in case else [],
    )
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for number, case in enumerate(YAML(typ="safe").load_all(path.read_text()), 1)
]


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any], start_daemon: StartDaemon) -> None:
    assert case["description"]
    options = [str(one) for one in case.get("options", [])]
    case_runner.run(case, start_daemon(*options, policies=case.get("policies")))

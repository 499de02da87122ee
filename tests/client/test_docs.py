from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import forewarn

from .double import Double

PAGE = Path(__file__).parents[2] / "docs/clients/python.md"


class Jira:
    def view_issue(self, key: str) -> dict[str, str]:
        return {"key": key}

    def login(self) -> None: ...


def test_the_examples_run(double: Double, client: forewarn.Client, address: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("FOREWARN_ADDRESS", address)
    names: dict[str, Any] = {"jira": Jira()}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        exec(block, names)
    stats = names["client"].stats
    names["client"].close()
    assert (stats.fallbacks, stats.records_refused) == (0, 0)
    assert names["facts"] == "query is slow"
    assert names["many"][2].stored

from __future__ import annotations

from typing import Any

import pytest

from tests.server.running import RunningDaemon

from .pages import ROOT, blocks


def test_the_guides_examples_run(daemon: RunningDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_ADDRESS", daemon.guard_address)
    names: dict[str, Any] = {}
    for block in blocks((ROOT / "docs/guide.md").read_text(), "python"):
        exec(block, names)
    assert names["run"]({"sql": "select 1"}, "s", lambda sql: [sql]) == ["select 1"]
    with pytest.raises(ZeroDivisionError):
        names["run"]({"sql": "select 2"}, "s", lambda sql: 1 / 0)
    stats = names["client"].stats
    names["client"].close()
    assert (stats.fallbacks, stats.records_refused) == (0, 0)

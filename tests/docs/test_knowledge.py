from __future__ import annotations

from typing import Any

import pytest

from forewarn.v1 import knowledge_pb2
from tests.server.running import RunningDaemon

from .pages import ROOT, blocks

PAGE = (ROOT / "docs/knowledge.md").read_text()


def test_the_pages_examples_run(daemon: RunningDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_ADDRESS", daemon.guard_address)
    (document,) = blocks(PAGE, "yaml")
    request = knowledge_pb2.ImportEntitiesRequest(chunk=document.encode())
    assert daemon.knowledge.ImportEntities(iter([request])).created == 1
    names: dict[str, Any] = {}
    for block in blocks(PAGE, "python"):
        exec(block, names)
    metrics = daemon.knowledge.GetUsageMetrics(knowledge_pb2.GetUsageMetricsRequest(id="public-web-app")).pooled
    assert (metrics.times_recommended, metrics.times_used, metrics.times_succeeded) == (1, 1, 1)

"""Readers share decoded rows (``Table.shared``): nothing that only reads may change one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sidecar.config import Settings
from sidecar.learning.tables import MODELS
from sidecar.runtime import open_rooms
from sidecar.server.requests import call_of, result_of
from sidecar.store.tables import PATTERNS, TOOLS, Table

from . import calls


def test_deciding_changes_no_shared_row(tmp_path: Path) -> None:
    rooms = open_rooms(Settings.model_validate({"data_dir": tmp_path / "data", "mode": "enforce"}))
    try:
        records = list(calls.synthetic(400))
        for future in [rooms.recorder.record(call_of(one.call, time.time()), result_of(one.result)) for one in records]:
            future.result(30)
        for one in records:
            call = call_of(one.call, time.time())
            rooms.tracker.should_prevent(call)
            rooms.checker.check_pattern(call, 5)
            rooms.optimizer.optimize(call, (), latency_weight=0.1, cost_weight=0.1, explore=True, limit=5)
            rooms.injector.inject([call.tool], 300, call.session_id, call.context, call.time)
        tables: tuple[Table[Any], ...] = (TOOLS, PATTERNS, MODELS)
        for table in tables:
            assert table._known
            for key, (raw, record) in table._known.items():
                assert table.encode(record) == table.encode(table.decode(key, raw)), (table, key)
    finally:
        rooms.close()

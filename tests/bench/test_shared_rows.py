"""Rows stay decoded in memory (``Table.cached``): who reads changes none, who writes puts each that it changes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sidecar.config import Settings
from sidecar.learning.tables import MODELS, NAMES, RATES, SESSIONS, SPREADS
from sidecar.learning.totals import TOTALS
from sidecar.runtime import open_rooms
from sidecar.server.requests import call_of, result_of
from sidecar.store.tables import PATTERNS, TOOLS, Table

from . import calls


def test_rows_in_memory_are_those_in_the_file(tmp_path: Path) -> None:
    rooms = open_rooms(Settings.model_validate({"data_dir": tmp_path / "data", "mode": "enforce"}))
    try:
        records = list(calls.synthetic(400))
        for future in [rooms.recorder.record(call_of(one.call, time.time()), result_of(one.result)) for one in records]:
            future.result(30)
        for number, one in enumerate(records):
            call = call_of(one.call, time.time())
            decision = rooms.tracker.should_prevent(call)
            if number % 3 == 0:
                rooms.recorder.record(call, result_of(one.result), decision.decision_id.hex())
            rooms.checker.check_pattern(call, 5)
            rooms.optimizer.optimize(call, (), latency_weight=0.1, cost_weight=0.1, explore=True, limit=5)
            rooms.injector.inject([call.tool], 300, call.session_id, call.context, call.time)
        rooms.store.submit(lambda txn: txn.commit_sequence).result(30)  # decisions are logged behind their answers
        environment = rooms.store.environment
        with rooms.store.read() as reader:
            tables: dict[str, Table[Any]] = {
                table.name: table for table in (TOOLS, PATTERNS, MODELS, RATES, NAMES, SESSIONS, SPREADS, TOTALS)
            }
            shared = 0
            for name, known in environment.current.shared_rows.tables.items():
                for key, kept in list(known.items()):
                    raw = reader.get_raw(tables[name], key)
                    if kept.until > environment.current.shared_rows.latest:
                        record = kept.decoded(tables[name], key)
                        assert raw == (None if record is None else tables[name].encode(record)), (name, key)
                        shared += record is not None
            assert shared > 100
            worked_on = 0
            for name, working in environment._working_rows.tables.items():
                for key, row in list(working.items()):
                    raw = reader.get_raw(tables[name], key)
                    assert raw == (None if row.record is None else tables[name].encode(row.record)), (name, key)
                    worked_on += 1
            assert worked_on > 100
    finally:
        rooms.close()

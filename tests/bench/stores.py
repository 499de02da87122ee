"""Stores with many usage patterns, filled directly: recording a million calls would take the time of all benchmarks."""

from __future__ import annotations

import json
import time
from pathlib import Path

from sidecar.capture.fingerprint import canonical, fingerprint
from sidecar.config import Settings
from sidecar.learning.tables import MODELS, OVERALL
from sidecar.learning.tool_model import new_model
from sidecar.model.call import JSON, Call
from sidecar.model.counted import Counted
from sidecar.model.pattern import UsagePattern, pattern_id, subject_key
from sidecar.model.tool import Tool, ToolDescriptor
from sidecar.model.vocabulary import Cause, Level, State
from sidecar.runtime import Rooms, open_rooms
from sidecar.store.tables import PATTERNS, TOOLS, tool_key
from sidecar.store.transaction import WriteTransaction

TOOL_COUNT = 100
_ERROR = "Error: order #W{id} not found in the shop's database"


def arguments(number: int) -> dict[str, JSON]:
    """The arguments of the pattern with this number, of any tool."""
    return {"order_id": f"#W{number:07}", "fields": "status", "verbose": False}


def call(tool: int, number: int, session: str = "", now: float | None = None) -> Call:
    """The call that the pattern ``number`` of a tool covers."""
    made = arguments(number)
    return Call(
        f"tool_{tool:03}",
        made,
        json.dumps(made),
        {"db": "main"},
        session,
        "bench",
        "",
        "",
        "",
        now or time.time(),
    )


def open_with(folder: Path, patterns: int) -> Rooms:
    """Rooms over a new store that knows ``patterns`` calls which failed, spread over ``TOOL_COUNT`` tools."""
    rooms = open_rooms(
        Settings.model_validate({"data_dir": folder, "max_patterns": 10_000_000, "max_patterns_per_tool": 1_000_000})
    )
    each = patterns // TOOL_COUNT
    now = time.time()
    first = rooms.foresight.first_values

    def fill(tool: int) -> None:
        name = f"tool_{tool:03}"
        subject = subject_key(name)
        rows = []
        for number in range(each):
            text = canonical(arguments(number))
            covers = fingerprint(name, text)[:8]
            rows.append((pattern_id(subject, Level.CALL, covers), _failed(name, covers, text.decode(), number, now)))
        rows.sort(key=lambda row: row[0])  # in the order of the keys: LMDB fills its pages one after the other

        def job(txn: WriteTransaction) -> None:
            for key, row in rows:
                txn.put(PATTERNS, key, row)
            txn.put(TOOLS, tool_key(name), Tool(ToolDescriptor(name), patterns=each, first_time=now))
            txn.put(MODELS, subject, new_model([0.0] * len(first)))
            if not tool:
                txn.put(MODELS, OVERALL, new_model(first))

        rooms.store.submit(job).result(600)

    for tool in range(TOOL_COUNT):
        fill(tool)
    return rooms


def _failed(tool: str, covers: bytes, preview: str, number: int, now: float) -> UsagePattern:
    template = "Error: order <id> not found in the shop's database"
    return UsagePattern(
        Level.CALL, tool, "", covers, preview, State.CONFIRMED, Cause.NOT_FOUND, False, template,
        _ERROR.format(id=number), Counted(0.0, 3.0, now), 3, 0, call_ids=[f"{number:032x}"] * 3,
    )  # fmt: skip

"""One form for all lines of the log. Each look is a process of its own: logging is set up once for all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SPEAK = """
import logging, sys, warnings
import structlog
from sidecar.logs import configure
early = structlog.get_logger("forewarn.early")
log = configure(sys.argv[1], sys.argv[2])
configure(sys.argv[1], sys.argv[2])
log.info("ready", guard=["unix:g"])
early.info("from structlog")
ours = logging.getLogger("sidecar.store.commit")
ours.debug("detail")
ours.info("the store can be written %s", "again")
ours.error("lost %d", 3)
try:
    raise ValueError("broken")
except ValueError:
    ours.exception("a hook failed")
    early.exception("rpc_failed", error_id="e1")
logging.getLogger("httpx").info("GET /")
logging.getLogger("httpx").warning("slow")
warnings.warn("old way", UserWarning)
ours.error("x" * 100_000)
"""


def said(level: str, form: str = "json") -> list[str]:
    command = [sys.executable, "-c", SPEAK, level, form]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_every_line_is_json_and_stamped() -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in said("info")]
    assert all(line["timestamp"].endswith("Z") and line["level"] and line["event"] for line in lines)
    assert [(line["level"], line["event"][:40]) for line in lines if "old way" not in line["event"]] == [
        ("info", "ready"),
        ("info", "from structlog"),
        ("info", "the store can be written again"),
        ("error", "lost 3"),
        ("error", "a hook failed"),
        ("error", "rpc_failed"),
        ("warning", "slow"),
        ("error", "x" * 40),
    ]
    assert [line["level"] for line in lines if "old way" in line["event"]] == ["warning"]
    assert [line["exception"].splitlines()[-1] for line in lines if "exception" in line] == ["ValueError: broken"] * 2
    assert lines[0] == {"guard": ["unix:g"], "event": "ready", "level": "info", "timestamp": lines[0]["timestamp"]}
    assert lines[2]["logger"] == "sidecar.store.commit"
    assert len(lines[-1]["event"]) < 17_000


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["ready", "from structlog", "detail", "the store can be written again", "lost 3", "slow"]),
        ("warning", ["lost 3", "slow"]),
        ("error", ["lost 3"]),
    ],
)
def test_the_level_is_everybodys_but_libraries_say_warnings_at_least(level: str, events: list[str]) -> None:
    known = {"ready", "from structlog", "detail", "the store can be written again", "lost 3", "slow", "GET /"}
    assert [event for line in said(level) if (event := json.loads(line)["event"]) in known] == events


def test_people_read_lines_too() -> None:
    lines = said("info", "console")
    assert sum("the store can be written again" in line for line in lines) == 1
    stamped = [line for line in lines if line.startswith("20") and "Z" in line[:30]]
    assert any("lost 3" in line for line in stamped)

"""Recorded calls as they are replayed in this process, see ``living.py``, and what is noted of each."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Final, NamedTuple

from sidecar.capture.extractor import Captured, Extractor
from sidecar.capture.redaction import Redactor
from sidecar.model.call import Call, Result
from sidecar.model.vocabulary import Outcome

#: Keys of a trace's context that are known only after the call.
RESULT_KEYS: Final = frozenset({"exit_code", "status_code", "duration_ms"})
_OUTCOMES: Final = {"success": Outcome.SUCCESS, "failure": Outcome.FAILURE, "timeout": Outcome.TIMEOUT}


class Recorded(NamedTuple):
    """A recorded call as capture sees it; ``silent`` when it gave no result."""

    call: Call
    captured: Captured
    silent: bool


class Decided(NamedTuple):
    """What was said of a call before it was made, and how it went."""

    p: float
    prevented: bool
    failed: bool
    known: bool


Run = list[Recorded]


def runs_of(path: Path) -> list[Run]:
    """The runs of a trace file, in order."""
    extractor = Extractor(Redactor(b"k" * 32))
    runs: dict[str, Run] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            context = {key: str(value) for key, value in row["context"].items() if key not in RESULT_KEYS}
            call = Call(
                row["tool"], row["args"], json.dumps(row["args"]), context, row["session_id"], "", "", "", "", 0.0
            )
            excerpt = row["result_excerpt"] or ""
            result = Result(_OUTCOMES[row["outcome"]], error=row["error"] or "", result_excerpt=excerpt)
            recorded = Recorded(call, extractor.extract_pattern(call, result), not excerpt)
            runs.setdefault(row["session_id"], []).append(recorded)
    return list(runs.values())

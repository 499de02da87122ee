"""agent-governance-toolkit-core, in an interpreter of its own: it brings dozens of packages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from ..machine import DAEMON_CORE, pinned
from . import UnavailableError, rules

VERSION: Final = "5.0.0"
_FOLDER: Final = Path("build/beside/toolkit")
#: Run there: the median over rounds of the mean time of one call, in µs, and what was answered.
_SCRIPT: Final = """
import json, statistics, sys, time
from agent_os.policies.evaluator import PolicyEvaluator
from agent_os.policies.schema import PolicyDocument

given = json.load(sys.stdin)
evaluator = PolicyEvaluator([PolicyDocument(**given["policy"])])
answers = [evaluator.evaluate(call).allowed for call in given["calls"]]
found = []
for _ in range(given["rounds"]):
    before = time.thread_time()
    for call in given["calls"]:
        evaluator.evaluate(call)
    found.append((time.thread_time() - before) / len(given["calls"]) * 1e6)
print(json.dumps({"microseconds": statistics.median(found), "allowed": answers}))
"""


def installed() -> Path | None:
    """The interpreter that has it; it is installed on first use. None where it cannot be."""
    python = _FOLDER / "bin" / "python"
    done = _FOLDER / f"has-{VERSION}"
    if not done.exists():
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(_FOLDER)],
            [str(python), "-m", "pip", "install", "--quiet", f"agent-governance-toolkit-core=={VERSION}"],
        ):
            if subprocess.run(command, check=False, capture_output=True).returncode:
                return None
        done.touch()
    return python


def microseconds(python: Path, calls: list[rules.Arguments], rounds: int) -> float:
    """What one call costs there, CPU time."""
    given = {"policy": rules.toolkit_policy(), "calls": calls, "rounds": rounds}
    run = subprocess.run(
        pinned(DAEMON_CORE, [str(python), "-c", _SCRIPT]),
        input=json.dumps(given), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode:
        raise UnavailableError(f"agent-governance-toolkit-core failed:\n{run.stderr[-2000:]}")
    answer = json.loads(run.stdout.splitlines()[-1])
    if answer["allowed"] != [not rules.denied(call) for call in calls]:
        raise SystemExit("agent-governance-toolkit-core answers otherwise than the rules say")
    return float(answer["microseconds"])

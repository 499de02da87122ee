"""New rulesets are tried in a child process with a time limit: some make durable-rules loop for ever, or crash.

The child makes each ruleset, shows it everything at once, and sees whether every rule is found, and found once.
``python -m sidecar.policies.engine.probe`` is the child; it reads the rulesets as JSON from its standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

from ..faults import EvaluationError

#: Seconds for a child, and for each ruleset in it (they take about 3 ms).
_START: Final = 20.0
_EACH: Final = 0.5


def probe(rulesets: Iterable[tuple[str, list[str]]]) -> None:
    """Try rulesets: definitions with the properties that their facts may have. Raises EvaluationError."""
    listed = list(rulesets)
    if not listed:
        return
    command = [sys.executable, "-m", __name__]
    limit = _START + _EACH * len(listed)
    try:
        done = subprocess.run(  # noqa: S603  # ourselves
            command, input=json.dumps(listed), capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise EvaluationError(f"the rule engine does not come to an end with these rules ({limit:.0f} s)") from None
    if done.returncode < 0:
        raise EvaluationError(f"the rule engine crashes with these rules (signal {-done.returncode})")
    if done.returncode:
        reason = done.stdout.strip() or done.stderr.strip().rpartition("\n")[2]
        raise EvaluationError(f"the rule engine does not work with these rules: {reason[:300]}")


def try_one(number: int, text: str, properties: list[str]) -> str:
    """Try one ruleset; what is wrong, or nothing."""
    from . import rete

    rules = json.loads(text)
    kinds = {part["$and"][0]["k"] if "$and" in part else part["k"] for rule in rules.values() for one in rule["all"]
             for part in one.values()}  # fmt: skip
    fired: list[str] = []
    with rete.LOCK:
        ruleset = rete.Ruleset(f"s{number}", text)
        for at, kind in enumerate(sorted(kinds - {"w"}), 1):
            fired += ruleset.show(rete.fact(at, kind, properties))
        ruleset.forget()
        if ruleset.show(rete.fact(1, "c", [])):
            return "it finds rules that should not be found"
        ruleset.forget()
        ruleset.close()
    return "" if sorted(fired) == sorted(set(rules) - {"w"}) else f"it finds {len(fired)} of {len(rules) - 1} rules"


def main() -> int:
    """Run the child."""
    for number, (text, properties) in enumerate(json.load(sys.stdin)):
        wrong = try_one(number, text, properties)
        if wrong:
            sys.stdout.write(wrong)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

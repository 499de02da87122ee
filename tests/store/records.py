"""Small records for tests."""

from __future__ import annotations

from sidecar.model.call import Classification, Observation
from sidecar.model.decision import Decision, DecisionRecord, Interval, Snapshot
from sidecar.model.vocabulary import Cause, Mode, Outcome, Verdict

FAILED = Classification(Outcome.FAILURE, 1.0, Cause.INTERNAL, 1.0, False, "boom", b"t" * 8)


def observation(sequence: int, call_id: str, tool: str = "git", time: float = 1e9) -> Observation:
    return Observation(
        sequence, call_id, tool, "", "s", "", b"f" * 16, b"s" * 8, b"k" * 8, "{}", {}, FAILED, "boom", 0.1, 0.0, time,
        time, "", 0, True,
    )  # fmt: skip


def decision(identity: bytes, call_id: str, tool: str = "git", verdict: Verdict = Verdict.PREVENT) -> DecisionRecord:
    made = Decision(
        identity, verdict, verdict, Mode.ENFORCE, 0.9, Interval(0.8, 1.0, 0.9), True, (), "", -1.0, (), None,
        Snapshot(1, "", ""), 1e9,
    )  # fmt: skip
    return DecisionRecord(made, "q", tool, "{}", "s", "", call_id, {}, b"f" * 16, 1.0, FAILED)


def decision_id(number: int, seconds: float = 1e9) -> bytes:
    return int(seconds * 1000).to_bytes(6, "big") + number.to_bytes(10, "big")

"""Decisions for the report's tests: plain to make, and of any kind by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from sidecar.model.call import Classification
from sidecar.model.decision import Decision, DecisionRecord, Interval, Probe, Reason, Snapshot
from sidecar.model.pattern import UsagePattern
from sidecar.model.vocabulary import Cause, Level, Mode, Outcome, State, Verdict

START = 1_700_000_000.0


def decided(
    number: int = 1, *, p: float = 0.5, outcome: Outcome | None = None, would_be: Verdict = Verdict.ALLOW,
    verdict: Verdict = Verdict.ALLOW, mode: Mode = Mode.SHADOW, tool: str = "t", known: bool = True,
    reasons: tuple[tuple[str, float], ...] = (), propensity: float = 1.0, probe: bool = False,
    question: str = "should_prevent", time: float = START, preview: str = "{}",
) -> DecisionRecord:  # fmt: skip
    """A decision, with what became of its call."""
    identity = int(time * 1000).to_bytes(6, "big") + number.to_bytes(10, "big")
    made = Decision(
        identity, verdict, would_be, mode, p, Interval(0.0, 1.0, 0.9), known,
        tuple(Reason(code, f"{code} says so", push, b"", Cause.NONE, None) for code, push in reasons),
        "", -1.0, (), Probe(b"p" * 20, time + 60) if probe else None, Snapshot(1, "", ""), time,
    )  # fmt: skip
    found = None
    if outcome is not None:
        found = Classification(outcome, 1.0, Cause.NONE, 1.0, False, "it <broke>", b"t" * 8)
    return DecisionRecord(made, question, tool, preview, "s", "", "", {}, b"f" * 16, propensity, found)


@st.composite
def decisions(draw: st.DrawFn, number: int = 1) -> DecisionRecord:
    """Any decision that could be logged."""
    mode = draw(st.sampled_from((Mode.SHADOW, Mode.WARN, Mode.ENFORCE)))
    would_be = draw(st.sampled_from((Verdict.ALLOW, Verdict.WARN, Verdict.PREVENT, Verdict.PREVENT)))
    through = mode is Mode.ENFORCE and would_be is Verdict.PREVENT and draw(st.booleans())
    verdict = Verdict.ALLOW if through or mode is not Mode.ENFORCE else would_be
    chances = st.one_of(st.sampled_from((0.0, 0.1, 0.5, 0.9, 1.0)), st.floats(0.0, 1.0).map(lambda p: round(p, 6)))
    codes = st.lists(
        st.tuples(st.sampled_from(("a", "b", "c")), st.floats(-6, 6)), max_size=3, unique_by=lambda one: one[0]
    )
    return decided(
        number,
        p=draw(chances),
        outcome=draw(st.sampled_from((None, *Outcome))),
        would_be=would_be,
        verdict=verdict,
        mode=mode,
        tool=draw(st.sampled_from(("x", "y", "z"))),
        known=draw(st.booleans()),
        reasons=tuple(draw(codes)),
        propensity=draw(st.sampled_from((1.0, 0.5, 0.03, 0.0001))) if through else 1.0,
        probe=through and draw(st.booleans()),
        question=draw(st.sampled_from(("should_prevent", "check", "optimize"))),
        time=START + draw(st.one_of(st.integers(0, 100), st.integers(0, 10**8))),
    )


def pattern(number: int, **fields: object) -> tuple[bytes, UsagePattern]:
    """A usage pattern under its id."""
    made = UsagePattern(Level.CALL, "t", "", b"f" * 8, f"pattern {number}", state=State.CANDIDATE)
    for name, value in fields.items():
        setattr(made, name, value)
    return number.to_bytes(20, "big"), made

"""Tables and sentences of the report on learning, the same on the terminal and on the page."""

from __future__ import annotations

from typing import Final, NamedTuple

from forewarn.v1 import knowledge_pb2, suggestion_pb2
from forewarn_cli.report.blocks import Table, number
from forewarn_cli.suggestion_view import type_word
from forewarn_cli.wording import counted, percent

Answer = suggestion_pb2.GetLearningReportResponse

_VERDICTS: Final = {
    suggestion_pb2.LEARNING_VERDICT_MET: "met",
    suggestion_pb2.LEARNING_VERDICT_NOT_MET: "not met",
}


_DECIDED: Final = "decided"


class _Asked(NamedTuple):
    """How a criterion is worded. ``unit``: count, share, seconds; ``of``: what a case is."""

    asks: str
    unit: str
    of: str


_ASKED: Final = {
    "patterns_with_metrics": _Asked("patterns with usage metrics, at least", "count", "pattern"),
    "suggestions_generated": _Asked("suggestions in the first 30 days, at least", "count", "day"),
    "accepted": _Asked("suggestions approved or modified, of those decided, at least", "share", _DECIDED),
    "new_patterns_used": _Asked(
        "patterns from suggestions used three times or more, of those recommended so often, at least",
        "share",
        "pattern",
    ),
    "completion_added": _Asked("added to CompleteWorkflow (p99), at most", "seconds", "completion"),
    "generation_time": _Asked("from completion to suggestions (p99), at most", "seconds", "workflow"),
}


def headline(answer: Answer) -> str:
    """The report in a sentence."""
    verdicts = [one.verdict for one in answer.criteria]
    met = verdicts.count(suggestion_pb2.LEARNING_VERDICT_MET)
    open_ = verdicts.count(suggestion_pb2.LEARNING_VERDICT_NOT_ENOUGH_DATA)
    said = f"{met} of {len(verdicts)} criteria met"
    return f"{said}; for {open_} there is not enough data yet." if open_ else f"{said}."


def criteria(answer: Answer) -> Table:
    """What is asked, what was measured, and whether that is met."""
    rows = []
    for one in answer.criteria:
        asked = _ASKED.get(one.code, _Asked(one.code, "count", "case"))
        measured = amount(one.measured, asked.unit) if one.HasField("measured") else "–"
        verdict = _VERDICTS.get(one.verdict) or f"not enough data ({number(one.cases)} of {number(one.needed)})"
        on = f"{number(one.cases)} {asked.of}" if asked.of == _DECIDED else counted(one.cases, asked.of)
        rows.append([f"{asked.asks} {amount(one.bar, asked.unit)}", measured, on, verdict])
    return Table(["asked", ">measured", ">on", "verdict"], rows, "nothing is asked")


def amount(value: float, unit: str) -> str:
    """A count, a share or a time."""
    if unit == "share":
        return percent(value, 0)
    if unit == "seconds":
        return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.1f} ms"
    return number(value)


def share(value: knowledge_pb2.Share) -> str:
    """As in "80 % of 10 (49–94 %)"; a dash of nothing."""
    if not value.out_of:
        return "–"
    return f"{percent(value.value, 0)} of {number(value.out_of)} ({value.low * 100:.0f}–{value.high * 100:.0f} %)"


def acceptance(answer: Answer) -> Table:
    """How many of each type people took."""
    rows = [[type_word(one.type), share(one.taken)] for one in answer.acceptance]
    if rows:
        rows.append(["all", share(answer.acceptance_rate)])
    return Table(["type", ">approved or modified"], rows, "nobody decided anything yet")


def calibration(answer: Answer) -> Table:
    """What confidence said against what people took."""
    rows = [
        [f"{one.low:.1f}–{one.high:.1f}", number(one.decided), percent(one.mean_confidence), share(one.taken)]
        for one in answer.calibration
        if one.decided
    ]
    return Table(["confidence", ">decided", ">mean", ">taken"], rows, "nobody decided anything yet")


def error(answer: Answer) -> str:
    """The expected calibration error; a dash without decisions."""
    return f"{answer.expected_error:.3f}" if answer.HasField("expected_error") else "–"


def months(answer: Answer) -> Table:
    """What happened in each month."""
    names = ["generated", "approved", "modified", "rejected", "dismissed", "reverted", "lapsed"]
    rows = [[month(one), *(number(getattr(one, name)) for name in names)] for one in answer.months]
    return Table(["month", *(f">{name}" for name in names)], rows, "nothing was suggested yet")


def month(one: suggestion_pb2.LearningMonth) -> str:
    """As in "2026-11"."""
    return f"{one.start_time.ToDatetime():%Y-%m}"


def adoption(answer: Answer) -> Table:
    """How patterns that came from suggestions are used."""
    rows = [
        [one.suggestion_id, one.entity_id, number(one.times_recommended), number(one.times_used)]
        for one in answer.adoption
    ]
    return Table(["id", "made", ">recommended", ">used"], rows, "no pattern came from a suggestion yet")


def times(answer: Answer) -> Table:
    """How long things take."""
    found = [
        ("CompleteWorkflow, all", answer.completion),
        ("CompleteWorkflow, nothing of suggestions beside it", answer.completion_alone),
        ("CompleteWorkflow, a look or its writing beside it", answer.completion_beside),
        ("from completion to suggestions", answer.generation),
    ]
    rows = [
        [name, number(one.count), amount(one.p50, "seconds"), amount(one.p99, "seconds")]
        for name, one in found
        if one.count
    ]
    return Table(["what", ">measured", ">half within", ">99 of 100 within"], rows, "nothing was measured yet")


def note() -> str:
    """What the figures stand on."""
    return (
        "Counted from the store; CompleteWorkflow is timed by the daemon itself, since its start. Intervals are 95 %. "
        "What was reverted was decided, and counts as not taken."
    )

"""Grounds of preventions that are no pattern of a call, its error, tool or server: a form of arguments, a word, a need.

What detectors know of them stands where they learn it. Here is what people have to see and to decide: that calls are
prevented on such a ground, since when and how often, and what became of those that were made all the same. That is a
usage pattern at level ground, so that it is listed, put to the test, suspended and taken back as all others are. It is
made by the first prevention that rests on it, by the job that logs that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf
from typing import Final

from ..model.decision import DecisionRecord
from ..model.lease import id_of_ground
from ..model.pattern import MAX_CALL_IDS, UsagePattern, subject_key
from ..model.vocabulary import Level
from ..store.tables import PATTERNS, TOOLS, after_prefix, tool_key
from ..store.transaction import WriteTransaction
from .half_life import PERMANENT_HALF_LIFE
from .tables import MODELS
from .tool_model import Model

#: Grounds kept of one tool. Those of before its last reset go first, then those that prevented least lately; those
#: that are set aside stay. With so many set aside, others prevent and are not listed.
MAX_GROUNDS: Final = 64
_HALF_LIFE: Final = 14 * 86_400.0
_SUBJECT_AND_LEVEL: Final = 9
_DESCRIPTION: Final = 500


def count_preventions(txn: WriteTransaction, key: bytes, records: Sequence[DecisionRecord]) -> None:
    """Count decisions, at least one, that prevented on a ground, or would have; begin its record where it has none."""
    newest = max(records, key=lambda one: one.decision.time)
    pattern = txn.get(PATTERNS, key) or _begun(txn, key, newest)
    if pattern is None:
        return
    reason = newest.decision.learned_reasons[0]
    pattern.prevented += len(records)
    pattern.description = f"{reason.code}: {reason.summary}"[:_DESCRIPTION]
    pattern.cause = reason.cause
    pattern.last_time = max(pattern.last_time, newest.decision.time)
    txn.put(PATTERNS, key, pattern)


def note_outcome(pattern: UsagePattern, record: DecisionRecord, *, failed: bool) -> None:
    """Count what became of a call that was to be prevented on a ground and was made. The caller writes the pattern."""
    pattern.failures += failed
    pattern.successes += not failed
    pattern.last_failed = failed
    pattern.rate.add(failed, record.decision.time, PERMANENT_HALF_LIFE)
    if record.call_id:
        pattern.call_ids = [record.call_id, *pattern.call_ids][:MAX_CALL_IDS]


def forget_ground(txn: WriteTransaction, key: bytes, pattern: UsagePattern) -> None:
    """Remove what a detector knows of a ground, where that is one thing: a form, a key, a need, a sort of quotes.

    Words, likeness and phrasing are many things, which also say what works: that stays.
    """
    subject = subject_key(pattern.tool)
    model = txn.get(MODELS, subject)
    if model is None:
        return
    code, epoch = pattern.covers.decode(), pattern.epoch
    known = {id_of_ground(pattern.tool, epoch, code, mark): forget for of, mark, forget in _things(model) if of == code}
    if key in known:
        known[key]()
        txn.put(MODELS, subject, model)


def mark_of_form(conditions: Sequence[int]) -> bytes:
    """What tells a condition on the form of arguments, or a pair of them, from others."""
    return b"".join([one.to_bytes(4, "big") for one in sorted(conditions)])


def mark_of_name(name: str) -> bytes:
    """What tells a key, or a need, from others."""
    return name.encode("utf-8", "surrogatepass")


def mark_of_sort(sort: int) -> bytes:
    """What tells a sort of quotation marks from others."""
    return bytes((sort,))


def _begun(txn: WriteTransaction, key: bytes, record: DecisionRecord) -> UsagePattern | None:
    """A record that has counted nothing; None where all that the tool may have are set aside."""
    tool = txn.get(TOOLS, tool_key(record.tool))
    epoch = tool.epoch if tool is not None else 0
    prefix = key[:_SUBJECT_AND_LEVEL]
    rows = list(txn.scan(PATTERNS, prefix, after_prefix(prefix), limit=MAX_GROUNDS))
    if len(rows) >= MAX_GROUNDS:
        value = _value_at(record.decision.time, epoch)
        worth, worst = min((value(one), known) for known, one in rows)
        if worth == inf:
            return None
        txn.delete(PATTERNS, worst)
    return UsagePattern(
        level=Level.GROUND,
        tool=record.tool,
        server=record.server,
        covers=record.decision.learned_reasons[0].code.encode(),
        description="",
        first_time=record.decision.time,
        epoch=epoch,
    )


def _value_at(now: float, epoch: int) -> Callable[[UsagePattern], float]:
    def value(pattern: UsagePattern) -> float:
        if pattern.epoch < epoch:
            return -1.0
        if pattern.suspended:
            return inf
        return float(pattern.prevented * 0.5 ** (max(0.0, now - pattern.last_time) / _HALF_LIFE))

    return value


def _things(model: Model) -> Iterator[tuple[str, bytes, Callable[[], object]]]:
    """What detectors know of a tool one by one: the detector's code, the mark, and how to forget it."""
    for rule in model.rules:
        yield "argument_form", mark_of_form(rule.conditions), partial(model.rules.remove, rule)
    for name in model.missing:
        yield "missing_key", mark_of_name(name), partial(model.missing.pop, name)
    for name in model.preconditions:
        yield "precondition", mark_of_name(name), partial(model.preconditions.pop, name)
    for sort in model.nested_quotes:
        yield "nested_quotes", mark_of_sort(sort), partial(model.nested_quotes.pop, sort)

"""What history knows to work instead: other arguments for the same tool, or another tool (``other_tools.py``).

Nothing is offered that does something else: what differs is what the error objected to (``learning/mending.py``).
Proposals come from what sessions did after such failures (``learning/corrections.py``), from the names that are known
to exist (``learning/known_names.py``) and from the error itself. Each is judged like any call: what is itself expected
to fail is not offered. The expected success is what corrections of its sort, and this one, came to so far.

Only for calls that are warned of, prevented, or asked about: it costs a judgement for each proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace
from rapidfuzz import fuzz

from ..capture.extractor import Extractor
from ..capture.fingerprint import PREVIEW_BYTES, canonical
from ..learning import corrections as sorts
from ..learning.corrections import ALIKE, STRENGTH, expected_success
from ..learning.describe import quoted, shown_arguments, times
from ..learning.edits import ADD, FORMS, applied, decoded, difference, leaves, replaced, swapped, told
from ..learning.evidence import wilson
from ..learning.foresight import Foresight, volatile_of
from ..learning.known_names import HIDDEN, best_value, close_names, is_misspelling
from ..learning.mending import is_mended
from ..learning.proven_fixes import is_proven, mended_by
from ..learning.view import View
from ..model.call import JSON
from ..model.decision import Alternative, Evidence
from ..model.pattern import Edit, Fix, UsagePattern
from ..store.reader import Reader
from .latency import latency_of
from .objections import MOST_ERRORS, MOST_UNKNOWN, objections_of, unknown_names
from .other_tools import other_tools

_LIMIT: Final = 3
#: Proposals that are judged for one call, and names for one that is unknown.
_JUDGED: Final = 8
_NAMES: Final = 2
#: From this probability of failing on, an alternative is none.
_FAILS: Final = 0.5
#: What sessions went on with at least this often, and after this share of such errors, is usual.
_WENT_ON: Final = 3
_USUAL: Final = 0.15
_QUOTED: Final = re.compile(
    r"'([^'\n]{2,64})'|\"([^\"\n]{2,64})\"|`([^`'\n]{2,64})[`']|“([^”\n]{2,64})”|‘([^’\n]{2,64})’"
)


class Offer(NamedTuple):
    """An alternative, with what its expected success was computed from: calls that worked and failed, fractional."""

    alternative: Alternative
    successes: float
    failures: float


class _Proposal(NamedTuple):
    """``worked`` and ``failed`` are outcomes since this very correction was known."""

    arguments: Mapping[str, JSON]
    sort: str
    why: str
    worked: float = 0.0
    failed: float = 0.0
    time: float = 0.0


class Fixes:
    """Finds alternatives. Holds nothing; thread-safe."""

    def __init__(self, extractor: Extractor, foresight: Foresight) -> None:
        self._extractor = extractor
        self._foresight = foresight

    def alternatives(self, reader: Reader, view: View, errors: Sequence[UsagePattern]) -> tuple[Alternative, ...]:
        """At most three alternatives to a call that will probably fail, best first.

        ``errors``, here and below, are the kinds of error that speak of the call, see ``errors_of``.
        """
        found = [one.alternative for one in self.corrections(reader, view, errors)]
        found += other_tools(reader, view)
        found.sort(key=lambda one: -one.score)
        return tuple(found[:_LIMIT])

    def corrections(self, reader: Reader, view: View, errors: Sequence[UsagePattern]) -> list[Offer]:
        """Other arguments for the same tool, best first: none that are expected to fail or hide something."""
        if view.features.redacted or _is_destructive(view):
            return []  # what is hidden cannot be given back, and what destroys is for its caller to think of
        seen: set[bytes] = set()
        found: list[Offer] = []
        judged = 0
        for proposal in _proposals(view, errors):
            if not seen:
                seen.add(canonical(view.call.arguments))
            text = canonical(proposal.arguments)
            if judged >= _JUDGED:
                break
            if text in seen or len(text) > PREVIEW_BYTES or HIDDEN.search(text.decode()):
                continue
            seen.add(text)
            judged += 1
            offer = _offer(view, proposal, text.decode())
            if offer.alternative.expected_success < 1.0 - _FAILS or self._fails(reader, view, proposal.arguments):
                continue
            found.append(offer)
        found.sort(key=lambda one: -one.alternative.score)
        return found[:_LIMIT]

    def history(self, view: View, errors: Sequence[UsagePattern], *, calls: bool) -> str:
        """What helped after such errors, as a sentence and not as arguments to use.

        With ``calls`` also which other call mostly came next. What that does is not known: it is for people, or for
        tools that only read.
        """
        if view.features.redacted or _is_destructive(view):
            return ""
        return next(_usual_next(view, errors, calls=calls), "")

    def _fails(self, reader: Reader, view: View, arguments: Mapping[str, JSON]) -> bool:
        """Whether the call with other arguments is expected to fail, or holds something that is to be hidden."""
        call = replace(view.call, arguments=dict(arguments), arguments_json="")
        features = self._extractor.features_of(call.tool, call.arguments, call.context, volatile_of(view.tool))
        if features.redacted:
            return True
        other = self._foresight.view(reader, call, features, view.tool)
        return self._foresight.judge(other).p >= _FAILS


def _proposals(view: View, errors: Sequence[UsagePattern]) -> Iterator[_Proposal]:
    """What could be tried, the likeliest to be right first."""
    arguments, call = view.call.arguments, view.known_call()
    objections = objections_of(view, call)
    texts = list(objections)
    spoken = [one.last_error for one in (call, *errors) if one is not None and one.last_error]
    unknown = list(dict.fromkeys(unknown_names(view, objections)))[:MOST_UNKNOWN]
    if call is not None and call.fixes:
        yield from _same_call(view, call, spoken)
    for error in errors:
        yield from _edits(view, error, unknown, [*spoken, *texts])
    for text in texts[:MOST_ERRORS]:
        yield from _answers(view, text, unknown)
        yield from _missing(view, text)
    for name in unknown:
        for known, _ in close_names(view, name, _NAMES + MOST_UNKNOWN)[: _NAMES + MOST_UNKNOWN]:
            if known.lower() in unknown:
                continue
            changed = _renamed(arguments, name, known)
            if changed is not None:
                yield _Proposal(changed, sorts.NAME, f"“{known}” is known here, “{name}” is not.")
    for error in errors:
        yield from _siblings(view, error, unknown, spoken)


def _same_call(view: View, call: UsagePattern, spoken: list[str]) -> Iterator[_Proposal]:
    """What worked after this very call failed."""
    for fix in mended_by(call, view.call.tool, view.session_key, spoken, view.call.arguments):
        arguments = decoded(fix.preview)
        if arguments is not None:
            why = _why("After this failed", view, fix, arguments)
            yield _Proposal(arguments, sorts.FIX, why, fix.worked - 1, fix.failed, fix.time)


def _edits(view: View, error: UsagePattern, unknown: list[str], spoken: list[str]) -> Iterator[_Proposal]:
    """The call, changed as calls were that ended so and then worked."""
    arguments = view.call.arguments
    for known in sorted(error.edits, key=lambda one: one.failed - one.worked):
        edit = _usual(view, known) if known.kind == ADD else known
        # A word for a word helps where that word was objected to.
        if edit is None or not (edit.kind in FORMS or _holds(edit.before, *unknown)):
            continue
        changed = applied(edit, arguments)
        if changed is not None and is_mended(spoken, arguments, changed, proven=is_proven(edit, view.session_key)):
            why = f"After errors like this it helped to {told(edit)} ({times(edit.worked)})."
            yield _Proposal(changed, sorts.EDIT, why, edit.worked - 1, edit.failed, edit.time)


def _siblings(view: View, error: UsagePattern, unknown: list[str], spoken: list[str]) -> Iterator[_Proposal]:
    """What worked after such errors, where it does to this call what is objected to.

    Anything else is another call: the id that mended somebody's call is no use to others, and none of their business.
    """
    for fix in mended_by(error, view.call.tool, view.session_key, spoken, view.call.arguments):
        arguments = decoded(fix.preview)
        edit = difference(view.call.arguments, arguments) if arguments is not None else None
        if arguments is not None and edit is not None and (edit.kind in FORMS or _respells(edit, unknown)):
            why = _why("After errors like this", view, fix, arguments)
            yield _Proposal(arguments, sorts.SIBLING, why, fix.worked - 1, fix.failed, fix.time)


def _usual(view: View, edit: Edit) -> Edit | None:
    """The adding of an argument, with its usual value: not with what somebody wrote there."""
    usual = best_value(view, edit.argument) if edit.argument not in view.call.arguments else None
    return replace(edit, after=msgspec.json.encode(usual[0]).decode()) if usual is not None else None


def _usual_next(view: View, errors: Sequence[UsagePattern], *, calls: bool) -> Iterator[str]:
    session = view.session
    for error in errors:
        for edit in error.edits:
            if edit.kind == ADD and is_proven(edit, view.session_key) and edit.argument not in view.call.arguments:
                yield f"After errors like this it helped to add {edit.argument} ({times(edit.worked)})."
        for fix in _best(error) if calls else ():
            usual = fix.several and fix.worked >= _WENT_ON and fix.worked >= _USUAL * error.failures
            known = session is not None and session.last_index(fix.fingerprint) >= 0  # it has seen what that tells
            if usual and not known and fix.tool == view.call.tool and fix.worked > fix.failed:
                came = f"{shown_arguments(fix.preview)} came next {times(fix.worked)} and worked"
                yield f"After such errors {came}: another call, not a correction of this one."


def _is_destructive(view: View) -> bool:
    return view.tool is not None and view.tool.descriptor.destructive


def _best(pattern: UsagePattern) -> list[Fix]:
    return sorted(pattern.fixes, key=lambda one: one.failed - one.worked)


def _why(after: str, view: View, fix: Fix, arguments: Mapping[str, JSON]) -> str:
    count = f" {times(fix.worked)}" if fix.worked > 1 else ""
    why = f"{after}, {fix.tool} with {shown_arguments(fix.preview)} worked{count}"
    edit = difference(view.call.arguments, arguments)
    return f"{why}: {told(edit)}." if edit is not None else f"{why}."


def _respells(edit: Edit, unknown: list[str]) -> bool:
    return _holds(edit.before, *unknown) and is_misspelling(edit.before.lower(), edit.after.lower())


def _holds(text: str, *names: str) -> bool:
    return any(swapped(text, name, "") != text for name in names)


def _answers(view: View, error: str, unknown: list[str]) -> Iterator[_Proposal]:
    """Names that the error offers in quotes, for the part of the arguments that it objects to."""
    offered = _in_quotes(error)
    if not offered or not unknown:
        return
    arguments = view.call.arguments
    values = frozenset(value.lower() for value in leaves(arguments).values() if isinstance(value, str))
    others = [one for one in dict.fromkeys(offered) if one.lower() not in values and one.lower() not in unknown]
    for name in unknown[:1]:
        ranked = sorted(((fuzz.ratio(name, one.lower()), one) for one in others), reverse=True)
        for likeness, one in ranked[:_NAMES]:
            changed = _renamed(arguments, name, one) if likeness >= ALIKE else None
            if changed is not None:
                yield _Proposal(changed, sorts.ANSWER, f"The error itself speaks of “{one}”.")


@lru_cache(maxsize=512)
def _in_quotes(error: str) -> tuple[str, ...]:
    """What stands in quotation marks in an error."""
    return tuple([next(part for part in match if part) for match in _QUOTED.findall(error)])


def _missing(view: View, error: str) -> Iterator[_Proposal]:
    """An argument that the error names and the call lacks, with the value that worked most."""
    arguments = view.call.arguments
    for name in _in_quotes(error):
        if name in arguments:
            continue
        found = best_value(view, name)
        if found is not None:
            value, count = found
            shown = quoted(msgspec.json.encode(value).decode())
            why = f"The error asks for {name}; with {shown} calls worked {times(count)}."
            yield _Proposal({**arguments, name: value}, sorts.KEY, why)


def _renamed(arguments: Mapping[str, JSON], name: str, known: str) -> dict[str, JSON] | None:
    """The arguments with a known name wherever the unknown one stands by itself, not as a part of a path or name."""
    changed = dict(arguments)
    for path, value in leaves(arguments).items():
        if isinstance(value, str):
            text = swapped(value, name, known, alone=True)
            if text != value:
                changed = replaced(changed, path, text)
    return changed if changed != arguments else None


def _offer(view: View, proposal: _Proposal, text: str) -> Offer:
    tool = view.tool
    usual, weight = expected_success(view, proposal.sort)
    seen = proposal.worked + proposal.failed
    successes, failures = proposal.worked + STRENGTH * usual, proposal.failed + STRENGTH * (1.0 - usual)
    expected = successes / (seen + STRENGTH)
    span = wilson(expected, seen + weight)
    evidence = Evidence(
        failures=proposal.failed,
        successes=proposal.worked,
        calls=round(seen),
        interval=span,
        call_ids=(),
        last_time=proposal.time,
    )
    alternative = Alternative(
        tool=view.call.tool,
        arguments_json=text,
        expected_success=expected,
        interval=span,
        latency=latency_of(tool),
        cost=tool.cost_sum / tool.cost_calls if tool is not None and tool.cost_calls else 0.0,
        score=expected,
        rationale=proposal.why,
        evidence=evidence if seen else None,
    )
    return Offer(alternative, successes, failures)

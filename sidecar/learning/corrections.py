"""Corrections: what was done in real sessions after a call failed, and how often that worked.

A call is set beside the failures of its tool among the last few calls of the session. A success beside a failure that
it mends (``mending.py``) is a fix of that call (level call) and of its kind of error (level error); where one part of
one argument makes the difference, that is an edit, which can be made to other calls. What merely came next and worked
is kept with the kind of error: as history, not as a correction. A fix or edit that was known before is judged
by how the call went, whoever made it: so the expected success of a correction is measured, also for whole sorts of
corrections (``FIX``, …), which is where new ones start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from ..capture.culprits import argument_text
from ..model.call import JSON
from ..model.counted import Counted
from ..model.pattern import MAX_EDITS, MAX_FIXES, Edit, Fix, UsagePattern
from ..model.vocabulary import Level
from ..native.lessons import learned
from .edits import ADD, FORMS, SWAP, decoded, difference
from .half_life import PERMANENT_HALF_LIFE
from .known_names import HIDDEN, is_known, is_misspelling
from .mending import mends
from .pending import Pending, answer, failures_beside
from .session import WIDTH
from .view import Outcome, View

#: How many calls of the session after a failure are looked at for its correction, and failures set beside one call.
NEXT_CALLS: Final = 6
_BESIDE: Final = 2
#: How alike (0 to 100) the arguments of a failed call and of one that worked must be for a correction.
ALIKE: Final = 60.0
#: The same for edits: of what is less alike, what differs is not one part.
_COMPARED: Final = 40.0

# Sorts of corrections. FIX: the call that worked after this very call failed. SIBLING: one that worked after such an
# error of a call like this. NEXT: what sessions went on with after such an error, whatever it was. EDIT: a change that
# mended such calls. NAME: a known name for an unknown one. ANSWER: a name that the error itself offers. KEY: a missing
# argument with its usual value.
FIX, SIBLING, NEXT, EDIT, NAME, ANSWER, KEY = "fix", "sibling", "next", "edit", "name", "answer", "key"
#: The expected success of each sort before anything was seen of it, and what that is worth in observations.
FIRST: Final = {FIX: 0.8, SIBLING: 0.6, NEXT: 0.7, EDIT: 0.6, NAME: 0.5, ANSWER: 0.5, KEY: 0.5}
_STRENGTH_OVERALL: Final = 4.0
STRENGTH: Final = 2.0


def learn_correction(view: View, outcome: Outcome) -> None:
    """Set the call beside what failed before it in the session."""
    session = view.session
    if session is None or not session.unmended or view.features.redacted:
        return  # with a secret hidden, the arguments would be no use to anybody
    number = session.successes + session.failures
    fingerprint, preview = view.features.fingerprint, view.features.preview
    # A failure is no correction: it only tells of what is known already, and the newest before it is enough for that.
    beside = failures_beside(session, view.subject, fingerprint[:8], number - NEXT_CALLS)
    failures = list(islice(beside, 1 if outcome.failed else _BESIDE))
    if not failures or preview.endswith("…"):
        return
    after = decoded(preview)
    for one in failures:
        failed = view.pattern(Level.CALL, one.fingerprint)
        if failed is None or failed.description.endswith("…") or HIDDEN.search(failed.description):
            continue
        found = _beside(view, one, failed, after)
        for sort in _sorts(view, found):
            _count(view, sort, outcome)
        if outcome.failed:
            _learn_failure(view, one, found)
        else:
            _learn_success(view, one, found, first=number - one.number == 1)


def expected_success(view: View, sort: str) -> tuple[float, float]:
    """How often corrections of this sort worked for the tool, and how many observations stand behind that."""
    overall = view.overall.corrections.get(sort)
    p = FIRST[sort] if overall is None else 1.0 - overall.mean(1.0 - FIRST[sort], _STRENGTH_OVERALL)
    own = view.model.corrections.get(sort) if view.model is not None else None
    if own is None:
        return p, STRENGTH
    return 1.0 - own.mean(1.0 - p, _STRENGTH_OVERALL), STRENGTH + own.total


def likeness(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> float:
    """How alike (0 to 100) the values of two calls' arguments are."""
    return float(fuzz.ratio(argument_text(before), argument_text(after)))


def add_fix(pattern: UsagePattern, new: Fix) -> None:
    """Remember a call that worked where the pattern's had failed; the least proven of too many is dropped."""
    for fix in pattern.fixes:
        if fix.fingerprint == new.fingerprint:
            fix.worked += 1
            fix.time = new.time
            fix.seen_in(new.session)
            return
    pattern.fixes = [*pattern.fixes, new]
    if len(pattern.fixes) > MAX_FIXES:
        pattern.fixes.remove(min(pattern.fixes, key=lambda fix: (fix.worked - fix.failed, fix.time)))


def add_edit(pattern: UsagePattern, edit: Edit, now: float, session: bytes) -> None:
    """Remember an edit that mended a call; the least proven of too many is dropped."""
    for known in pattern.edits:
        if same_edit(known, edit):
            known.worked += 1
            known.time = now
            known.seen_in(session)
            return
    pattern.edits = [*pattern.edits, Edit(edit.kind, edit.argument, edit.before, edit.after, 1, 0, now, session)]
    if len(pattern.edits) > MAX_EDITS:
        # What would change any call in the same way is worth more than a word for a word.
        pattern.edits.remove(min(pattern.edits, key=lambda one: (one.worked - one.failed, one.kind in FORMS, one.time)))


def same_edit(one: Edit, other: Edit) -> bool:
    """Whether two edits do the same. Adding an argument is the same whatever its value."""
    alike = (one.kind, one.argument, one.before) == (other.kind, other.argument, other.before)
    return alike and (one.after == other.after or one.kind == ADD)


class _Beside(NamedTuple):
    """A call beside a failure.

    ``edit`` makes it of the failed call; ``made`` is that edit as it was known before.
    """

    failed: UsagePattern
    error: UsagePattern | None
    alike: bool
    edit: Edit | None
    made: Edit | None
    fix: Fix | None
    sibling: Fix | None
    before: Mapping[str, JSON] | None
    after: Mapping[str, JSON] | None

    def is_mended(self) -> bool:
        """Whether what differs is what the error objected to. Looked at only where it counts: it takes long."""
        if self.edit is not None:
            return True
        if self.before is None or self.after is None or not self.alike:
            return False
        return mends((self.failed.last_error,), self.before, self.after)  # as ``is_mended`` where there is no edit


def _beside(view: View, one: Pending, failed: UsagePattern, after: Mapping[str, JSON] | None) -> _Beside:
    fingerprint = view.features.fingerprint
    error = view.pattern(Level.ERROR, one.template)
    before = decoded(failed.description)
    edit = made = None
    alike = likeness(before, after) if before is not None and after is not None else 0.0
    if before is not None and after is not None and alike >= _COMPARED:
        edit = difference(before, after)
        if edit is not None and error is not None:
            made = next((known for known in error.edits if same_edit(known, edit)), None)
    return _Beside(
        failed,
        error,
        alike >= ALIKE,
        edit,
        made,
        next((fix for fix in failed.fixes if fix.fingerprint == fingerprint), None),
        next((fix for fix in error.fixes if fix.fingerprint == fingerprint), None) if error is not None else None,
        before,
        after,
    )


def _sorts(view: View, beside: _Beside) -> Iterator[str]:
    """The sorts of corrections that would have proposed the call."""
    edit = beside.edit
    if beside.fix is not None:
        yield FIX
    elif edit is not None and edit.kind == SWAP and is_misspelling(edit.before.lower(), edit.after.lower()):
        if is_known(view, edit.after):
            yield NAME
    elif edit is not None and edit.kind == ADD:
        yield KEY
    if edit is not None and len(edit.after) >= 3 and edit.after in beside.failed.last_error:
        yield ANSWER
    if beside.sibling is not None:
        yield SIBLING if beside.alike else NEXT
    if beside.made is not None:
        yield EDIT


def _learn_failure(view: View, one: Pending, beside: _Beside) -> None:
    """Only what is known already can be known better: a failure is no correction."""
    if beside.fix is not None:
        learned(view, Level.CALL, one.fingerprint, "")
        beside.fix.failed += 1
    if beside.error is None or (beside.sibling is None and beside.made is None):
        return
    learned(view, Level.ERROR, one.template, "")
    for known in (beside.sibling, beside.made):
        if known is not None:
            known.failed += 1


def _learn_success(view: View, one: Pending, beside: _Beside, *, first: bool) -> None:
    """``first``: the call is the session's next after the failure."""
    # What looks like an answer ends the failure, whatever it does: only what mends is kept as a correction of the call.
    answers = beside.alike or beside.edit is not None
    if one.answered or not (answers or first):
        return
    now, session = view.now, view.session_key[:WIDTH]

    def fix() -> Fix:
        return Fix(view.call.tool, view.features.preview, view.features.fingerprint, 1, now, 0, session)

    if beside.is_mended():
        add_fix(learned(view, Level.CALL, one.fingerprint, ""), fix())
    if beside.error is not None:
        error = learned(view, Level.ERROR, one.template, "")
        add_fix(error, fix())
        if beside.edit is not None:
            add_edit(error, beside.edit, now, session)
    if answers and view.session is not None:
        answer(view.session, one)


def _count(view: View, sort: str, outcome: Outcome) -> None:
    for model in (view.own_model(), view.overall):
        record = model.corrections.get(sort)
        if record is None:
            record = model.corrections[sort] = Counted()
        record.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)

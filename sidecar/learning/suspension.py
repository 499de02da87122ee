"""A learned pattern whose preventions are wrong too often is set aside by itself, and says so.

It is set aside when the anytime-valid interval of its share of wrong preventions lies above what it may be wrong, see
``false_prevention.py``. It keeps learning but prevents nothing, until an administrator takes it back or the tool is
reset; then its record begins anew.
"""

from __future__ import annotations

from copy import copy

from ..model.pattern import UsagePattern, pattern_id, subject_key
from ..model.tool import Tool
from ..model.trial import Standing, Trial
from ..model.vocabulary import Level, State
from ..store.tables import PATTERNS
from ..store.transaction import WriteTransaction
from .describe import quoted
from .events import add_event
from .false_prevention import exceeds, note, wrong_share
from .sequential import state_of
from .view import View


def try_pattern(
    txn: WriteTransaction, key: bytes, pattern: UsagePattern, propensity: float, allowed: float, *, wrong: bool
) -> None:
    """Note what a prevention of this pattern came to; set it aside if that is one too many. The caller writes it."""
    note(pattern.trial, propensity, wrong=wrong)
    if pattern.suspended or not wrong or not exceeds(pattern.trial, allowed):
        return
    share, interval = wrong_share(pattern.trial)
    pattern.state, pattern.automatic = State.SUSPENDED, True
    pattern.suspended_reason = (
        f"set aside by itself: {100.0 * share:.0f} % of its preventions were wrong (95 % interval "
        f"{100.0 * interval.low:.0f} to {100.0 * interval.high:.0f} %), and it may be wrong in {100.0 * allowed:.0f} %"
    )
    what = quoted(pattern.description)
    add_event(txn, "pattern_suspended", f"{pattern.suspended_reason}: {what}", tool=pattern.tool, pattern_id=key)


def take_back(pattern: UsagePattern) -> None:
    """End a suspension; the record of its preventions begins anew. The caller writes the pattern."""
    pattern.state, pattern.suspended_reason = state_of(pattern.ratio, State.CANDIDATE), ""
    pattern.automatic, pattern.trial = False, Trial()


def start_anew(txn: WriteTransaction, tool: Tool) -> None:
    """After a reset of a tool: what was found of its preventions was of another tool. The caller writes ``tool``.

    Patterns of its calls and errors have other ids from now on; that of the tool itself stays, and is freed here.
    """
    tool.standing = Standing()
    key = pattern_id(subject_key(tool.descriptor.tool), Level.TOOL, b"")
    pattern = txn.get(PATTERNS, key)
    if pattern is None:
        return
    if pattern.suspended and pattern.automatic:
        take_back(pattern)
    pattern.trial = Trial()
    txn.put(PATTERNS, key, pattern)


def as_of_reset(view: View) -> None:
    """Let a call of a new version be judged as if its tool had been reset; only the view changes.

    The reset itself is made by the first record of that version: a question alone takes nothing from others.
    """
    view.epoch += 1
    pattern = view.tool_pattern
    if pattern is not None and pattern.suspended and pattern.automatic:
        view.tool_pattern = pattern = copy(pattern)
        take_back(pattern)

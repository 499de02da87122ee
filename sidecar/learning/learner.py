"""What a record changes: the seed's UsagePatternLearner.

Everything happens in one write transaction, from the records that it reads there: learn, then save. Running it again
on the same records gives the same result, which is what the writer asks of a job.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from ..model.call import Classification
from ..model.decision import RetryAdvice
from ..model.pattern import MAX_CALL_IDS, UsagePattern, covered_call
from ..model.vocabulary import Level, State
from ..native.lessons import changed, learned, learned_tool, save
from ..store.reader import Reader
from ..store.tables import PATTERNS
from ..store.transaction import WriteTransaction
from .budget import DEFAULT_BUDGET, NEAR, within
from .combiner import descend
from .corrections import learn_correction
from .foresight import Foresight, Judgement
from .last_words import last_words_of
from .pending import remember, settle
from .repeats import learn_repeat
from .sequential import OF_CALL, state_of, step
from .session import CAUSE_SHIFT, CHANGED, FAILED, SILENT, Session
from .steps import remember as remember_steps
from .tables import MODELS, OVERALL, RATES, SPREADS
from .view import Outcome, View
from .waiting import learn_wait

#: Seconds of event time until a pattern that prevents is first probed, by how its failures are; doubles in vain.
TRANSIENT_PROBE: Final = 5.0
LONGEST_PERMANENT: Final = 86_400.0
LONGEST_TRANSIENT: Final = 600.0
#: A call of the holdout stands for those that were prevented, but for no more than this many in a step of the weights.
HEAVIEST: Final = 4.0


class Change(msgspec.Struct, frozen=True):
    """A usage pattern whose state changed."""

    pattern_id: bytes
    before: State
    after: State


class Recorded(msgspec.Struct, frozen=True):
    """What a record came to."""

    call_id: str
    classification: Classification
    sequence: int
    duplicate: bool
    changes: tuple[Change, ...] = ()
    #: The ground and the decision of the probe that this record reported, and whether its call worked.
    probe: tuple[bytes, bytes, bool] | None = None
    #: Of a call that failed: whether to make it again.
    retry: RetryAdvice | None = None


class UsagePatternLearner:
    """Learns from one call at a time. ``probe_seconds`` is how long a permanent failure is believed before a probe.

    ``budget`` is the share of successes that may be prevented, see ``budget.py``.
    """

    def __init__(self, foresight: Foresight, probe_seconds: float, budget: float = DEFAULT_BUDGET) -> None:
        self._foresight = foresight
        self._lessons = tuple([detector.learn for detector in foresight.detectors])
        self._budget = budget
        self._probe_seconds = probe_seconds

    def learn(
        self,
        view: View,
        outcome: Outcome,
        *,
        probed: bool = False,
        would_prevent: bool | None = None,
        propensity: float = 1.0,
    ) -> tuple[Judgement, list[Change]]:
        """Take in a call that succeeded or failed. Changes the view's records; ``save`` writes them.

        ``would_prevent`` is what was decided about it, None where nobody asked, and ``propensity`` the probability with
        which it was let through.
        """
        judgement = self._foresight.judge(view)
        if not outcome.late:
            self.update_weights(view, judgement, outcome.failed, would_prevent, propensity)
        for learn in self._lessons:
            learn(view, outcome)
        if outcome.failed:
            self._remember_failure(view, outcome, probed=probed)
        learn_correction(view, outcome)
        learn_repeat(view, outcome)
        learn_wait(view, outcome)
        changes = self._settle(view, outcome)
        self._remember_in_session(view, outcome)
        return judgement, changes

    def update_weights(
        self,
        view: View,
        judgement: Judgement,
        failed: bool,
        would_prevent: bool | None = None,
        propensity: float = 1.0,
    ) -> None:
        """One step of the combiner, and the budget's books, for a call that was judged and then failed or not."""
        own = view.own_model()
        spread = view.learned_spread(self._foresight.together)
        weight = min(1.0 / propensity, HEAVIEST)
        if not descend(view.overall, own, judgement.x, judgement.p, failed, weight, spread):
            view.spread = None
        success = 0.0 if failed else 1.0
        score = judgement.score
        groundless = False
        if would_prevent is None:
            would_prevent = within(score, self._budget, view.overall.budget, own.budget)
        elif success and not would_prevent:
            groundless = within(score, self._budget, view.overall.budget, own.budget)
        near = judgement.p >= NEAR
        for budget in (view.overall.budget, own.budget):
            budget.spend(score, success, prevented=would_prevent, groundless=groundless)
            if would_prevent:
                budget.try_out(judgement.p, success)
            elif near:
                budget.approach(judgement.p, success)

    def save(self, txn: WriteTransaction, view: View) -> None:
        """Write what the view's call changed, except its session and its tool, which the recorder owns."""
        txn.put(MODELS, OVERALL, view.overall)
        if view.spread is not None:
            txn.put(SPREADS, OVERALL, view.spread)
        if view.model is not None:
            txn.put(MODELS, view.subject, view.model)
        save(view, txn, RATES, PATTERNS)

    def get_learned_patterns(self, reader: Reader, limit: int = 1000) -> Iterator[tuple[bytes, UsagePattern]]:
        """Patterns that the sequential test has confirmed, with their ids, by id; at most ``limit``."""
        confirmed = (row for row in reader.scan(PATTERNS) if row[1].state is State.CONFIRMED)
        return islice(confirmed, limit)

    def _remember_failure(self, view: View, outcome: Outcome, *, probed: bool) -> None:
        classification = outcome.classification
        view.own_model().count_failure(transient=outcome.transient)
        tool = learned_tool(view, Level.TOOL, "")
        patterns = [tool, learned(view, Level.CALL, _covered(view), view.features.preview)]
        if classification.template_id:
            error = learned(view, Level.ERROR, classification.template_id, classification.template)
            patterns.append(error)
        if view.server:
            patterns.append(learned(view, Level.SERVER, b"", ""))
        transient, last_error = classification.transient, outcome.error[:500]
        first = TRANSIENT_PROBE if transient else self._probe_seconds
        longest = max(LONGEST_TRANSIENT if transient else max(LONGEST_PERMANENT, first), outcome.retry_after)
        if transient and outcome.retry_after > 0.0:
            first = outcome.retry_after  # the tool knows best when it will be back
        for pattern in patterns:
            if outcome.late and pattern.last_time:
                pattern.call_ids = [*pattern.call_ids, outcome.call_id][:MAX_CALL_IDS]
                continue
            pattern.cause = classification.cause
            pattern.transient = transient
            pattern.template = classification.template
            pattern.last_error = last_error
            pattern.call_ids = [outcome.call_id, *pattern.call_ids][:MAX_CALL_IDS]
            if probed:
                pattern.backoff = min(pattern.backoff + 1, 16)
            pattern.probe_due = outcome.now + min(first * 2.0**pattern.backoff, longest)

    def _settle(self, view: View, outcome: Outcome) -> list[Change]:
        """Plain counts, sequential tests and states of the patterns that cover this call."""
        changes: list[Change] = []
        failed, late, now = outcome.failed, outcome.late, outcome.now
        for key, pattern in changed(view):
            level = pattern.level
            if not _covers(view, pattern, level, outcome):
                continue
            if failed:
                pattern.failures += 1
            else:
                pattern.successes += 1
            if late:
                pattern.last_time = max(pattern.last_time, now) if failed else pattern.last_time
                continue
            pattern.last_failed = failed
            if failed:
                pattern.last_time = max(pattern.last_time, now)
            else:
                pattern.backoff = 0
            if level is Level.CALL and not (failed and outcome.transient):
                pattern.ratio = step(OF_CALL, pattern.ratio, failed=failed)
            before = pattern.state
            if before is State.SUSPENDED or level is Level.ERROR:
                continue
            after = state_of(pattern.ratio, before)
            if after is not before:
                pattern.state = after
                changes.append(Change(key, before, after))
        return changes

    def _remember_in_session(self, view: View, outcome: Outcome) -> None:
        if not view.session_key:
            return
        session = view.session
        if session is None:
            session = view.session = Session()
        features, subject, tool = view.features, view.subject, view.call.tool
        failed, now, template = outcome.failed, outcome.now, outcome.classification.template_id
        mark = 0
        if failed:
            remember(session, subject, _covered(view), template, now)
            mark = FAILED | int(outcome.cause) << CAUSE_SHIFT
            session.failed_tool = tool
            session.failed_fingerprint = _covered(view)
            session.failed_template = template
        else:
            if session.unmended:
                settle(session, subject, _covered(view))
            if view.tool is None or not view.tool.descriptor.read_only:
                mark = CHANGED | (SILENT if outcome.silent else 0)
        session.add(features.fingerprint, features.kind, template, mark, now)
        session.remember_tool(tool, failed=failed)
        session.remember_ending(view.wording.ending)
        remember_steps(session, subject, view.what_it_does(), failed=failed)
        session.last_words = b"" if failed else last_words_of(view)
        session.remember_moment(tool, subject, now, outcome.cost, failed=failed)


def longest_pause(pattern: UsagePattern, probe_seconds: float) -> float:
    """Seconds from a failure to the next probe, at most: a ``probe_due`` further off is that of a wrong clock."""
    if pattern.transient:
        most = min(TRANSIENT_PROBE * 2.0**pattern.backoff, LONGEST_TRANSIENT)
    else:
        most = min(probe_seconds * 2.0**pattern.backoff, max(LONGEST_PERMANENT, probe_seconds))
    return max(most, pattern.probe_due - pattern.last_time)  # longer where the tool asked for it


def _covered(view: View) -> bytes:
    return covered_call(view.features.fingerprint)


def _covers(view: View, pattern: UsagePattern, level: Level, outcome: Outcome) -> bool:
    """Whether this very call is one of the calls that the pattern speaks of."""
    if level is Level.CALL:
        return pattern.covers == _covered(view)
    if level is Level.ERROR:
        return outcome.failed and pattern.covers == outcome.classification.template_id
    return True

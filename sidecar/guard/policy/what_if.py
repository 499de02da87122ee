"""What policies would have said of recorded calls, and what became of those calls.

The newest calls of the journal are gone through in the order in which they were recorded, so that what a session had
done by then is what it is now asked about. What is kept of a call is redacted: a condition on a secret sees its mask.
Of the tool it is known what is known today; what was learned is what the decision before the call said.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from ...learning.session import CAUSE_SHIFT, FAILED, Session
from ...model.call import JSON, Call, Observation
from ...model.decision import DecisionRecord
from ...model.pattern import subject_key
from ...model.vocabulary import FAILED as FAILURES
from ...model.vocabulary import WORKED, Outcome, Verdict
from ...policies.evaluator import Engine
from ...policies.facts import CallerFacts, Facts, PatternFacts
from ...policies.verdict import PolicyDecision, PolicyVerdict
from ...store.reader import Reader
from ...store.store import Store
from ...store.tables import CALLS, DECISION_CALLS, DECISIONS, TOOLS, hash16, tool_key
from .facts import NO_PATTERN, call_facts, session_facts, tool_facts

#: Rows read at a time: little work, in which nobody else has the interpreter.
CHUNK: Final = 32
DEFAULT_CALLS: Final = 10_000
_SESSIONS: Final = 10_000
#: Verdicts with which a call is not made as it is.
STOPPING: Final = frozenset({PolicyVerdict.PREVENT, PolicyVerdict.REQUIRE_APPROVAL, PolicyVerdict.REWRITE_ARGUMENT})

#: Called between pieces: pauses, or raises to end the work.
Between = Callable[[], None]


class Tally(msgspec.Struct):
    """Calls, and how many of them failed and worked."""

    calls: int = 0
    failed: int = 0
    worked: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.calls += 1
        self.failed += outcome in FAILURES
        self.worked += outcome in WORKED


class Example(msgspec.Struct, frozen=True):
    """One call, and what both sets of policies say of it."""

    call: Observation
    draft: PolicyDecision
    current: PolicyDecision | None


class WhatIf(msgspec.Struct):
    """What was found. Examples are newest first."""

    calls: int = 0
    incomplete: int = 0
    different: int = 0
    draft: dict[PolicyVerdict, Tally] = msgspec.field(default_factory=dict)
    current: dict[PolicyVerdict, Tally] = msgspec.field(default_factory=dict)
    rules: dict[str, tuple[PolicyVerdict, Tally]] = msgspec.field(default_factory=dict)
    examples: list[Example] = []


class Question(msgspec.Struct, frozen=True):
    """Which calls: of one tool and session (empty: all), among the newest ``limit``; how many to show."""

    tool: str = ""
    session: str = ""
    limit: int = DEFAULT_CALLS
    examples: int = 20


def what_if(store: Store, question: Question, draft: Engine, current: Engine | None, between: Between) -> WhatIf:
    """Ask both engines about recorded calls; ``would_be`` counts, as if all policies were enforced."""
    found = WhatIf()
    sessions: OrderedDict[str, Session] = OrderedDict()
    differing: list[Example] = []
    stopped: list[Example] = []
    start = _oldest_of(store, question.limit, between)
    if start is None:
        return found
    while True:
        with store.read() as reader:
            rows = list(reader.scan(CALLS, start, limit=CHUNK))
            for _, call in rows:
                session = _session_of(sessions, call)
                wanted = question.tool in ("", call.tool) and question.session in ("", call.session_id)
                if wanted:
                    example = _asked(reader, found, call, session, draft, current)
                    if example is not None:
                        _keep(found, example, differing, stopped, question.examples)
                _remember(session, call)
        if len(rows) < CHUNK:
            break
        start = rows[-1][0] + b"\0"
        between()
    found.examples = list(reversed(differing or stopped))
    return found


def _oldest_of(store: Store, limit: int, between: Between) -> bytes | None:
    """The key of the oldest of the newest ``limit`` calls; None where there is none.

    Counted, not computed: others take numbers of the same sequence.
    """
    oldest: bytes | None = None
    while limit > 0:
        with store.read() as reader:
            keys = [key for key, _ in reader.scan(CALLS, b"", oldest, reverse=True, limit=min(CHUNK, limit))]
        if not keys:
            break
        oldest, limit = keys[-1], limit - len(keys)
        between()
    return oldest


def _asked(
    reader: Reader, found: WhatIf, call: Observation, session: Session | None, draft: Engine, current: Engine | None
) -> Example | None:
    found.calls += 1
    arguments = whole_arguments(call.preview)
    if arguments is None:
        found.incomplete += 1
        return None
    facts = _facts(reader, call, arguments, session)
    said = draft.decide(facts, call.time) if draft.wants(call.tool) else None
    today = current.decide(facts, call.time) if current is not None and current.wants(call.tool) else None
    outcome = call.classification.category
    verdict = said.would_be if said is not None else PolicyVerdict.NONE
    found.draft.setdefault(verdict, Tally()).add(outcome)
    found.current.setdefault(today.would_be if today is not None else PolicyVerdict.NONE, Tally()).add(outcome)
    if said is None:
        said = PolicyDecision(PolicyVerdict.NONE, PolicyVerdict.NONE, draft.revision)
    if said.would_be_rule is not None:
        found.rules.setdefault(str(said.would_be_rule), (verdict, Tally()))[1].add(outcome)
    return Example(call, said, today)


def _keep(found: WhatIf, example: Example, differing: list[Example], stopped: list[Example], limit: int) -> None:
    today = example.current.would_be if example.current is not None else PolicyVerdict.NONE
    if example.draft.would_be is not today:
        found.different += 1
        differing.append(example)
    elif example.draft.would_be in STOPPING:
        stopped.append(example)
    for kept in (differing, stopped):
        if len(kept) > limit:
            del kept[0]


def whole_arguments(preview: str) -> dict[str, JSON] | None:
    """The arguments that are kept of a call; None where they were cut."""
    try:
        value: JSON = msgspec.json.decode(preview or "{}")
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, dict) else None


def _facts(reader: Reader, call: Observation, arguments: dict[str, JSON], session: Session | None) -> Facts:
    tool = reader.get(TOOLS, tool_key(call.tool))
    asked = Call(
        call.tool, arguments, call.preview, call.context, call.session_id, call.caller, call.call_id, call.server,
        call.tool_version, call.time, call.attempt, call.caller_roles,
    )  # fmt: skip
    return Facts(
        call_facts(asked, call.server),
        tool_facts(tool, call.tool_version, call.time),
        _pattern(_decision(reader, call)),
        session_facts(session, call.tool, subject_key(call.tool), call.fingerprint, call.time),
        CallerFacts(call.caller, call.caller_roles),
    )


def _decision(reader: Reader, call: Observation) -> DecisionRecord | None:
    try:
        key: bytes | None = bytes.fromhex(call.decision_id)
    except ValueError:
        key = None
    key = key or reader.get(DECISION_CALLS, hash16(call.call_id))
    return reader.get(DECISIONS, key) if key else None


def _pattern(record: DecisionRecord | None) -> PatternFacts:
    if record is None:
        return NO_PATTERN
    decision = record.decision
    return PatternFacts(
        known=decision.known,
        failure_probability=decision.p_fail,
        would_prevent=decision.learned_would_be is Verdict.PREVENT,
        codes=tuple(reason.code for reason in decision.learned_reasons if reason.contribution > 0.0),
    )


def _session_of(sessions: OrderedDict[str, Session], call: Observation) -> Session | None:
    if not call.session_id:
        return None
    session = sessions.get(call.session_id)
    if session is None:
        session = sessions[call.session_id] = Session()
        if len(sessions) > _SESSIONS:
            sessions.popitem(last=False)
    sessions.move_to_end(call.session_id)
    return session


def _remember(session: Session | None, call: Observation) -> None:
    """Take in a call as learning does: only what worked or failed."""
    found = call.classification
    failed = found.category in FAILURES
    if session is None or not (failed or found.category in WORKED):
        return
    mark = FAILED | int(found.cause) << CAUSE_SHIFT if failed else 0
    session.add(call.fingerprint, call.kind, found.template_id, mark, call.time)
    session.remember_moment(call.tool, subject_key(call.tool), call.time, call.cost, failed=failed)


def most_often(found: WhatIf, limit: int) -> list[tuple[str, PolicyVerdict, Tally]]:
    """The rules that decide, those of most calls first."""
    order = Counter({rule: tally.calls for rule, (_, tally) in found.rules.items()}).most_common(limit)
    return [(rule, *found.rules[rule]) for rule, _ in order]

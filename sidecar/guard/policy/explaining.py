"""What policies say of a call, rule by rule. Nothing is logged, no approval is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import msgspec

from ...capture.extractor import Extractor
from ...learning.foresight import Foresight, Judgement, volatile_of
from ...learning.view import View
from ...model.call import Call
from ...model.decision import DecisionRecord, PolicySaid
from ...model.errors import PreconditionError
from ...policies.applying import is_about_tool
from ...policies.evaluator import Engine
from ...policies.usage import ALL_GROUPS
from ...store.store import Store
from ...store.tables import TOOLS, tool_key
from .desk import PolicyDesk
from .what_if import whole_arguments

#: Rules that an explanation tells of, and bytes of facts.
MAX_RULES: Final = 1_000
MAX_FACTS: Final = 65_536


class Explained(msgspec.Struct, frozen=True):
    """The trace, how many rules are of policies that are not about the tool, and the facts as JSON, redacted."""

    said: PolicySaid
    skipped: int
    facts_json: str


class Explainer:
    """Thread-safe."""

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        foresight: Foresight,
        desk: PolicyDesk,
        foresee: Callable[[View], tuple[Judgement, bool]],
    ) -> None:
        """``foresee`` judges a call, and says whether what was learned would prevent it."""
        self._foresee = foresee
        self._store = store
        self._extractor = extractor
        self._foresight = foresight
        self._desk = desk

    def explain(self, call: Call, engine: Engine) -> Explained:
        """What the engine's policies say of a call, with everything that is known of it now."""
        with self._store.read() as reader:
            tool = reader.get(TOOLS, tool_key(call.tool))
            features = self._extractor.features_of(call.tool, call.arguments, call.context, volatile_of(tool))
            view = self._foresight.view(reader, call, features, tool)
            judgement, would_prevent = self._foresee(view)
            facts = self._desk.facts(ALL_GROUPS, view, judgement, would_prevent=would_prevent)
        said = engine.explain(facts, call.time)
        about = {policy.name for policy in engine.policies if is_about_tool(policy, call.tool)}
        told = tuple(trace for trace in said.traces if trace.rule.policy in about)
        skipped = len(said.traces) - len(told)
        shown = self._desk.told_all(msgspec.structs.replace(said, traces=told), call, MAX_RULES)
        told_facts = msgspec.to_builtins(facts)
        if not facts.unknown:
            del told_facts["unknown"]
        text = json.dumps(told_facts, ensure_ascii=False)
        for raw, mask in self._extractor.hidden_in(call.arguments).items():
            text = text.replace(json.dumps(raw, ensure_ascii=False)[1:-1], mask)
        return Explained(shown, skipped, self._extractor.whole_text(text[:MAX_FACTS]))


def call_of_decision(record: DecisionRecord) -> Call:
    """The call of a logged decision, as it was kept. Raises PreconditionError where its arguments were cut."""
    arguments = whole_arguments(record.preview)
    if arguments is None:
        raise PreconditionError("what is kept of the call's arguments is not whole; give the call itself")
    return Call(
        record.tool, arguments, record.preview, record.context, record.session_id, record.caller, record.call_id,
        record.server, "", record.decision.time, 0, record.caller_roles,
    )  # fmt: skip

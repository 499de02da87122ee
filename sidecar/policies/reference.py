"""The naive evaluator: a loop over rules until nothing new is derived. It is the engine's test oracle (Cedar's way).

It shares as little as possible with the engine: no index, no compiled form, no laziness.

Truth has three values: a condition holds, does not hold, or fails (a text compared with a number, CEL that stumbles, a
derived fact whose rule failed). ``all`` fails where no part is false and one fails, ``any`` where no part is true and
one fails (Kleene's strong logic), so the order of conditions never matters.
"""

from __future__ import annotations

from collections.abc import Sequence

import re2
from msgspec import UNSET, structs

from .applying import is_about, is_about_tool, reach_of
from .chaining import MAX_VALUES, derivations, paths_of, rule_levels
from .document import OPERATORS, Condition, FromField, Policy, Rule, Window, described, operator_of
from .expressions import Given, expression
from .facts import ANYWHERE, Facts, FieldReader, Scalar, Values
from .faults import EvaluationError
from .fields import derived_name
from .globs import matches
from .loading import check
from .resolving import Firing, given, keyed, normal, order_of, refuse_unknown, resolve
from .usage import groups_of
from .verdict import Derived, Missed, Outcome, PolicyDecision, PolicyVerdict, RuleRef, RuleTrace
from .windows import number_range, time_window


class ReferenceEvaluator:
    """Makes reference engines."""

    def compile(self, policies: Sequence[Policy], revision: str) -> ReferenceEngine:
        """See ``Evaluator``."""
        check(policies)
        return ReferenceEngine(policies, revision)

    def prepare(self, sets: Sequence[Sequence[Policy]]) -> None:
        """See ``Evaluator``. It compiles at once."""


class ReferenceEngine:
    """See ``Engine``."""

    def __init__(self, policies: Sequence[Policy], revision: str) -> None:
        self.revision = revision
        self.policies = tuple(sorted(policies, key=lambda policy: policy.name))
        self._levels = {policy.name: rule_levels(policy) for policy in self.policies}

    def wants(self, tool: str) -> frozenset[str]:
        """See ``Engine``."""
        about = [policy for policy in self.policies if policy.mode != "off" and is_about_tool(policy, tool)]
        return frozenset().union(*(groups_of(policy) for policy in about))

    def decide(self, facts: Facts, now: float) -> PolicyDecision:
        """See ``Engine``."""
        runs = [
            Run(policy, self._levels[policy.name], facts, now)
            for policy in self.policies
            if is_about(policy, facts, now)
        ]
        firings = [firing for run in runs for firing in run.firings]
        derived = sorted((one for run in runs for one in run.derived), key=order_of)
        return resolve(self.revision, facts.call.tool, firings, tuple(derived))

    def explain(self, facts: Facts, now: float) -> PolicyDecision:
        """See ``Engine``."""
        decision = self.decide(facts, now)
        return structs.replace(decision, traces=all_traces(self.policies, decision, facts, now))

    def close(self) -> None:
        """See ``Engine``."""


class Run:
    """One policy, asked about one call."""

    def __init__(self, policy: Policy, levels: Sequence[int], facts: Facts, now: float) -> None:
        self.firings: list[Firing] = []
        self.derived: list[Derived] = []
        self.missed: dict[str, Missed] = {}
        self._reader, self._given = FieldReader(facts, now), Given(facts, now)
        self._values: dict[str, list[Scalar]] = {}
        self._uncertain: set[str] = set()
        reach = reach_of(policy, facts)
        for level in sorted(set(levels)):
            for index, rule in enumerate(policy.rules):
                if levels[index] != level:
                    continue
                error = ""
                try:
                    if rule.when is not UNSET and not self.holds(rule.when):
                        self.missed[rule.name] = self._first_missed(rule.when)
                        continue
                    refuse_unknown(rule, facts)
                    self._derive(policy, rule, level)
                except EvaluationError as failure:
                    error = str(failure)
                    if policy.failure_mode == "closed":
                        self._uncertain.update(derivations(rule))
                self.firings.append(Firing(policy, rule, reach, self.values, error))

    def values(self, path: str) -> Values:
        """The values of a field, derived ones too."""
        name = derived_name(path)
        return self._reader.values(path) if name is None else tuple(self._values.get(name, ()))

    def holds(self, condition: Condition) -> bool:
        """Whether it holds. Raises EvaluationError."""
        if condition.all is not UNSET:
            return not self._any(condition.all, wanted=False)
        if condition.any is not UNSET:
            return self._any(condition.any, wanted=True)
        if condition.not_ is not UNSET:
            return not self.holds(condition.not_)
        if condition.cel is not UNSET:
            return expression(condition.cel).holds(self._given)
        found = self._test(condition)
        if condition.equal_field is not UNSET:
            sides = (condition.field, condition.equal_field)
            if any(not self.values(str(one)) and not self._doubted(str(one)) for one in sides):
                return False  # one side is empty, whatever the other may be
        for path in paths_of(condition):
            if not found and path in self._reader.cut:
                raise EvaluationError(self._reader.cut[path])
        unsure = [path for path in paths_of(condition) if derived_name(path) in self._uncertain]
        if not found and unsure:
            raise EvaluationError(f"a rule that derives {unsure[0]} failed")
        return found is not (condition.exists is False)

    def _doubted(self, path: str) -> bool:
        """Whether the field may have more values than are known."""
        return path in self._reader.cut or derived_name(path) in self._uncertain

    def _any(self, conditions: Sequence[Condition], *, wanted: bool) -> bool:
        """Whether any condition is as wanted."""
        errors = []
        for one in conditions:
            try:
                if self.holds(one) is wanted:
                    return True
            except EvaluationError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return False

    def _test(self, condition: Condition) -> bool:
        path, operator = str(condition.field), operator_of(condition)
        operand = getattr(condition, OPERATORS[operator])
        if operator == "exists":
            return bool(self.values(path)) if derived_name(path) else self._reader.exists(path)
        if operator == "equal_field":
            others = self.values(operand)
            return any(_same(value, other) for value in self.values(path) for other in others)
        verdicts = [_compare(value, operator, operand, path) for value in self.values(path)]
        if None in verdicts and True not in verdicts and path.rpartition(".")[2] != ANYWHERE:
            kinds = "number" if isinstance(operand, int | float) or operator == "within" else "text"
            raise EvaluationError(f"{path} is no {kinds}")
        return True in verdicts

    def _derive(self, policy: Policy, rule: Rule, level: int) -> None:
        for name, value in derivations(rule).items():
            if isinstance(value, FromField) and derived_name(value.from_) in self._uncertain:
                raise EvaluationError(f"a rule that derives {value.from_} failed")
            values = given(value, self.values)
            if isinstance(value, FromField) and value.from_ in self._reader.cut:
                raise EvaluationError(self._reader.cut[value.from_])
            if len({keyed(one) for one in values}) > MAX_VALUES:
                raise EvaluationError(f"more than {MAX_VALUES} values for derived.{name}")
        for name, value in derivations(rule).items():
            for one in given(value, self.values):
                known = self._values.setdefault(name, [])
                if not any(_same(one, other) for other in known):
                    known.append(normal(one))
                made = Derived(RuleRef(policy.name, rule.name), name, normal(one), level)
                if not any(
                    _same(made.value, other.value)
                    for other in self.derived
                    if other.rule == made.rule and other.name == name
                ):
                    self.derived.append(made)

    def _first_missed(self, condition: Condition) -> Missed:
        """The first condition that is the reason why the whole does not hold."""
        if condition.all is not UNSET:
            for one in condition.all:
                try:
                    if not self.holds(one):
                        return self._first_missed(one)
                except EvaluationError:
                    continue
        path = condition.field
        return Missed(described(condition), () if path is UNSET else self.values(path)[:3])


def all_traces(policies: Sequence[Policy], decision: PolicyDecision, facts: Facts, now: float) -> tuple[RuleTrace, ...]:
    """What became of every rule, given those that fired and failed."""
    known = {trace.rule: trace for trace in decision.traces}
    traces = []
    for policy in policies:
        about = is_about(policy, facts, now)
        missed = Run(policy, rule_levels(policy), facts, now).missed if about else {}
        for rule in policy.rules:
            ref = RuleRef(policy.name, rule.name)
            outcome = Outcome.MISSED if about else Outcome.SKIPPED
            priority = policy.priority if rule.priority is UNSET else rule.priority
            trace = RuleTrace(ref, outcome, PolicyVerdict.NONE, reach_of(policy, facts) if about else None, priority)
            traces.append(known.get(ref) or structs.replace(trace, missed=missed.get(rule.name)))
    return tuple(traces)


def _compare(value: Scalar, operator: str, operand: object, path: str) -> bool | None:
    """Whether one value is as the operator says; None where it cannot be compared."""
    if operator == "equal":
        return _same(value, operand)
    if operator == "in":
        return any(_same(value, one) for one in operand)  # type: ignore[attr-defined]
    if operator == "glob":
        return isinstance(value, str) and matches(str(operand), value)
    if operator == "matches":
        return isinstance(value, str) and re2.search(str(operand), value) is not None
    if isinstance(operand, Window) and path == "time":
        return time_window(operand).holds(float(value))
    if isinstance(operand, Window):
        low, high = number_range(operand)
        return low <= value <= high if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(value, str) and isinstance(operand, str):
        return _ordered(operator, value < operand, value == operand)
    if isinstance(value, int | float) and isinstance(operand, int | float) and not isinstance(value, bool):
        return _ordered(operator, value < operand, value == operand)
    return None


def _ordered(operator: str, less: bool, equal: bool) -> bool:
    return {"less": less, "at_most": less or equal, "more": not (less or equal), "at_least": not less}[operator]


def _same(value: object, other: object) -> bool:
    """Whether two values are equal and of one type; whole and broken numbers are one type."""
    return (
        isinstance(value, bool) is isinstance(other, bool)
        and isinstance(value, str) is isinstance(other, str)
        and value == other
    )

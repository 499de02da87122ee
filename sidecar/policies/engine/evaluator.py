"""Makes engines of policies, and decides with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from msgspec import structs

from ..applying import everywhere, in_period, in_scope, reach_of
from ..chaining import MAX_VALUES
from ..document import FromField, Policy
from ..facts import Facts, Scalar
from ..faults import EvaluationError, Fault, PolicyError
from ..fields import derived_name
from ..globs import as_re2
from ..loading import check
from ..reference import all_traces
from ..resolving import Firing, given, keyed, normal, order_of, refuse_unknown, resolve
from ..usage import groups_of
from ..verdict import Derived, PolicyDecision, PolicyVerdict, Reach
from . import rete
from .conditions import Question, Truth, why
from .keys import Index
from .pattern_set import PatternSet
from .probe import probe
from .program import CompiledRule, Program, Shard, derived_fact, policy_property, program

_log: Final = structlog.get_logger()
#: Tools whose policies are remembered; when there are more they are looked up anew.
_TOOLS: Final = 8_192
#: Indexes over sets of policies that are kept.
_ROUTES: Final = 1_024


class ClosedEngineError(Exception):
    """The engine was closed; whoever swapped it has a newer one."""


class DurableEvaluator:
    """Makes engines. ``probing`` tries new rules in a child process first, ``None`` does not (tests only)."""

    def __init__(self, probing: Callable[[Iterable[tuple[str, list[str]]]], None] | None = probe) -> None:
        self._probing = probing

    def compile(self, policies: Sequence[Policy], revision: str) -> DurableEngine:
        """See ``Evaluator``."""
        check(policies)
        made = program([policy for policy in policies if policy.mode != "off"])
        if self._probing is not None:
            try:
                self._probing((shard.definition, sorted(shard.properties)) for shard in made.shards)
            except EvaluationError as error:
                raise PolicyError([Fault(str(error), "split policies, or report these as a fault")]) from error
        return DurableEngine(tuple(sorted(policies, key=lambda policy: policy.name)), made, revision)

    def prepare(self, sets: Sequence[Sequence[Policy]]) -> None:
        """See ``Evaluator``: one child process for all, of use where what it tried is remembered (``Trials``)."""
        if self._probing is None:
            return
        rulesets: list[tuple[str, list[str]]] = []
        for policies in sets:
            try:
                check(policies)
                made = program([policy for policy in policies if policy.mode != "off"])
            except PolicyError:
                continue  # compiling says it
            rulesets += [(shard.definition, sorted(shard.properties)) for shard in made.shards]
        try:
            self._probing(rulesets)
        except EvaluationError as error:
            _log.info("policies_not_prepared", why=str(error))  # whose rules they are, compiling each says


class _Route:
    """The rules that are about a tool."""

    __slots__ = ("groups", "index", "rules")

    def __init__(self, rules: Sequence[CompiledRule], policies: Iterable[Policy]) -> None:
        self.rules = {rule.number: rule for rule in rules}
        self.index = Index({rule.number: rule.keys for rule in rules})
        self.groups = frozenset[str]().union(*(groups_of(policy) for policy in policies))


class _Doubt(Exception):  # noqa: N818  # it is no error but a way out
    """Something failed: the question has to be answered with care."""


class DurableEngine:
    """See ``Engine``."""

    def __init__(self, policies: tuple[Policy, ...], made: Program, revision: str) -> None:
        self.revision = revision
        self.policies = policies
        self._program = made
        self._closed = False
        self._about = _by_glob((at, policy.tools) for at, policy in enumerate(made.policies))
        self._except = _by_glob((at, policy.except_tools) for at, policy in enumerate(made.policies))
        self._by_tool: dict[str, _Route | None] = {}
        self._routes: dict[tuple[int, ...], _Route] = {}
        #: How far policies reach that are about every call of their tools; None where that has to be asked.
        self._everywhere = [everywhere(policy) for policy in made.policies]
        self._nothing = PolicyDecision(PolicyVerdict.NONE, PolicyVerdict.NONE, revision)

    def wants(self, tool: str) -> frozenset[str]:
        """See ``Engine``."""
        route = self._route(tool)
        return frozenset() if route is None else route.groups

    def decide(self, facts: Facts, now: float) -> PolicyDecision:
        """See ``Engine``."""
        route = self._route(facts.call.tool)
        if route is None:
            return self._nothing
        question = Question(facts, now)
        numbers = route.index.rules(question)
        if not numbers:
            return self._nothing
        run = _Run(self, self._program.policies, self._everywhere, question)
        found = run.run([route.rules[number] for number in numbers])
        if not found:
            return self._nothing
        derived = tuple(sorted(run.derived, key=order_of)) if run.derived else ()
        return resolve(self.revision, facts.call.tool, found, derived)

    def explain(self, facts: Facts, now: float) -> PolicyDecision:
        """See ``Engine``."""
        decision = self.decide(facts, now)
        return structs.replace(decision, traces=all_traces(self.policies, decision, facts, now))

    def close(self) -> None:
        """See ``Engine``."""
        with rete.LOCK:
            self._closed = True
            for shard in self._program.shards:
                shard.close()

    def match(self, shown: dict[Shard, list[str]]) -> set[str]:
        """The names of the rules that match facts in their rulesets; nothing of the facts stays.

        Raises ClosedEngineError, and EvaluationError where durable-rules fails.
        """
        fired: set[str] = set()
        with rete.LOCK:
            if self._closed:
                raise ClosedEngineError
            for shard, facts in shown.items():
                ruleset = shard.opened()
                try:
                    for fact in facts:
                        fired.update(ruleset.show(fact))
                    ruleset.forget()
                except BaseException as error:
                    shard.ruleset = None  # what state it is in nobody knows: leave it, and make a new one
                    if not isinstance(error, Exception):
                        raise
                    _log.exception("policy_ruleset_failed", shard=shard.number)
                    raise EvaluationError(f"the rule engine failed: {error}") from error
        return fired

    def _route(self, tool: str) -> _Route | None:
        try:
            return self._by_tool[tool]
        except KeyError:
            pass
        about = tuple(sorted(_policies_of(self._about, tool) - _policies_of(self._except, tool)))
        route = self._routes.get(about) if about else None
        if about and route is None:
            rules = [rule for at in about for rule in self._program.rules[at]]
            route = _Route(rules, (self._program.policies[at] for at in about))
            if len(self._routes) >= _ROUTES:
                self._routes.clear()
            self._routes[about] = route
        if len(self._by_tool) >= _TOOLS:
            self._by_tool.clear()
        self._by_tool[tool] = route
        return route


def _by_glob(listed: Iterable[tuple[int, Iterable[str]]]) -> tuple[PatternSet, list[list[int]]]:
    """Patterns of tools, with the policies of each."""
    gathered: dict[str, list[int]] = {}
    for policy, globs in listed:
        for glob in globs:
            gathered.setdefault(glob, []).append(policy)
    return PatternSet([as_re2(glob) for glob in gathered]), list(gathered.values())


def _policies_of(by_glob: tuple[PatternSet, list[list[int]]], tool: str) -> set[int]:
    patterns, policies = by_glob
    return {policy for number in patterns.found(tool) for policy in policies[number]}


class _Run:
    """One question put to the rules that may fire."""

    __slots__ = (
        "_careful",
        "_engine",
        "_everywhere",
        "_firings",
        "_live",
        "_policies",
        "_question",
        "_reaches",
        "_truths",
        "derived",
    )

    def __init__(
        self,
        engine: DurableEngine,
        policies: Sequence[Policy],
        everywhere: Sequence[Reach | None],
        question: Question,
    ) -> None:
        self._engine = engine
        self._policies = policies
        self._everywhere = everywhere
        self._question = question
        self._reaches: dict[int, Reach | None] = {}
        self._careful = False
        self._truths: dict[int, Truth] = {}
        self._live: list[CompiledRule] = []
        self._firings: dict[int, Firing] = {}
        self.derived: list[Derived] = []

    def run(self, rules: Sequence[CompiledRule]) -> list[Firing]:
        """The rules that fire and fail."""
        everywhere, may_fire = self._everywhere, self._may_fire
        self._live = [
            rule
            for rule in rules
            if (everywhere[rule.policy] is not None or self._reach(rule.policy) is not None) and may_fire(rule)
        ]
        if not self._live:
            return []
        try:
            try:
                self._plainly()
            except _Doubt:
                self._carefully()
        except EvaluationError as error:
            self._give_up(str(error))
        return list(self._firings.values())

    def _plainly(self) -> None:
        """Nothing fails: what is derived on one level is shown on the next."""
        if None in self._truths.values():
            raise _Doubt
        levels = max([rule.level for rule in self._live])
        for level in range(1, levels + 1):
            asked = self._of_level(level)
            fired = self._matching(asked, upper=False) if asked else ()
            for rule in asked:
                if rule.name in fired:
                    try:
                        self._fire(rule)
                    except EvaluationError:
                        raise _Doubt from None
                elif not rule.waiting:
                    raise EvaluationError("the rule engine lost a match")

    def _carefully(self) -> None:
        """Something fails: a rule fails that would fire if all that fails held, and does not fire as it is."""
        self._careful = True
        self._firings.clear()
        self.derived.clear()
        self._question.derived.clear()
        self._question.uncertain.clear()
        for level in range(1, max(rule.level for rule in self._live) + 1):
            asked = self._of_level(level)
            sure, possible = self._matching(asked, upper=False), self._matching(asked, upper=True)
            for rule in asked:
                error = ""
                if rule.name in sure:
                    try:
                        self._fire(rule)
                        continue
                    except EvaluationError as failure:
                        error = str(failure)
                elif rule.name in possible and rule.rule.when:
                    error = why(self._question, rule.rule.when, rule.policy)
                if error:
                    self._fail(rule, error)

    def _give_up(self, error: str) -> None:
        """The rule engine itself failed: so did every rule that was to be asked of it."""
        for rule in self._live:
            if rule.number not in self._firings:
                self._fail(rule, error)

    def _reach(self, policy: int) -> Reach | None:
        """How far the policy reaches for this call; None where it is not asked."""
        always = self._everywhere[policy]
        if always is not None:
            return always
        try:
            return self._reaches[policy]
        except KeyError:
            one, facts = self._policies[policy], self._question.facts
            asked = in_period(one, self._question.reader.now) and in_scope(one, facts)
            self._reaches[policy] = reach_of(one, facts) if asked else None
            return self._reaches[policy]

    def _may_fire(self, rule: CompiledRule) -> bool:
        """Whether no unit of the call is false."""
        truths = self._truths
        for unit in rule.units:
            number = unit.number
            truth = truths[number] if number in truths else truths.setdefault(number, unit.test(self._question))
            if truth is False:
                return False
        return True

    def _of_level(self, level: int) -> list[CompiledRule]:
        if len(self._live) == 1 and self._live[0].level == level:
            return self._live
        return [rule for rule in self._live if rule.level == level]

    def _matching(self, asked: Sequence[CompiledRule], *, upper: bool) -> set[str]:
        """Those of the rules that match what is known; with ``upper``, if all that fails held."""
        if len(asked) == 1 and not asked[0].waiting and not self._careful:  # the usual case: one rule, and all holds
            return self._engine.match({asked[0].shard: [asked[0].whole]})
        shown: dict[Shard, dict[str, dict[str, None]]] = {}
        for rule in asked:
            kinds = shown.setdefault(rule.shard, {"c": {}})
            call = kinds["c"]
            call[policy_property(rule.policy)] = None
            for unit in rule.units:
                if upper or self._truths[unit.number] is True:
                    call[unit.property] = None
            for name, units in rule.waiting.items():
                properties = kinds.setdefault(derived_fact(rule.policy, name), {})
                for unit in units:
                    truth = unit.test(self._question)
                    if truth is None and not self._careful:
                        raise _Doubt
                    if truth is True or (upper and truth is None):
                        properties[unit.property] = None
        return self._engine.match({
            shard: [rete.fact(at, kind, properties) for at, (kind, properties) in enumerate(kinds.items(), 1)]
            for shard, kinds in shown.items()
        })  # fmt: skip

    def _fire(self, rule: CompiledRule) -> None:
        """Note that a rule fired, and what it derives. Raises EvaluationError."""
        question = self._question
        if question.facts.unknown:
            refuse_unknown(rule.rule, question.facts)
        if rule.derives:
            values_of = question.values_for(rule.policy)
            made: list[tuple[str, tuple[Scalar, ...]]] = []
            for name, value in rule.derives.items():
                if isinstance(value, FromField) and (rule.policy, derived_name(value.from_)) in question.uncertain:
                    raise EvaluationError(f"a rule that derives {value.from_} failed")
                values = given(value, values_of)
                if isinstance(value, FromField) and value.from_ in question.reader.cut:
                    raise EvaluationError(question.reader.cut[value.from_])
                if len(values) > MAX_VALUES and len({keyed(one) for one in values}) > MAX_VALUES:
                    raise EvaluationError(f"more than {MAX_VALUES} values for derived.{name}")
                made.append((name, values))
            for name, values in made:
                self._derive(rule, name, values)
        self._note(rule, "")

    def _derive(self, rule: CompiledRule, name: str, values: Sequence[Scalar]) -> None:
        known = self._question.derived.setdefault((rule.policy, name), [])
        before = {keyed(one) for one in known}
        told: set[tuple[str, Scalar]] = set()
        for one in values:
            key = keyed(one)
            if key not in before:
                before.add(key)
                known.append(normal(one))
            if key not in told:
                told.add(key)
                self.derived.append(Derived(rule.said.ref, name, normal(one), rule.level))

    def _fail(self, rule: CompiledRule, error: str) -> None:
        if self._policies[rule.policy].failure_mode == "closed":
            self._question.uncertain.update((rule.policy, name) for name in rule.derives)
        self._note(rule, error)

    def _note(self, rule: CompiledRule, error: str) -> None:
        reach = self._reach(rule.policy)
        assert reach is not None  # noqa: S101  # only such rules are asked
        values = self._question.values_for(rule.policy)
        self._firings[rule.number] = Firing(self._policies[rule.policy], rule.rule, reach, values, error, rule.said)

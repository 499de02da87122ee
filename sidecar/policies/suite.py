"""Tests that people write for their policies: YAML with a frozen clock, fixtures, calls and the verdicts expected.

Policies are tested as if they were enforced, so that one in ``shadow`` can be tested too; ``as_written: true`` takes
mode and percentage as they are. Covered is a rule that fired in some test.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType, structs

from .document import Policy, Strict
from .evaluator import Engine, Evaluator
from .expecting import Expectation, VerdictName, problems
from .facts import GROUPS, Facts
from .faults import Fault, PolicyError
from .fields import KNOWN
from .loading import converted, load_texts
from .quick_reading import Place
from .reading import Written, read
from .verdict import PolicyDecision, RuleRef

#: The most tests in a suite.
MAX_TESTS: Final = 1_000
_DEFAULT_NOW: Final = "2026-01-05T12:00:00Z"  # a Monday
_OPEN: Final = ("arguments", "context")
_LISTS: Final = frozenset({"pattern.codes", "pattern.causes", "session.done", "session.failed", "caller.roles"})


class Test(Strict, frozen=True):
    """A call, with what is known around it, and what is expected. ``given`` names fixtures, merged in order."""

    __test__ = False  # pytest takes its name for a test's

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    expect: VerdictName | Expectation
    given: str | tuple[str, ...] = ()
    now: str | UnsetType = UNSET
    call: dict[str, Any] = msgspec.field(default_factory=dict)
    tool: dict[str, Any] = msgspec.field(default_factory=dict)
    pattern: dict[str, Any] = msgspec.field(default_factory=dict)
    session: dict[str, Any] = msgspec.field(default_factory=dict)
    caller: dict[str, Any] = msgspec.field(default_factory=dict)
    as_written: bool = False


class Fixture(Strict, frozen=True):
    """Parts of a test that several share."""

    now: str | UnsetType = UNSET
    call: dict[str, Any] = msgspec.field(default_factory=dict)
    tool: dict[str, Any] = msgspec.field(default_factory=dict)
    pattern: dict[str, Any] = msgspec.field(default_factory=dict)
    session: dict[str, Any] = msgspec.field(default_factory=dict)
    caller: dict[str, Any] = msgspec.field(default_factory=dict)


class Suite(Strict, frozen=True):
    """A file of tests. ``policies`` are files beside it; ``now`` is the time for all tests, UTC unless told."""

    suite: str
    policies: Annotated[tuple[str, ...], Meta(min_length=1, max_length=64)]
    tests: Annotated[tuple[Test, ...], Meta(min_length=1, max_length=MAX_TESTS)]
    now: str = _DEFAULT_NOW
    fixtures: dict[str, Fixture] = msgspec.field(default_factory=dict)


class TestResult(msgspec.Struct, frozen=True, array_like=True):
    """How a test went: passed where there are no ``problems``. ``line`` is where it stands."""

    __test__ = False

    name: str
    line: int
    problems: tuple[str, ...]
    decision: PolicyDecision

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.problems


class SuiteResult(msgspec.Struct, frozen=True, array_like=True):
    """How a suite went, and which rules of its policies fired in some test."""

    name: str
    file: str
    tests: tuple[TestResult, ...]
    covered: tuple[RuleRef, ...]
    uncovered: tuple[RuleRef, ...]

    @property
    def passed(self) -> bool:
        """Whether all tests passed."""
        return all(test.passed for test in self.tests)

    @property
    def coverage(self) -> float:
        """The share of rules that fired, in [0, 1]; 1 of none."""
        rules = len(self.covered) + len(self.uncovered)
        return len(self.covered) / rules if rules else 1.0


class ReadSuite(msgspec.Struct, frozen=True):
    """A suite with the policies that it names, as they are written, and what its tests ask."""

    file: str
    written: Written
    suite: Suite
    policies: tuple[Policy, ...]
    questions: tuple[tuple[Facts, float], ...]


def read_suite(text: str, file: str, policy_text: Callable[[str], str]) -> ReadSuite:
    """Read a suite. ``policy_text`` gives the text of a policy file that the suite names.

    Raises PolicyError where the suite or its policies cannot be read, and what ``policy_text`` raises.
    """
    written, suite = _suite(text, file)
    policies = load_texts({name: policy_text(name) for name in suite.policies})
    questions = tuple(_question(written, suite, at) for at in range(len(suite.tests)))
    return ReadSuite(file, written, suite, tuple(policies), questions)


def run_suite(read: ReadSuite, evaluator: Evaluator, revision: str = "test") -> SuiteResult:
    """Run the tests of a suite. Raises PolicyError where its policies do not compile."""
    written, suite, policies, questions = read.written, read.suite, read.policies, read.questions
    enforced = evaluator.compile([_enforced(policy) for policy in policies], revision)
    try:
        as_written = evaluator.compile(policies, revision)
        try:
            results = tuple(
                _result(written, at, test, as_written if test.as_written else enforced, *question)
                for at, (test, question) in enumerate(zip(suite.tests, questions, strict=True))
            )
        finally:
            as_written.close()
    finally:
        enforced.close()
    fired = {trace.rule for result in results for trace in result.decision.fired}
    rules = [RuleRef(policy.name, rule.name) for policy in policies if policy.mode != "off" for rule in policy.rules]
    return SuiteResult(
        suite.suite,
        read.file,
        results,
        tuple(rule for rule in rules if rule in fired),
        tuple(rule for rule in rules if rule not in fired),
    )


def _suite(text: str, file: str) -> tuple[Written, Suite]:
    documents = read(text, file)
    tree = documents[0].tree if len(documents) == 1 else None
    if not isinstance(tree, dict):
        raise PolicyError([Fault("one suite of tests is expected", "begin with “suite: name”", file)])
    written = documents[0]
    faults: list[Fault] = []
    tests = tree.get("tests")
    for at, item in enumerate(tests if isinstance(tests, list) else ()):
        converted(item, Test, written, ("tests", at), faults)
    suite = None if faults else converted(written.tree, Suite, written, (), faults)
    if suite is None:
        raise PolicyError(faults)
    return written, suite


def _question(written: Written, suite: Suite, at: int) -> tuple[Facts, float]:
    """The facts of a test and its time. Raises PolicyError."""
    test = suite.tests[at]
    place: Place = ("tests", at)
    parts: list[tuple[Place, Fixture | Test]] = []
    for name in (test.given,) if isinstance(test.given, str) else test.given:
        if name not in suite.fixtures:
            near = difflib.get_close_matches(name, suite.fixtures, 1)
            fix = f"did you mean “{near[0]}”?" if near else "write it under “fixtures”"
            raise PolicyError([written.fault((*place, "given"), f"there is no fixture “{name}”", fix)])
        parts.append((("fixtures", name), suite.fixtures[name]))
    parts.append((place, test))
    now = suite.now
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for where, part in parts:
        now = now if part.now is UNSET else part.now
        for group in GROUPS:
            for name, value in getattr(part, group).items():
                wrong = _objection(group, name, value)
                if wrong is not None:
                    raise PolicyError([written.fault((*where, group, name), *wrong)])
                if name in _OPEN and isinstance(groups[group].get(name), dict):
                    value = {**groups[group][name], **value}  # noqa: PLW2901  # the later one wins, key by key
                groups[group][name] = tuple(value) if isinstance(value, list) else value
    if "tool" not in groups["call"]:
        raise PolicyError(
            [written.fault((*place, "call"), "lacks the tool that is called", "write call: {tool: name}")]
        )
    try:
        time = datetime.fromisoformat(now)
    except ValueError:
        raise PolicyError(
            [written.fault((*place, "now"), f"“{now}” is no time", "write 2026-01-05T12:00:00Z")]
        ) from None
    records = {group: record(**groups[group]) for group, record in GROUPS.items()}
    moment = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return Facts(**records), moment.timestamp()  # type: ignore[arg-type]  # the records are those of GROUPS


def _objection(group: str, name: str, value: object) -> tuple[str, str] | None:
    """What is wrong with a fact that a test gives, and how to mend it."""
    path = f"{group}.{name}"
    if group == "call" and name in _OPEN:
        return None if isinstance(value, dict) else (f"{path} is a mapping", "write {name: value}")
    if path == "call.lot":
        return None if isinstance(value, str) else (f"{path} is a text", "put it in quotes")
    kind = KNOWN.get(path)
    if kind is None:
        near = difflib.get_close_matches(path, KNOWN, 1)
        return f"there is no fact “{path}”", f"did you mean {near[0]}?" if near else "see docs/policies.md"
    if path in _LISTS:
        good = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return None if good else (f"{path} is a list of texts", "write [one, two]")
    types = {"text": str, "truth": bool, "number": (int, float)}[kind]
    if not isinstance(value, types) or (kind == "number" and isinstance(value, bool)):  # type: ignore[arg-type]
        return f"{path} is a {kind}", f"write a {kind}"
    return None


def _enforced(policy: Policy) -> Policy:
    return policy if policy.mode == "off" else structs.replace(policy, mode="enforce", enforce_percent=100.0)


def _result(written: Written, at: int, test: Test, engine: Engine, facts: Facts, now: float) -> TestResult:
    decision = engine.decide(facts, now)
    expected = test.expect if isinstance(test.expect, Expectation) else Expectation(verdict=test.expect)
    return TestResult(test.name, written.line(("tests", at)), tuple(problems(expected, decision)), decision)


def texts_beside(folder: Mapping[str, str]) -> Callable[[str], str]:
    """``policy_text`` for texts that are in memory, by name. It raises PolicyError for a name that is not there."""

    def text(name: str) -> str:
        if name not in folder:
            raise PolicyError([Fault("is named by the suite and is not there", "check “policies”", name)])
        return folder[name]

    return text

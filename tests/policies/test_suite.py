"""The runner of policy tests: what it reports when something is not as expected, and what does not compile."""

from __future__ import annotations

import pytest

from sidecar.policies.faults import PolicyError
from sidecar.policies.reference import ReferenceEvaluator
from sidecar.policies.suite import SuiteResult, read_suite, run_suite, texts_beside

POLICY = """
policy: p
rules:
  - name: big
    when: {field: call.arguments.n, more: 10}
    then: {prevent: {message: "{call.arguments.n} is big"}}
  - {name: odd, when: {field: call.arguments.odd, equal: true}, then: {warn: {message: odd}}}
"""
HEAD = (
    "suite: s\npolicies: [p.yaml]\nfixtures: {f: {call: {tool: t, arguments: {n: 11}}, now: '2026-01-01T00:00:00Z'}}\n"
)


def _run(tests: str, head: str = HEAD) -> SuiteResult:
    text = f"{head}tests:\n{tests}"
    return run_suite(read_suite(text, "p_test.yaml", texts_beside({"p.yaml": POLICY})), ReferenceEvaluator())


def test_what_passes_and_what_is_covered() -> None:
    result = _run("  - {name: a, given: f, expect: {verdict: prevent, message: 11 is big}}")
    assert result.passed
    assert [str(rule) for rule in result.covered] == ["p/big"]
    assert [str(rule) for rule in result.uncovered] == ["p/odd"]
    assert result.coverage == 0.5


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("warn", "expected warn, got prevent by p/big"),
        ("{verdict: prevent, rule: odd}", "expected it by odd, got it by p/big"),
        ("{verdict: prevent, message: small}", "expected “small” in the message, got “11 is big”"),
        ("{verdict: prevent, fired: [odd]}", "expected odd to fire, it did not"),
        ("{verdict: prevent, fired: []}", "did not expect p/big to fire"),
        ("{verdict: prevent, failed: [odd]}", "expected odd to fail, it did not"),
        ("{verdict: prevent, derived: {risk: high}}", "expected derived.risk to be 'high', got []"),
        ("{verdict: prevent, edits: {n: 3}}", "expected the edits {'n': 3}, got {}"),
        ("{verdict: prevent, alternatives: [u]}", "expected the alternatives ('u',), got ()"),
        ("{verdict: prevent, approvers: []}", "expected the approvers (), got None"),
        ("{verdict: prevent, expires_seconds: 3}", "expected an approval for 3 s, got None"),
        ("{verdict: prevent, uses: 2}", "expected an approval of 2 uses, got None"),
    ],
)
def test_what_is_not_as_expected_is_said(expect: str, problem: str) -> None:
    (test,) = _run(f"  - {{name: a, given: f, expect: {expect}}}").tests
    assert not test.passed
    assert problem in test.problems


def test_a_policy_in_shadow_is_tested_as_enforced_unless_as_written() -> None:
    result = _run(
        "  - {name: a, given: f, expect: prevent}\n  - {name: b, given: f, as_written: true, expect: none}\n"
        "  - {name: c, given: f, as_written: true, expect: prevent}"
    )
    assert [test.passed for test in result.tests] == [True, True, False]
    assert "as enforced it would be prevent by p/big" in result.tests[2].problems
    assert result.tests[2].line == 7


@pytest.mark.parametrize(
    ("test", "line", "message", "fix"),
    [
        ("{name: a, given: ff, expect: none}", 5, "there is no fixture “ff”", "did you mean “f”?"),
        ("{name: a, expect: none}", 5, "lacks the tool that is called", "write call: {tool: name}"),
        ("{name: a, given: f, sesion: {}, expect: none}", 5, "there is no field “sesion” here", "“session”"),
        (
            "{name: a, given: f, session: {cals: 1}, expect: none}",
            5,
            "there is no fact “session.cals”",
            "session.calls",
        ),
        ("{name: a, given: f, session: {calls: a}, expect: none}", 5, "session.calls is a number", "write a number"),
        ("{name: a, given: f, session: {done: a}, expect: none}", 5, "is a list of texts", "write [one, two]"),
        ("{name: a, given: f, call: {arguments: 3}, expect: none}", 5, "is a mapping", "write {name: value}"),
        ("{name: a, given: f, expect: maybe}", 5, "invalid enum value 'maybe'", "write none, allow, warn"),
        ("{name: a, given: f, now: today, expect: none}", 5, "“today” is no time", "2026-01-05T12:00:00Z"),
    ],
)
def test_what_does_not_compile_names_line_and_fix(test: str, line: int, message: str, fix: str) -> None:
    with pytest.raises(PolicyError) as caught:
        _run(f"  - {test}")
    fault = caught.value.faults[0]
    assert (fault.file, fault.line) == ("p_test.yaml", line)
    assert message.lower() in fault.message.lower()
    assert fix in fault.fix


def test_a_policy_file_that_is_not_there_is_named() -> None:
    with pytest.raises(PolicyError, match=r"q\.yaml: is named by the suite and is not there"):
        _run("  - {name: a, given: f, expect: none}", HEAD.replace("p.yaml", "q.yaml"))

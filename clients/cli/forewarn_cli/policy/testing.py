"""`forewarn policy test`: suites, coverage of rules, JUnit, and running again when a file changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from forewarn_cli.faults import EXIT_INVALID, EXIT_NEGATIVE, EXIT_OK
from forewarn_cli.policy import lint
from forewarn_cli.policy.files import below, is_suite, suites, text
from forewarn_cli.screen import Screen, Styled
from forewarn_cli.wording import clean, counted, percent

if TYPE_CHECKING:
    from forewarn.v1 import policy_pb2
    from forewarn_cli.connection import Door

LOOK_SECONDS = 0.3


def run(ask: Door, names: Sequence[str]) -> policy_pb2.TestPoliciesResponse:
    """The results of all suites. Those of one folder go together, with the policies beside and below them."""
    from forewarn.v1 import policy_pb2

    together = policy_pb2.TestPoliciesResponse()
    by_folder: dict[Path, list[Path]] = {}
    for suite in suites(names):
        by_folder.setdefault(suite.parent, []).append(suite)
    for folder, inside in by_folder.items():
        request = policy_pb2.TestPoliciesRequest(
            files=[
                policy_pb2.PolicyFile(name=path.relative_to(folder).as_posix(), text=text(path))
                for path in below(folder)
                if not is_suite(path)
            ],
            suites=[policy_pb2.PolicyFile(name=str(path), text=text(path)) for path in inside],
        )
        answer: policy_pb2.TestPoliciesResponse = ask("TestPolicies", request, patient=True)
        together.MergeFrom(answer)
    together.passed = sum(case.passed for case in together.cases)
    together.failed = len(together.cases) - together.passed
    return together


def exit_code(results: policy_pb2.TestPoliciesResponse, least_coverage: float) -> int:
    """0 where all is well, 1 where a test failed or too few rules are covered, 5 where something does not compile."""
    if results.faults:
        return EXIT_INVALID
    return EXIT_NEGATIVE if results.failed or covered(results) * 100.0 < least_coverage else EXIT_OK


def covered(results: policy_pb2.TestPoliciesResponse) -> float:
    """The share of rules that fired in some test; 1 of none."""
    rules = results.coverage
    return sum(one.fired > 0 for one in rules) / len(rules) if rules else 1.0


def show(screen: Screen, results: policy_pb2.TestPoliciesResponse) -> None:
    """Failures with what was expected, then the counts, then rules that no test reaches."""
    if results.faults:
        lint.show(screen, results.faults)
        screen.line(Styled(f"{lint.summary(results.faults)}; no test ran", "bold red"))
        return
    for case in results.cases:
        if case.passed:
            continue
        place = f"{case.file}:{case.line}" if case.line else case.file
        screen.line(Styled("FAILED ", "bold red"), Styled(place, "bold"), f"  {case.suite}: {case.name}")
        for problem in case.problems:
            screen.line(f"       {problem}")
    missing = [one.rule for one in results.coverage if not one.fired]
    screen.line(
        Styled(f"{results.passed} passed", "green"),
        Styled(f", {results.failed} failed", "bold red" if results.failed else ""),
        f"; {len(results.coverage) - len(missing)} of {counted(len(results.coverage), 'rule')} covered"
        f" ({percent(covered(results), 0)})",
    )
    for rule in missing:
        screen.line(Styled(f"no test makes {rule} fire", "yellow"))


def write_junit(path: Path, results: policy_pb2.TestPoliciesResponse) -> None:
    """The results as JUnit XML, which CI systems read."""
    root = ET.Element(
        "testsuites", tests=str(len(results.cases)), failures=str(results.failed), errors=str(len(results.faults))
    )
    by_suite: dict[tuple[str, str], list[policy_pb2.PolicyTestCase]] = {}
    for case in results.cases:
        by_suite.setdefault((case.file, case.suite), []).append(case)
    for (file, name), cases in by_suite.items():
        failed = sum(not case.passed for case in cases)
        suite = ET.SubElement(root, "testsuite", name=name, tests=str(len(cases)), failures=str(failed), errors="0")
        for case in cases:
            element = ET.SubElement(
                suite, "testcase", classname=name, name=case.name, file=file, line=str(case.line), time="0"
            )
            if not case.passed:
                problem = ET.SubElement(element, "failure", message=clean("; ".join(case.problems)))
                problem.text = clean("\n".join(case.problems))
    if results.faults:
        suite = ET.SubElement(root, "testsuite", name="compile", tests="0", failures="0")
        suite.set("errors", str(len(results.faults)))
        for fault in results.faults:
            element = ET.SubElement(suite, "testcase", classname="compile", name=f"{fault.file}:{fault.line}", time="0")
            ET.SubElement(element, "error", message=fault.message).text = fault.fix
    ET.indent(root)
    path.write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def look(names: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    """How the files look that a run depends on; equal as long as none changed."""
    folders = {Path(name) if Path(name).is_dir() else Path(name).parent for name in names}
    found = []
    for path in sorted({path for folder in folders for path in below(folder)}):
        try:
            facts = path.stat()
        except FileNotFoundError:  # an editor is replacing it
            continue
        found.append((str(path), facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def wait_for_change(names: Sequence[str], before: tuple[tuple[str, int, int], ...]) -> tuple[tuple[str, int, int], ...]:
    """Returns once a file looks different, and the same twice."""
    seen = before
    while True:
        time.sleep(LOOK_SECONDS)
        now = look(names)
        if now == seen and now != before:
            return now
        seen = now

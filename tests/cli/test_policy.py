"""`forewarn policy` and `forewarn approvals` against a real daemon: what they say, and how they end."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from forewarn_cli.policy import testing
from tests.cli.conftest import Forewarn

GUARD = """\
# keeps tables where they are
policy: guard
description: Nothing is dropped.
tools: [sql]
mode: enforce
rules:
  - name: no-drop
    when: {field: call.arguments.query, matches: "(?i)^drop"}
    then: {prevent: {message: "“{call.arguments.query}” drops a table", remedy: Ask the owner.}}
  - name: careful
    when: {field: call.arguments.query, matches: "(?i)^delete"}
    then: {warn: {message: this deletes}}
"""
SUITE = """\
suite: guard
policies: [guard.yaml]
tests:
  - {name: drops, call: {tool: sql, arguments: {query: DROP TABLE a}}, expect: prevent}
  - {name: reads, call: {tool: sql, arguments: {query: SELECT 1}}, expect: none}
"""
BAD = GUARD.replace("call.arguments.query, matches", "call.argument.query, matches").replace(
    "mode: enforce", "mode: on"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "policies"
    made.mkdir()
    (made / "guard.yaml").write_text(GUARD)
    (made / "guard_test.yaml").write_text(SUITE)
    return made


def test_lint_names_every_fault_with_its_place_and_ends_with_5(forewarn: Forewarn, folder: Path) -> None:
    assert forewarn("policy", "lint", str(folder)).out == "1 policy, 2 rules: no faults\n"
    (folder / "guard.yaml").write_text(BAD)
    run = forewarn("policy", "lint", str(folder))
    assert run.code == 5
    assert f"{folder}/guard.yaml:5: mode: " in run.out
    assert "does not compile" in run.err
    found = forewarn("policy", "lint", str(folder), "--json")
    assert (found.code, {fault["field"] for fault in found.json["faults"]} >= {"mode"}) == (5, True)


def test_a_failed_test_is_1_and_what_does_not_compile_is_5(forewarn: Forewarn, folder: Path) -> None:
    run = forewarn("policy", "test", str(folder))
    assert run.code == 0, run.err
    assert "2 passed, 0 failed; 1 of 2 rules covered (50 %)" in run.out
    assert "no test makes guard/careful fire" in run.out
    assert forewarn("policy", "test", str(folder), "--min-coverage", "60").code == 1
    (folder / "guard_test.yaml").write_text(SUITE.replace("expect: none", "expect: warn"))
    run = forewarn("policy", "test", str(folder / "guard_test.yaml"))
    assert run.code == 1
    assert f"FAILED {folder}/guard_test.yaml:5" in run.out
    (folder / "guard.yaml").write_text(BAD)
    run = forewarn("policy", "test", str(folder))
    assert run.code == 5
    assert "no test ran" in run.out


def test_a_suite_that_is_not_there_is_said_and_its_folder_is_not_read(forewarn: Forewarn, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_bytes(b"\xff")
    run = forewarn("policy", "test", str(tmp_path / "nosuch_test.yaml"))
    assert run.code == 2
    assert "nosuch_test.yaml: No such file" in run.err


def test_junit_holds_each_case(forewarn: Forewarn, folder: Path, tmp_path: Path) -> None:
    (folder / "guard_test.yaml").write_text(SUITE.replace("expect: none", "expect: warn"))
    assert forewarn("policy", "test", str(folder), "--junit", str(tmp_path / "out.xml")).code == 1
    root = ET.parse(tmp_path / "out.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    cases = {case.get("name"): case.find("failure") is not None for case in root.iter("testcase")}
    assert cases == {"drops": False, "reads": True}


def test_watching_waits_for_a_file_to_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "LOOK_SECONDS", 0.01)
    before = testing.look([str(folder)])
    assert testing.look([str(folder)]) == before
    looks = iter(range(100))
    real = testing.look

    def look(names: list[str]) -> object:
        if next(looks) == 3:
            (folder / "guard.yaml").write_text(GUARD + "# changed\n")
        return real(names)

    monkeypatch.setattr(testing, "look", look)
    assert testing.wait_for_change([str(folder)], before) != before


def test_without_a_daemon_a_private_one_lints_and_tests(command: Forewarn, folder: Path) -> None:
    assert command("policy", "test", str(folder)).code == 0
    assert command("policy").code == 3
    assert command("--admin-address", "unix:/tmp/forewarn-nobody.sock", "policy", "lint", str(folder)).code == 3


def test_from_a_draft_to_enforcement_and_back(forewarn: Forewarn, folder: Path) -> None:
    file = str(folder / "guard.yaml")
    for number in range(2):
        forewarn("record", "sql", '{"query": "DROP TABLE a"}', "--outcome", "failure", "--error", "no such table",
                 "--call-id", f"c{number}")  # fmt: skip
    run = forewarn("policy", "what-if", file)
    assert run.code == 0, run.err
    assert "2 recorded calls" in run.out
    assert "guard/no-drop\tprevent\t2\t2\t0" in run.out
    run = forewarn("policy", "diff", file)
    assert run.code == 1
    assert "+policy: guard" in run.out
    run = forewarn("policy", "apply", file, "--author", "ann", "--reason", "to begin with")
    assert "guard: created, revision 1" in run.out
    assert forewarn("policy", "diff", file).code == 0
    assert forewarn("policy", "get", "guard").out == GUARD
    assert forewarn("check", "sql", '{"query": "DROP TABLE a"}', "--exit-code").code == 1

    assert "guard: changed, revision 2" in forewarn("policy", "set-mode", "guard", "enforce", "--percent", "25").out
    (row,) = forewarn("policy").rows
    assert (row["policy"], row["from"], row["revision"], row["mode"]) == ("guard", "api", "2", "enforce 25 %")
    assert "changed, revision 3" in forewarn("policy", "rollback", "guard", "1", "--author", "bob").out
    rows = forewarn("policy", "history", "guard").rows
    assert [(row["revision"], row["what"], row["author"]) for row in rows][::2] == [
        ("3", "rollback", "bob"), ("1", "apply", "ann"),
    ]  # fmt: skip
    assert forewarn("policy", "delete", "guard").code == 2  # nobody is here to ask
    assert "deleted" in forewarn("policy", "delete", "guard", "--yes").out
    assert forewarn("policy", "get", "guard").code == 4
    assert "# keeps tables" in forewarn("policy", "get", "guard", "--revision", "2").out


def test_what_does_not_compile_is_not_applied(forewarn: Forewarn, folder: Path) -> None:
    (folder / "guard.yaml").write_text(BAD)
    run = forewarn("policy", "apply", str(folder))
    assert run.code == 5
    assert "guard.yaml:5: mode: " in run.err
    assert forewarn("policy").rows == []


def test_explain_tells_every_rule(forewarn: Forewarn, folder: Path) -> None:
    forewarn("policy", "apply", str(folder))
    run = forewarn("policy", "explain", "sql", "-a", "query=DROP TABLE a")
    assert "verdict: prevent" in run.out
    assert "guard/no-drop\tfired\tprevent" in run.out
    assert "guard/careful\tmissed" in run.out
    forewarn("check", "sql", "-a", "query=DROP TABLE a", "--json")
    decision = forewarn("check", "sql", "-a", "query=DROP TABLE b", "--json").json["decision"]["decision_id"]
    assert "drops a table" in forewarn("policy", "explain", "--decision", decision, "--facts").out
    assert "guard/no-drop\tfired" in forewarn("decisions", "show", decision).out
    assert forewarn("policy", "explain").code == 2
    draft = forewarn("policy", "explain", "x", "-f", str(folder / "guard.yaml"), "--json").json
    assert draft["skipped"] == 2


def test_rules_are_one_list(forewarn: Forewarn, folder: Path) -> None:
    forewarn("policy", "apply", str(folder))
    for number in range(7):
        forewarn(
            "record", "t", '{"a": 1}', "--outcome", "failure", "--error", "no such table", "--session", str(number)
        )
    rows = forewarn("rules").rows
    assert [row["rule"] for row in rows[:2]] == ["guard/careful", "guard/no-drop"]
    assert [row["origin"] for row in rows][:3] == ["api", "api", "learned"]
    assert {row["origin"] for row in forewarn("rules", "--tool", "t").rows} == {"learned"}


def test_the_repl_tries_calls(forewarn: Forewarn, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = 'context env=prod\nsql query=\'DROP TABLE a\'\nsql {broken\nall\nsql {"query": "SELECT 1"}\nquit\n'
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    run = forewarn("policy", "repl", str(folder / "guard.yaml"))
    assert run.code == 0, run.err
    assert "if all were enforced: prevent; as they are: prevent" in run.out
    assert "not JSON" in run.out
    assert "guard/careful\tmissed" in run.out


def test_a_call_is_approved_from_the_command_line(forewarn: Forewarn, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "policy: p\ntools: [drop]\nmode: enforce\n"
        "rules: [{name: ask, then: {require_approval: {message: sure?, uses: 2}}}]\n"
    )
    forewarn("policy", "apply", str(tmp_path / "p.yaml"))
    call = ("check", "drop", '{"table": "a"}', "--session", "s", "--exit-code")
    run = forewarn(*call, "--json")
    assert run.code == 1
    approval = run.json["decision"]["approval_id"]
    (row,) = forewarn("approvals").rows
    assert (row["approval"], row["state"], row["rule"], row["uses"]) == (approval, "pending", "p/ask", "0 of 2")
    narrowed = forewarn("approvals", "approve", approval, "--as", "ann", "--uses", "1").out
    assert "uses: 0 of 1" in narrowed
    run = forewarn("approvals", "approve", approval, "--as", "ann", "--reason", "empty")
    assert "state: approved" in run.out
    assert "uses: 0 of 2" in run.out
    assert [forewarn(*call).code for _ in range(3)] == [0, 0, 1]
    assert forewarn("approvals", "approve", approval, "--uses", "1001").code == 2
    other = forewarn(*call, "--json").json["decision"]["approval_id"]
    assert "state: denied" in forewarn("approvals", "deny", other, "--as", "ann", "--reason", "no").out
    assert "ann refused: no" in forewarn(*call).out
    assert [row["state"] for row in forewarn("approvals", "list", "--state", "denied").rows] == ["denied"]
    assert forewarn("approvals", "approve", "0" * 32).code == 4


def test_status_says_what_is_wrong_with_the_folder(command: Forewarn, start_daemon: object) -> None:
    daemon = start_daemon(policies={"guard.yaml": GUARD})  # type: ignore[operator]
    path = daemon.folder / "policies" / "guard.yaml"
    path.write_text(BAD)
    end = time.monotonic() + 30
    while "policies_refused" not in daemon.log and time.monotonic() < end:
        time.sleep(0.05)
    run = command("--admin-address", daemon.admin_address, "status")
    assert "guard.yaml:5: mode" in run.out
    health: Any = health_pb2_grpc.HealthStub(daemon.channel(daemon.admin_address))
    asked = health_pb2.HealthCheckRequest(service="forewarn.policies")
    assert health.Check(asked).status == health_pb2.HealthCheckResponse.NOT_SERVING
    run = command("--admin-address", daemon.admin_address, "policy")
    assert "guard\tguard.yaml\t" in run.out
    assert "guard.yaml:5: mode: " in run.out
    assert json.loads(command("--admin-address", daemon.admin_address, "policy", "--json").out)["folder_faults"]


def test_a_folder_that_was_never_valid_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    done = subprocess.run(
        [sys.executable, "-m", "sidecar.main", "--data-dir", str(tmp_path / "d"), "--policies", str(tmp_path),
         "--guard-address", f"unix:{tmp_path}/g", "--admin-address", f"unix:{tmp_path}/a"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "bad.yaml:5: mode" in done.stderr

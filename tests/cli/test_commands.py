"""Each command against the daemon: what it says to people in a pipe and to programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Forewarn

QUERY = '{"query": "SELECT nme FROM users"}'


def fail(forewarn: Forewarn, times: int = 3, tool: str = "sql") -> None:
    for number in range(times):
        arguments = ("record", tool, QUERY, "--outcome", "failure", "--error", "no such column: nme")
        run = forewarn(*arguments, "--session", f"s{number}", "--call-id", f"{tool}{number}", "-c", "db=shop")
        assert run.code == 0, run.err


def test_record_says_how_it_was_understood(forewarn: Forewarn) -> None:
    run = forewarn("record", "sql", QUERY, "--outcome", "failure", "--error", "no such column: nme", "--call-id", "c1",
                   "--duration", "250ms", "--cost", "0.5", "--error-code", "1054", "--json")  # fmt: skip
    assert run.code == 0, run.err
    assert run.json["call_id"] == "c1"
    assert run.json["classification"]["category"] == "OUTCOME_FAILURE"
    assert run.json["duplicate"] is False


def test_a_second_record_of_a_call_changes_nothing(forewarn: Forewarn) -> None:
    record = ("record", "sql", QUERY, "--outcome", "success", "--call-id", "same")
    assert "had been recorded before" not in forewarn(*record).out
    assert "had been recorded before" in forewarn(*record).out
    assert len(forewarn("calls", "--json").json["calls"]) == 1


def test_check_names_a_verdict_and_a_decision(forewarn: Forewarn) -> None:
    run = forewarn("check", "sql", QUERY)
    assert run.code == 0, run.err
    assert "verdict: allow" in run.out
    assert "decision: " in run.out


def test_check_takes_arguments_one_by_one(forewarn: Forewarn) -> None:
    run = forewarn("check", "sql", "-a", "query=SELECT 1", "-a", "limit=3", "--session", "s", "--json")
    decision = run.json["decision"]["decision_id"]
    logged = forewarn("decisions", "show", decision, "--json").json["decision"]
    assert json.loads(logged["arguments_json"]) == {"query": "SELECT 1", "limit": 3}
    assert logged["session_id"] == "s"


def test_check_with_facts(forewarn: Forewarn) -> None:
    fail(forewarn)
    run = forewarn("check", "sql", QUERY, "--facts", "500", "--json")
    assert run.code == 0
    assert "facts" in run.json


def logged(forewarn: Forewarn) -> None:
    """Decisions are logged a moment behind their answers; a record is durable, and what came before it with it."""
    assert forewarn("record", "other", "--outcome", "success").code == 0


def test_decisions_lists_newest_first_and_by_default(forewarn: Forewarn) -> None:
    for tool in ("one", "two"):
        assert forewarn("check", tool).code == 0
    logged(forewarn)
    assert [row["tool"] for row in forewarn("decisions").rows] == ["two", "one"]
    assert forewarn("decisions", "query").out == forewarn("decisions").out
    assert [row["tool"] for row in forewarn("decisions", "--tool", "one").rows] == ["one"]


def test_a_list_goes_on_with_its_token(forewarn: Forewarn) -> None:
    for _ in range(3):
        assert forewarn("check", "sql").code == 0
    logged(forewarn)
    first = forewarn("decisions", "--limit", "2", "--json").json
    assert len(first["decisions"]) == 2
    rest = forewarn("decisions", "--page-token", first["next_page_token"], "--json").json
    assert len(rest["decisions"]) == 1
    assert rest["next_page_token"] == ""


def test_calls_and_stats_count_what_was_recorded(forewarn: Forewarn) -> None:
    fail(forewarn, 2)
    forewarn("record", "http", "--outcome", "success")
    assert [row["tool"] for row in forewarn("calls").rows] == ["http", "sql", "sql"]
    assert len(forewarn("calls", "--category", "failure", "--json").json["calls"]) == 2
    stats = forewarn("stats", "--json").json
    assert stats["total"]["failure"] == "2"
    assert {tool["tool"] for tool in stats["tools"]} == {"http", "sql"}
    assert "sql\t2\t0\t0\t2" in forewarn("stats").out


def test_patterns_are_listed_suspended_resumed_and_forgotten(forewarn: Forewarn) -> None:
    fail(forewarn, 4)
    patterns = forewarn("patterns", "--tool", "sql", "--json").json["usage_patterns"]
    assert patterns
    name = patterns[0]["usage_pattern_id"]
    assert name in forewarn("patterns", "show", name).out
    assert "state: suspended" in forewarn("patterns", "suspend", name, "--reason", "not now").out
    assert "state: suspended" not in forewarn("patterns", "resume", name).out
    assert forewarn("patterns", "forget", name).code == 2, "nobody to ask"
    assert forewarn("patterns", "forget", name, "--yes").code == 0
    assert forewarn("patterns", "show", name).code == 4


def test_rules_events_and_appeals_are_lists(forewarn: Forewarn) -> None:
    fail(forewarn)
    decision = forewarn("check", "sql", QUERY, "--json").json["decision"]["decision_id"]
    assert forewarn("appeal", decision, "--reason", "it works now", "--caller", "me").code == 0
    assert forewarn("appeals").rows[0]["reason"] == "it works now"
    assert "appealed" in forewarn("decisions", "show", decision).out
    for name in ("rules", "events"):
        assert forewarn(name).code == 0
        assert name in forewarn(name, "--json").json


def test_similar_optimize_and_context(forewarn: Forewarn) -> None:
    fail(forewarn)
    assert forewarn("similar", "sql", QUERY, "--json").json["calls"]
    assert forewarn("similar", "sql", QUERY).code == 0
    ranked = forewarn("optimize", "sql", "--candidate", "sql", "--candidate", "http", "--json").json
    assert {one["tool"] for one in ranked["alternatives"]} == {"sql", "http"}
    assert forewarn("optimize", "sql").code == 0
    assert "facts" in forewarn("context", "sql", "--json").json
    assert forewarn("context", "sql", "--text").code == 0


def test_tools_are_registered_from_a_file(forewarn: Forewarn, tmp_path: Path) -> None:
    listed = {"tools": [{"name": "web", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}]}
    file = tmp_path / "tools.json"
    file.write_text(json.dumps(listed))
    assert forewarn("tools", "register", str(file), "--server", "mcp").rows == [{"tool": "web", "what": "new"}]
    (tool,) = forewarn("tools", "--json").json["tools"]
    assert tool["descriptor"]["read_only"] is True
    assert tool["descriptor"]["server"] == "mcp"
    assert json.loads(tool["descriptor"]["input_schema_json"]) == {"type": "object"}
    assert "read-only" in forewarn("tools").out


def test_mode_is_shown_and_set_for_all_and_for_one(forewarn: Forewarn) -> None:
    for tool in ("sql", "off"):
        assert forewarn("record", tool, "--outcome", "success").code == 0
    assert forewarn("mode").out == "all tools: shadow\n"
    assert forewarn("mode", "warn").out == "all tools: shadow → warn\n"
    assert forewarn("mode", "sql", "enforce").code == 0
    assert forewarn("mode", "sql").out == "sql: enforce\n"
    assert forewarn("mode", "--json").json == {"mode": "warn", "tools": {"sql": "enforce"}}
    assert forewarn("mode", "sql", "inherit").out == "sql: enforce → warn (as all)\n"
    assert forewarn("mode", "sql").out == "sql: warn (as all)\n"
    slip = forewarn("mode", "shaddow")
    assert (slip.code, "'shaddow' is no mode, and no tool of that name is known; shadow?" in slip.err) == (2, True)
    run = forewarn("mode", "inherit")
    assert run.code == 2
    assert "'inherit' is for one tool: forewarn mode TOOL inherit" in run.err
    assert forewarn("mode", "--tool", "off", "enforce").code == 0, "a tool that is called off"
    assert forewarn("mode", "--tool", "off").out == "off: enforce\n"


def test_patterns_travel(forewarn: Forewarn, tmp_path: Path) -> None:
    fail(forewarn, 4)
    file = tmp_path / "patterns.yaml"
    assert forewarn("export", str(file)).code == 0
    assert "sql" in file.read_text()
    assert "sql" in forewarn("export").out
    assert list(tmp_path.glob(".*.part")) == []
    assert forewarn("import", str(file), "--json").code == 0


def test_upkeep(forewarn: Forewarn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(forewarn, 1)
    monkeypatch.chdir(tmp_path)
    assert forewarn("backup", "copy", "--json").json["path"] == str(tmp_path / "copy")
    assert "nothing is wrong" in forewarn("verify").out
    assert forewarn("verify", "--json").json["ok"] is True
    assert "→" in forewarn("compact").out


def test_status_says_when_the_store_refused_last(forewarn_double: Forewarn) -> None:
    shown = forewarn_double("status").out
    assert "store refused last: 2023-11-14 22:13:20Z: no space left" in shown
    assert "store error" not in shown


def test_status(forewarn: Forewarn) -> None:
    shown = forewarn("status").out
    assert "mode: shadow" in shown
    assert "store refused" not in shown
    assert forewarn("status", "--json").json["mode"] == "MODE_SHADOW"


def test_one_is_told_as_one_and_shares_with_a_space(forewarn: Forewarn) -> None:
    """Of each thing there is one: whatever a command says then, it does not say "1 calls"."""
    bad = {"query": "SELECT nme", "limit": 1}
    fail = ("--outcome", "failure", "--error", "no such column: nme", "--session", "s")
    said = [forewarn("record", "sql", json.dumps(bad), *fail).out, forewarn("check", "sql", json.dumps(bad)).out]
    asked = forewarn("check", "sql", json.dumps(bad), "--session", "s", "--json").json["decision"]
    summaries = [reason["summary"] for reason in asked["reasons"]]
    assert "1 of 1 call of sql failed; " in " ".join(summaries)
    assert "1 of 1 call that looks like this failed" in " ".join(summaries)
    assert "1 of 1 call that starts like this failed" in " ".join(summaries)
    decision = asked["decision_id"]
    forewarn("record", "sql", json.dumps(bad), *fail, "--decision-id", decision)
    forewarn("appeal", decision, "--reason", "why not")
    pattern = next(row["id"] for row in forewarn("patterns").rows if row["level"] == "call")
    for arguments in (
        ["decisions", "show", decision],
        ["optimize", "sql", "--candidate", "http"],
        ["similar", "sql", json.dumps(bad)],
        ["context", "sql"],
        ["patterns"],
        ["patterns", "show", pattern],
        ["rules"],
        ["events"],
        ["stats"],
        ["status"],
        ["tools"],
        ["report"],
        ["report", "--learning"],
        ["knowledge", "stats"],
        ["knowledge", "verify"],
        ["policy", "list"],
    ):
        run = forewarn(*arguments)
        assert run.code == 0, run.err
        said.append(run.out)
    text = "\n".join([*said, *summaries])
    assert re.findall(r"(?<![\d.,])1 \w*(?:calls|times|tools|events|rows|patterns|others|failures)\b", text) == []
    assert re.findall(r"\d%", text) == []
    assert "prevented: 1 time" in text


def test_a_rule_about_a_call_tells_its_arguments(forewarn: Forewarn) -> None:
    fail(forewarn, 4)
    call = ("sql", QUERY, "-c", "db=shop", "--session", "s3")
    assert forewarn("check", *call, "--json").json["decision"]["would_be"] == "VERDICT_PREVENT"
    forewarn("record", *call, "--outcome", "failure", "--error", "no such column: nme")
    said = [row["what"] for row in forewarn("rules").rows]
    assert 'sql with these arguments fails (not found): {"query":"SELECT nme FROM users"}' in said


def test_optimize_begins_with_what_to_use(forewarn: Forewarn) -> None:
    assert forewarn("optimize", "sql", QUERY).out.startswith("#\tinstead\t")

"""Approving a suggested policy applies it, in shadow; undo takes it out; direct documents are checked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from forewarn.v1 import admin_pb2, guard_pb2, knowledge_pb2, model_pb2, policy_pb2, suggestion_pb2
from forewarn_cli.main import main
from tests.server.case_runner import reason_of
from tests.server.running import RunningDaemon

ARGUMENTS = json.dumps({"query": "SELECT nme FROM users", "limit": 5})
DOCUMENT = """policy: no-drop
tools: [sql]
rules:
  - name: drop
    when: {field: call.arguments.query, glob: "DROP *"}
    then: {prevent: {message: no drops}}
"""


def fail(daemon: RunningDaemon, times: int = 12, tool: str = "sql") -> Any:
    """A call that fails in many sessions, and the suggestion that comes of it."""
    for number in range(times):
        call = model_pb2.Call(
            tool=tool, arguments_json=ARGUMENTS, session_id=f"s{number % 4}", call_id=f"{tool} {number}"
        )
        result = model_pb2.CallResult(outcome=model_pb2.OUTCOME_FAILURE, error="no such column: nme")
        daemon.guard.RecordCall(guard_pb2.RecordCallRequest(call=call, result=result))
    (found,) = daemon.suggestion.GenerateSuggestions(suggestion_pb2.GenerateSuggestionsRequest()).created
    return found


def approve(daemon: RunningDaemon, key: str) -> Any:
    return daemon.suggestion.ApproveSuggestion(suggestion_pb2.ApproveSuggestionRequest(suggestion_id=key, actor="ann"))


def undo(daemon: RunningDaemon, key: str) -> Any:
    return daemon.suggestion.UndoSuggestion(suggestion_pb2.UndoSuggestionRequest(suggestion_id=key, actor="ben"))


def policy(daemon: RunningDaemon, name: str) -> Any:
    return daemon.policies.GetPolicy(policy_pb2.GetPolicyRequest(policy=name)).policy


def ask(daemon: RunningDaemon) -> Any:
    call = model_pb2.Call(tool="sql", arguments_json=ARGUMENTS, session_id="asking")
    return daemon.guard.ShouldPrevent(guard_pb2.ShouldPreventRequest(call=call)).decision


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return reason_of(error.value), error.value.details() or ""


def test_an_approved_policy_decides_in_shadow_until_it_is_promoted(daemon: RunningDaemon) -> None:
    key = fail(daemon).suggestion_id
    assert not ask(daemon).HasField("policy")
    done = approve(daemon, key).suggestion
    assert done.applied_policy.startswith("known-failure-")
    said = ask(daemon).policy
    assert (said.verdict, said.would_be) == (model_pb2.VERDICT_UNSPECIFIED, model_pb2.VERDICT_PREVENT)
    kept = policy(daemon, done.applied_policy)
    assert (kept.mode, kept.author) == (model_pb2.MODE_SHADOW, "ann")
    assert (kept.origin, kept.reason) == (f"suggestion:{key}", f"suggestion:{key}")
    rules = daemon.admin.ListPreventionRules(admin_pb2.ListPreventionRulesRequest()).rules
    assert rules[0].origin == f"suggestion:{key}"
    daemon.policies.SetPolicyMode(
        policy_pb2.SetPolicyModeRequest(policy=done.applied_policy, mode=model_pb2.MODE_ENFORCE)
    )
    assert ask(daemon).verdict == model_pb2.VERDICT_PREVENT
    history = daemon.policies.GetHistory(policy_pb2.GetHistoryRequest(policy=done.applied_policy)).revisions
    assert [(one.kind, one.origin) for one in history] == [
        ("mode", f"suggestion:{key}"), ("apply", f"suggestion:{key}"),
    ]  # fmt: skip
    reason, text = refused(lambda: undo(daemon, key))
    assert reason == "FAILED_PRECONDITION"
    assert f"forewarn policy delete {done.applied_policy}" in text
    entity = daemon.knowledge.GetEntity(knowledge_pb2.GetEntityRequest(id=done.applied_id)).entity
    assert not entity.HasField("deleted_at")  # refused is refused as a whole


def test_undo_takes_the_policy_out_as_a_revision(daemon: RunningDaemon) -> None:
    key = fail(daemon).suggestion_id
    name = approve(daemon, key).suggestion.applied_policy
    assert undo(daemon, key).entity.HasField("deleted_at")
    assert not ask(daemon).HasField("policy")
    newest, first = daemon.policies.GetHistory(policy_pb2.GetHistoryRequest(policy=name)).revisions
    assert (newest.kind, newest.author, newest.reason) == ("delete", "ben", f"suggestion:{key}: reverted")
    assert first.kind == "apply"


def test_a_kill_right_after_leaves_all_of_it(daemon: RunningDaemon) -> None:
    key = fail(daemon).suggestion_id
    name = approve(daemon, key).suggestion.applied_policy
    daemon.kill()
    daemon.start()
    assert policy(daemon, name).origin == f"suggestion:{key}"
    assert ask(daemon).policy.would_be == model_pb2.VERDICT_PREVENT
    undo(daemon, key)
    daemon.kill()
    daemon.start()
    assert refused(lambda: policy(daemon, name))[0] == "NOT_FOUND"


@pytest.mark.long
def test_killed_while_approving_there_is_all_of_it_or_nothing(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon("--suggestions-per-day", "50")
    seen, pause = set(), 0.2
    for round_ in range(12):
        key = fail(daemon, tool=f"sql{round_}").suggestion_id
        request = suggestion_pb2.ApproveSuggestionRequest(suggestion_id=key)
        answer = daemon.suggestion.ApproveSuggestion.future(request)
        time.sleep(pause)
        daemon.kill()
        answer.cancel()
        daemon.start()
        get = suggestion_pb2.GetSuggestionRequest(suggestion_id=key)
        found = daemon.suggestion.GetSuggestion(get).suggestion
        policies = daemon.policies.ListPolicies(policy_pb2.ListPoliciesRequest()).policies
        entities = daemon.knowledge.ListEntities(knowledge_pb2.ListEntitiesRequest(page_size=1000)).entities
        approved = found.state == suggestion_pb2.SUGGESTION_STATE_APPROVED
        assert (f"suggestion:{key}" in {one.origin for one in policies}) is approved
        assert (f"suggestion:{key}" in {one.origin for one in entities}) is approved
        assert bool(found.applied_policy) is approved
        seen.add(approved)
        pause *= 0.8 if approved else 1.3  # so that it closes in on the commit, however fast the machine is
        if not approved:
            assert approve(daemon, key).suggestion.applied_policy  # and a retry does it
    assert seen == {True, False}


def test_a_name_that_is_taken_changes_nothing(daemon: RunningDaemon) -> None:
    found = fail(daemon)
    file = policy_pb2.PolicyFile(name="own.yaml", text=found.draft.policy_document)
    daemon.policies.ApplyPolicies(policy_pb2.ApplyPoliciesRequest(files=[file]))
    reason, text = refused(lambda: approve(daemon, found.suggestion_id))
    assert reason == "FAILED_PRECONDITION"
    assert "already" in text
    get = suggestion_pb2.GetSuggestionRequest(suggestion_id=found.suggestion_id)
    still = daemon.suggestion.GetSuggestion(get).suggestion
    assert still.state == suggestion_pb2.SUGGESTION_STATE_PENDING
    draft = still.draft
    draft.policy_document = draft.policy_document.replace("policy: known-failure", "policy: other")
    request = suggestion_pb2.ModifySuggestionRequest(suggestion_id=found.suggestion_id, draft=draft, actor="ann")
    done = daemon.suggestion.ModifySuggestion(request).suggestion
    assert done.applied_policy.startswith("other-")
    assert policy(daemon, done.applied_policy).mode == model_pb2.MODE_SHADOW


def test_a_document_that_is_no_policy_is_refused_with_line_and_fix(daemon: RunningDaemon) -> None:
    bad = DOCUMENT.replace("glob:", "globb:")
    entity = knowledge_pb2.OrganisationalEntity(
        id="drops", kind=knowledge_pb2.ENTITY_KIND_POLICY, description="No drops", policy_document=bad
    )
    create = knowledge_pb2.CreateEntityRequest(entity=entity)
    reason, text = refused(lambda: daemon.knowledge.CreateEntity(create))
    assert reason == "INVALID_ARGUMENT"
    assert text.startswith("entity.policy_document: line 5: ")
    assert "did you mean “glob”?" in text
    entity.policy_document = DOCUMENT + "---\n" + DOCUMENT.replace("no-drop", "no-drop-2")
    assert (
        "one policy, not 2"
        in refused(lambda: daemon.knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=entity)))[1]
    )
    entity.policy_document = DOCUMENT
    made = daemon.knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=entity)).entity
    made.policy_document = bad
    update = knowledge_pb2.UpdateEntityRequest(entity=made)
    assert "entity.policy_document: line 5" in refused(lambda: daemon.knowledge.UpdateEntity(update))[1]
    document = {
        "forewarn": "knowledge", "version": "1", "patterns": [],
        "policies": [
            {"id": "good", "description": "Fine"}, {"id": "bad", "description": "Not", "policyDocument": bad}
        ],
    }  # fmt: skip
    piece = knowledge_pb2.ImportEntitiesRequest(chunk=json.dumps(document).encode())
    assert "policies[1].policyDocument: line 5" in refused(lambda: daemon.knowledge.ImportEntities(iter([piece])))[1]
    kept = daemon.knowledge.ListEntities(knowledge_pb2.ListEntitiesRequest()).entities
    assert [(one.id, one.revision) for one in kept] == [("drops", 1)]
    assert not daemon.policies.ListPolicies(policy_pb2.ListPoliciesRequest()).policies  # a document, not in force


def test_what_if_runs_the_rules_and_says_what_became_of_the_calls(
    daemon: RunningDaemon, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = fail(daemon, 20)
    for number, (arguments, outcome) in enumerate(
        [(ARGUMENTS, model_pb2.OUTCOME_SUCCESS), ('{"query": "SELECT 1"}', model_pb2.OUTCOME_FAILURE)]
    ):
        call = model_pb2.Call(tool="sql", arguments_json=arguments, session_id="late", call_id=f"late{number}")
        daemon.guard.RecordCall(guard_pb2.RecordCallRequest(call=call, result=model_pb2.CallResult(outcome=outcome)))
    request = suggestion_pb2.WhatIfSuggestionRequest(suggestion_id=found.suggestion_id)
    answer = daemon.suggestion.WhatIfSuggestion(request)
    assert (answer.calls, answer.stopped, answer.failed, answer.worked) == (22, 21, 20, 1)
    assert (answer.rules[0].calls, len(answer.examples), answer.examples[0].call_id) == (21, 5, "late0")
    request.limit = 2
    answer = daemon.suggestion.WhatIfSuggestion(request)
    assert (answer.calls, answer.stopped, answer.failed, answer.worked) == (2, 1, 0, 1)
    monkeypatch.delenv("FOREWARN_ADMIN_TOKEN", raising=False)
    assert main(["--admin-address", daemon.admin_address, "suggestions", "show", found.suggestion_id]) == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert "22 recorded calls looked at" in shown
    assert "would have stopped: 21 of these failed (right): 20 of these worked (wrong): 1" in shown


@pytest.mark.parametrize("origin", ["suggestion:" + "0" * 32, " Suggestion:x", "SUGGESTION"])
def test_nobody_can_claim_that_a_suggestion_made_it(daemon: RunningDaemon, origin: str) -> None:
    entity = knowledge_pb2.OrganisationalEntity(
        kind=knowledge_pb2.ENTITY_KIND_PATTERN, description="Mine", origin=origin
    )
    create = knowledge_pb2.CreateEntityRequest(entity=entity)
    reason, text = refused(lambda: daemon.knowledge.CreateEntity(create))
    assert reason == "INVALID_ARGUMENT"
    assert text.startswith("entity.origin: ")


def test_the_commands_say_how_to_go_on(
    daemon: RunningDaemon, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FOREWARN_TOKEN", "FOREWARN_ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> str:
        capfd.readouterr()
        code = main(["--admin-address", daemon.admin_address, *arguments])
        out, err = capfd.readouterr()
        assert code == 0, err
        return out

    found = fail(daemon)
    said = run("suggestions", "approve", found.suggestion_id)
    (command,) = [line for line in said.splitlines() if "starts in shadow; promote with" in line]
    name = command.split("`")[1].split()[3]
    assert run(*command.split("`")[1].split()[1:]).startswith(f"{name}: changed, revision 2")
    assert run("policy", "get", name).startswith(f"# origin: suggestion:{found.suggestion_id}\npolicy: {name}")
    assert f"suggestion:{found.suggestion_id}" in run("policy", "list")
    assert run("policy", "history", name).count(f"suggestion:{found.suggestion_id}") >= 2
    entity = knowledge_pb2.OrganisationalEntity(
        id="drops", kind=knowledge_pb2.ENTITY_KIND_POLICY, description="No drops", policy_document=DOCUMENT
    )
    daemon.knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=entity))
    assert run("policy", "apply", "--from-knowledge", "drops").startswith("no-drop: created, revision 1")
    assert policy(daemon, "no-drop").reason == "knowledge:drops, revision 1"

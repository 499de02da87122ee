"""SuggestionService of a real daemon, and `forewarn suggestions` against it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from forewarn.v1 import guard_pb2, knowledge_pb2, model_pb2, suggestion_pb2, suggestion_pb2_grpc, workflow_pb2
from forewarn_cli import deciding
from forewarn_cli.connection import Door, open_channel
from forewarn_cli.main import main
from tests.server.case_runner import reason_of
from tests.server.running import RunningDaemon

INTENT = "kafka topics for event streaming"


def work(daemon: RunningDaemon, times: int = 6, intent: str = INTENT, resource: str = "KafkaTopic") -> str:
    """Workflows that nothing matches; the last one's id, once it was looked at."""
    for _ in range(times):
        begun = daemon.workflow.Recommend(workflow_pb2.RecommendRequest(intent=intent))
        daemon.workflow.CompleteWorkflow(
            workflow_pb2.CompleteWorkflowRequest(
                workflow_id=begun.workflow_id,
                generated_resources=[resource],
                outcome=knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS,
            )
        )
    request = workflow_pb2.WatchWorkflowRequest(workflow_id=begun.workflow_id)
    *_, last = daemon.workflow.WatchWorkflow(request, timeout=30)
    (stage,) = [one for one in last.workflow.stages if one.stage == "learningSuggestions"]
    assert stage.result == "success", stage
    found: str = begun.workflow_id
    return found


def pending(daemon: RunningDaemon) -> list[Any]:
    return list(daemon.suggestion.ListSuggestions(suggestion_pb2.ListSuggestionsRequest()).suggestions)


def refused(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), reason_of(error.value)


def test_the_stage_shows_suggestions_as_the_seed_has_it(daemon: RunningDaemon) -> None:
    workflow_id = work(daemon)
    answer = daemon.workflow.GetWorkflow(workflow_pb2.GetWorkflowRequest(workflow_id=workflow_id))
    stage = answer.workflow.stages[-1]
    (shown,) = stage.suggestions.patterns
    assert shown.type == "create_pattern"
    assert 0.6 <= shown.confidence < 1
    (found,) = pending(daemon)
    assert found.suggestion_id == shown.suggestion_id
    assert found.evidence.workflow_ids[0] == workflow_id
    assert found.evidence.frequency.out_of == 6


def test_decisions_and_what_they_refuse(daemon: RunningDaemon) -> None:
    work(daemon)
    (found,) = pending(daemon)
    ask = daemon.suggestion
    key = found.suggestion_id
    stale = suggestion_pb2.ApproveSuggestionRequest(suggestion_id=key, revision=found.revision + 7)
    assert refused(lambda: ask.ApproveSuggestion(stale)) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    silent = suggestion_pb2.RejectSuggestionRequest(suggestion_id=key)
    assert refused(lambda: ask.RejectSuggestion(silent)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
    nobody = suggestion_pb2.GetSuggestionRequest(suggestion_id="0" * 32)
    assert refused(lambda: ask.GetSuggestion(nobody)) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    early = suggestion_pb2.UndoSuggestionRequest(suggestion_id=key)
    assert refused(lambda: ask.UndoSuggestion(early))[0] is grpc.StatusCode.FAILED_PRECONDITION
    done = ask.ApproveSuggestion(suggestion_pb2.ApproveSuggestionRequest(suggestion_id=key, actor="ann"))
    assert done.suggestion.state == suggestion_pb2.SUGGESTION_STATE_APPROVED
    assert done.entity.origin == f"suggestion:{key}"
    again = suggestion_pb2.DismissSuggestionRequest(suggestion_id=key)
    assert refused(lambda: ask.DismissSuggestion(again)) == (
        grpc.StatusCode.FAILED_PRECONDITION, "FAILED_PRECONDITION",
    )  # fmt: skip
    found = daemon.workflow.Recommend(workflow_pb2.RecommendRequest(intent=INTENT)).patterns
    assert found[0].match.entity.id == done.entity.id  # it is found at once
    history = ask.ListSuggestionHistory(suggestion_pb2.ListSuggestionHistoryRequest())
    assert [one.actor for one in history.entries] == ["ann", ""]
    assert history.acceptance_rate.value == 1.0
    assert history.adoption[0].entity_id == done.entity.id
    assert history.adoption[0].times_recommended == 1
    back = ask.UndoSuggestion(suggestion_pb2.UndoSuggestionRequest(suggestion_id=key))
    assert back.entity.HasField("deleted_at")


def test_pages_states_and_types(start_daemon: Callable[..., RunningDaemon]) -> None:
    daemon = start_daemon("--suggestions-per-day", "20")
    for subject in ("kafka", "grafana", "vault"):
        work(daemon, intent=f"{subject} cluster", resource=subject.title())
    ask = daemon.suggestion
    first = ask.ListSuggestions(suggestion_pb2.ListSuggestionsRequest(page_size=2))
    rest = ask.ListSuggestions(suggestion_pb2.ListSuggestionsRequest(page_size=2, page_token=first.next_page_token))
    assert (len(first.suggestions), len(rest.suggestions), rest.next_page_token) == (2, 1, "")
    key = first.suggestions[0].suggestion_id
    ask.DismissSuggestion(suggestion_pb2.DismissSuggestionRequest(suggestion_id=key))
    assert len(pending(daemon)) == 2
    dismissed = suggestion_pb2.ListSuggestionsRequest(state=suggestion_pb2.SUGGESTION_STATE_DISMISSED)
    assert [one.suggestion_id for one in ask.ListSuggestions(dismissed).suggestions] == [key]
    everything = suggestion_pb2.ListSuggestionsRequest(any_state=True)
    assert len(ask.ListSuggestions(everything).suggestions) == 3
    other = suggestion_pb2.ListSuggestionsRequest(type=suggestion_pb2.SUGGESTION_TYPE_DEPRECATE_PATTERN)
    assert not ask.ListSuggestions(other).suggestions


def test_a_watcher_sees_what_comes_and_what_is_decided(daemon: RunningDaemon) -> None:
    seen: list[tuple[str, int]] = []
    stream = daemon.suggestion.WatchSuggestions(suggestion_pb2.WatchSuggestionsRequest(), timeout=60)

    def read() -> None:
        for answer in stream:
            seen.append((answer.suggestion.suggestion_id, answer.suggestion.state))
            if answer.suggestion.state == suggestion_pb2.SUGGESTION_STATE_REJECTED:
                return

    reader = threading.Thread(target=read)
    reader.start()
    work(daemon)
    (found,) = pending(daemon)
    deadline = time.monotonic() + 30
    while not seen and time.monotonic() < deadline:
        time.sleep(0.01)
    key = found.suggestion_id
    daemon.suggestion.RejectSuggestion(suggestion_pb2.RejectSuggestionRequest(suggestion_id=key, reason="no"))
    reader.join(30)
    stream.cancel()
    assert seen[0] == (key, suggestion_pb2.SUGGESTION_STATE_PENDING)
    assert seen[-1] == (key, suggestion_pb2.SUGGESTION_STATE_REJECTED)


def test_calls_that_fail_in_many_sessions_become_a_policy_in_shadow(daemon: RunningDaemon) -> None:
    arguments = json.dumps({"query": "SELECT nme FROM users -- {call.session}", "limit": 5})
    for number in range(12):
        call = model_pb2.Call(tool="sql", arguments_json=arguments, session_id=f"s{number % 4}", call_id=f"c{number}")
        result = model_pb2.CallResult(outcome=model_pb2.OUTCOME_FAILURE, error="no such column: nme {call.caller}")
        daemon.guard.RecordCall(guard_pb2.RecordCallRequest(call=call, result=result))
    made = daemon.suggestion.GenerateSuggestions(suggestion_pb2.GenerateSuggestionsRequest())
    (found,) = made.created
    assert found.type == suggestion_pb2.SUGGESTION_TYPE_CREATE_POLICY
    assert (found.evidence.cases, found.evidence.sessions) == (12, 4)
    assert found.evidence.call_ids[0] == "c11"
    from ruamel.yaml import YAML

    policy = YAML(typ="safe").load(found.draft.policy_document)
    (rule,) = policy["rules"]
    assert policy["mode"] == "shadow"
    assert rule["when"]["all"] == [
        {"field": "call.arguments.limit", "equal": 5},
        {"field": "call.arguments.query", "equal": "SELECT nme FROM users -- {call.session}"},
    ]
    assert "{" not in rule["then"]["prevent"]["message"]  # what was recorded is filled in with nothing
    done = daemon.suggestion.ApproveSuggestion(
        suggestion_pb2.ApproveSuggestionRequest(suggestion_id=found.suggestion_id)
    )
    assert done.entity.policy_document == found.draft.policy_document
    again = daemon.suggestion.GenerateSuggestions(suggestion_pb2.GenerateSuggestionsRequest())
    assert (len(again.created), again.refused) == (0, 1)


def test_nothing_is_lost_by_a_kill(daemon: RunningDaemon) -> None:
    work(daemon)
    (found,) = pending(daemon)
    daemon.suggestion.ApproveSuggestion(suggestion_pb2.ApproveSuggestionRequest(suggestion_id=found.suggestion_id))
    daemon.kill()
    daemon.start()
    kept = daemon.suggestion.GetSuggestion(suggestion_pb2.GetSuggestionRequest(suggestion_id=found.suggestion_id))
    assert kept.suggestion.state == suggestion_pb2.SUGGESTION_STATE_APPROVED
    entity = daemon.knowledge.GetEntity(knowledge_pb2.GetEntityRequest(id=kept.suggestion.applied_id))
    assert entity.entity.origin == f"suggestion:{found.suggestion_id}"


@pytest.fixture
def forewarn(
    daemon: RunningDaemon, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """`forewarn suggestions …` against the daemon: exit code, what it says, what it complains of."""
    for name in ("FOREWARN_TOKEN", "FOREWARN_ADMIN_TOKEN", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["--admin-address", daemon.admin_address, "suggestions", *arguments])
        return (code, *capfd.readouterr())

    return run


Run = Callable[..., tuple[int, str, str]]


def test_the_command_lists_shows_and_approves(daemon: RunningDaemon, forewarn: Run) -> None:
    code, out, _ = forewarn()
    assert (code, out.splitlines()) == (0, ["id\ttype\tconfidence\tstate\tdraft\twhy"])
    work(daemon)
    code, out, _ = forewarn("list", "--json")
    (found,) = json.loads(out)["suggestions"]
    key = found["suggestion_id"]
    code, out, _ = forewarn("show", key[-6:])
    assert code == 0
    assert "cases: 6 of 6: 100 %, " in out
    assert "draft by: statistics" in out
    assert "+resource: KafkaTopic" in out
    assert found["evidence"]["workflow_ids"][0] in out
    code, out, _ = forewarn("approve", key, "--as", "ann")
    assert code == 0
    assert "is: approved" in out
    code, _, err = forewarn("approve", key)
    assert code == 4
    assert "approved already" in err
    code, out, _ = forewarn("history")
    assert "accepted: 100 % of 1 decided" in out
    code, out, _ = forewarn("undo", key, "--json")
    assert json.loads(out)["suggestion"]["state"] == "SUGGESTION_STATE_REVERTED"


def test_the_command_shows_a_change_as_a_diff(daemon: RunningDaemon, forewarn: Run) -> None:
    entity = knowledge_pb2.OrganisationalEntity(
        id="web", kind=knowledge_pb2.ENTITY_KIND_PATTERN, description="Public website", triggers=["public", "website"],
        suggested_resources=["Deployment"],
    )  # fmt: skip
    daemon.knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=entity))
    for _ in range(8):
        begun = daemon.workflow.Recommend(workflow_pb2.RecommendRequest(intent="public website"))
        request = workflow_pb2.CompleteWorkflowRequest(
            workflow_id=begun.workflow_id, used=["web"], generated_resources=["Deployment", "Cache"],
            outcome=knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS,
        )  # fmt: skip
        daemon.workflow.CompleteWorkflow(request)
    forewarn("generate")
    (found,) = pending(daemon)
    _, out, _ = forewarn("show", found.suggestion_id)
    lines = out.splitlines()
    assert " resource: Deployment" in lines
    assert "+resource: Cache" in lines
    assert "changes: +Cache" in lines


def test_the_command_refuses_and_dismisses(daemon: RunningDaemon, forewarn: Run) -> None:
    work(daemon)
    (found,) = pending(daemon)
    key = found.suggestion_id
    assert forewarn("reject", key)[0] == 2  # a reason is wanted
    assert forewarn("dismiss", key)[0] == 0
    assert forewarn("undo", key)[0] == 0
    assert forewarn("reject", key, "--reason", "we buy that")[0] == 0
    assert forewarn("undo", "ffff")[0] == 2
    assert forewarn("show", "not-an-id")[0] == 2
    _, out, _ = forewarn("list", "--state", "rejected", "--json")
    assert json.loads(out)["suggestions"][0]["decision_reason"] == "we buy that"


def test_the_editor_changes_the_draft(
    daemon: RunningDaemon, forewarn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(daemon)
    (found,) = pending(daemon)
    key = found.suggestion_id
    monkeypatch.setenv("EDITOR", "true")  # leaves the file as it is
    code, _, err = forewarn("modify", key)
    assert (code, "as it was" in err) == (1, True)
    monkeypatch.setenv("EDITOR", "truncate -s 0")
    code, _, err = forewarn("modify", key)
    assert (code, "empty" in err) == (1, True)
    monkeypatch.setenv("EDITOR", "false")
    assert forewarn("modify", key)[0] == 1
    monkeypatch.setenv("EDITOR", "no-such-editor")
    assert forewarn("modify", key)[0] == 2
    assert pending(daemon)  # nothing was done so far
    monkeypatch.setenv("EDITOR", "sed -i s/KafkaTopic/Topic/")
    code, out, _ = forewarn("modify", key, "--json")
    assert code == 0
    assert json.loads(out)["entity"]["suggested_resources"] == ["Topic"]
    assert json.loads(out)["suggestion"]["state"] == "SUGGESTION_STATE_MODIFIED"


def test_a_draft_that_is_refused_comes_back_to_the_editor(
    daemon: RunningDaemon, forewarn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(daemon)
    (found,) = pending(daemon)
    editor = tmp_path / "editor"
    seen = tmp_path / "seen"
    editor.write_text(
        f'#!/bin/sh\nif grep -q "^# !" "$1"; then cp "$1" {seen}; sed -i "s/^description:.*/description: Fine/" "$1"\n'
        'else sed -i "s/^description:.*/description: \\"\\"/" "$1"; fi\n'
    )
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    code, _, err = forewarn("modify", found.suggestion_id)
    assert code == 0, err
    assert "draft.description" in seen.read_text()


def test_a_draft_that_cannot_be_taken_is_not_lost(
    daemon: RunningDaemon, forewarn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(daemon)
    (found,) = pending(daemon)
    monkeypatch.setenv("EDITOR", r"sed -i s/^description:.*/description:\ [mine/")
    code, _, err = forewarn("modify", found.suggestion_id)
    assert (code, "not YAML" in err) == (1, True)
    (path,) = re.findall(r"what you wrote is in (\S+);", err)
    kept = Path(path)
    assert "description: [mine" in kept.read_text()
    kept.write_text(kept.read_text().replace("[mine", "mine"))
    assert forewarn("modify", found.suggestion_id, "--file", path)[0] == 0
    kept.unlink()


def test_a_draft_that_changed_meanwhile_is_taken_when_it_is_saved_again(daemon: RunningDaemon) -> None:
    work(daemon)
    (found,) = pending(daemon)
    stale = suggestion_pb2.Suggestion()
    stale.CopyFrom(found)
    stale.revision += 7
    shown: list[str] = []

    def edit(text: str) -> str:
        shown.append(text)
        return text.replace("KafkaTopic", "Topic")

    with open_channel(daemon.admin_address) as channel:
        door = Door(daemon.admin_address, suggestion_pb2_grpc.SuggestionServiceStub(channel), None, None)
        done = deciding.edit_and_modify(door, stale, edit)
    assert "the draft has changed" in shown[1]
    assert list(done.entity.suggested_resources) == ["Topic"]


def test_a_draft_from_a_file(daemon: RunningDaemon, forewarn: Run, tmp_path: Path) -> None:
    work(daemon)
    (found,) = pending(daemon)
    path = tmp_path / "draft.yaml"
    for text, code in (("- a list", 2), ("descriptoin: x", 2), ("triggers: no list", 2), ("a: [", 2), ("", 1)):
        path.write_text(text)
        assert forewarn("modify", found.suggestion_id, "--file", str(path))[0] == code, text
    path.write_text("description: Event streaming\ntriggers: [kafka]\n")
    assert forewarn("modify", found.suggestion_id, "--file", str(path))[0] == 0

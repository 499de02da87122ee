"""`forewarn knowledge` and `forewarn workflow` against the daemon."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Forewarn

EXAMPLES = Path(__file__).parents[2] / "examples/knowledge"
WEB = """\
id: web
kind: pattern
description: Public web application
triggers: [public, web]
suggestedResources: [Deployment, Ingress]
"""


@pytest.fixture
def web(forewarn: Forewarn, tmp_path: Path) -> Path:
    file = tmp_path / "web.yaml"
    file.write_text(WEB)
    run = forewarn("knowledge", "create", str(file), "--author", "ann")
    assert run.code == 0, run.err
    assert run.out == "created web, revision 1\n"
    return file


def test_the_life_of_an_entity(forewarn: Forewarn, web: Path) -> None:
    shown = forewarn("knowledge", "show", "web", "--json").json
    assert shown["entity"]["created_by"] == "ann"
    assert "usage_metrics" not in shown["entity"]
    web.write_text(WEB.replace("Public web", "Public HTTP"))
    etag = shown["entity"]["etag"]
    assert forewarn("knowledge", "update", str(web), "--etag", etag).out == "changed web, revision 2\n"
    refused = forewarn("knowledge", "update", str(web), "--etag", etag)
    assert refused.code == 4
    assert "ETAG_MISMATCH" in refused.err
    assert forewarn("knowledge", "delete", "web").code == 0
    assert forewarn("knowledge", "list").rows == []
    assert [row["id"] for row in forewarn("knowledge", "list", "--deleted").rows] == ["web"]
    assert forewarn("knowledge", "restore", "web").code == 0
    assert [row["revision"] for row in forewarn("knowledge", "revisions", "web").rows] == ["4", "3", "2", "1"]
    shown = forewarn("knowledge", "show", "web", "--revision", "1").out
    assert "description: Public web application" in shown
    assert "never recommended, never used" in shown
    assert forewarn("knowledge", "delete", "web", "--permanently").code == 2
    assert forewarn("knowledge", "delete", "web", "--permanently", "--yes").code == 0
    assert forewarn("knowledge", "show", "web").code == 4


def test_editing(forewarn: Forewarn, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "edit.py"
    script.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[-1])\n"
        "path.write_text(path.read_text().replace('Public web', 'Private web').replace('id: web', sys.argv[1]))\n"
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script} 'id: web'")
    assert forewarn("knowledge", "edit", "web").out == "changed web, revision 2\n"
    run = forewarn("knowledge", "edit", "web")
    assert (run.code, run.out) == (0, "")
    assert "nothing was changed" in run.err
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script} 'id: other'")
    assert forewarn("knowledge", "edit", "web").code == 2
    monkeypatch.setenv("EDITOR", "/does/not/exist")
    assert forewarn("knowledge", "edit", "web").code == 2
    monkeypatch.setenv("EDITOR", "false")
    assert forewarn("knowledge", "edit", "web").code == 2
    assert forewarn("knowledge", "show", "web", "--json").json["entity"]["revision"] == 2


@pytest.mark.parametrize(
    "text", ["- a", "{", "colour: red\ndescription: d\n", "kind: thing\ndescription: d\n", "description: [a]"]
)
def test_files_that_hold_no_entity(forewarn: Forewarn, tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    run = forewarn("knowledge", "create", str(file))
    assert run.code == 2, run.out
    assert str(file) in run.err


def test_a_workflow_and_what_is_counted(forewarn: Forewarn, web: Path) -> None:
    recommended = forewarn("workflow", "recommend", "a public web application", "--scope", "prod", "--json").json
    assert recommended["patterns"][0]["match"]["entity"]["id"] == "web"
    workflow = recommended["workflow_id"]
    complete = (
        "workflow",
        "complete",
        workflow,
        "--outcome",
        "success",
        "-u",
        "web",
        "-r",
        "Deployment",
        "-r",
        "Redis",
    )
    run = forewarn(*complete)
    assert run.code == 0, run.err
    assert "beyond what the patterns suggest: Redis" in run.out
    assert "had been completed so before" in forewarn(*complete).out
    assert forewarn("workflow", "complete", workflow, "--outcome", "failure").code == 4
    assert forewarn("workflow", "watch", workflow).code == 0  # until what can be learned of it was looked for
    shown = forewarn("workflow", "show", workflow).out
    assert "outcome: success" in shown
    assert "learningSuggestions\tsuccess" in shown
    watched = forewarn("workflow", "watch", workflow, "--json")
    assert watched.json["outcome"] == "WORKFLOW_OUTCOME_SUCCESS"
    (row,) = forewarn("workflow", "list", "--scope", "prod").rows
    assert (row["workflow"], row["outcome"], row["used"]) == (workflow, "success", "web")
    shown = forewarn("knowledge", "show", "web").out
    assert "used: 1 time" in shown
    assert "added: Redis 1 of 1" in shown
    assert "prod\t1\t1\t100 % of 1 (21–100 %)" in shown
    (row,) = forewarn("knowledge", "list", "--min-recommended", "1").rows
    assert (row["id"], row["recommended"], row["used"], row["accepted"]) == ("web", "1", "1", "100 %")
    assert "workflows: 1 begun, 1 completed" in forewarn("knowledge", "stats").out
    verified = forewarn("knowledge", "verify")
    assert (verified.code, "2 events" in verified.out) == (0, True)


def test_import_search_and_export(forewarn: Forewarn, tmp_path: Path) -> None:
    files = [str(file) for file in sorted(EXAMPLES.glob("*.yaml"))]
    run = forewarn("knowledge", "import", *files)
    assert run.code == 0, run.err
    assert "created" in run.out
    again = forewarn("knowledge", "import", *files, "--json").json
    assert sum(one["unchanged"] for one in again) >= 50
    assert sum(one["created"] + one["updated"] for one in again) == 0
    found = forewarn("knowledge", "search", "postgres with backups", "--kind", "pattern").rows
    assert found[0]["id"] == "managed-postgres"
    assert "weak" not in found[0]["relevance"]
    target = tmp_path / "out.yaml"
    assert forewarn("knowledge", "export", str(target)).code == 0
    assert forewarn("knowledge", "import", str(target), "--json").json[0]["unchanged"] >= 50
    shared = forewarn("knowledge", "export", "--anonymised", "--hide", "postgres").out
    assert "createdBy" not in shared
    assert "postgres" not in shared.lower()
    assert forewarn("knowledge", "export", "--hide", "x").code == 2
    assert forewarn("knowledge", "import", str(tmp_path / "nothing")).code == 2
    target.write_text("forewarn: knowledge\npatterns: [{id: a}]\n")
    refused = forewarn("knowledge", "import", str(target))
    assert refused.code == 4
    assert "patterns[0].description" in refused.err

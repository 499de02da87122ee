"""The command starts quickly: nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import forewarn_cli
from forewarn_cli.commands import COMMANDS
from tests.cli.conftest import Forewarn

NAMES = [name for section in COMMANDS.values() for name in section]
HEAVY = ("grpc", "google.protobuf", "rich", "pydantic", "forewarn")

PROBE = """
import sys
from forewarn_cli.main import main
code = main(sys.argv[1:])
print("HEAVY", [name for name in sys.modules if name in {heavy}], file=sys.stderr)
sys.exit(code)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = PROBE.replace("{heavy}", repr(HEAVY))
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [[], *([name] for name in NAMES), ["decisions", "show"], ["patterns", "list"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = run(*arguments, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: forewarn" in done.stdout
    assert "HEAVY []" in done.stderr


def test_help_lists_every_command_with_its_own_words(command: Forewarn) -> None:
    text = command("--help").out
    for name in NAMES:
        assert f"  {name} " in text


def test_the_daemon_is_never_imported() -> None:
    folder = Path(forewarn_cli.__file__).parent
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.partition(".")[0] == "sidecar"], file


def test_version(command: Forewarn) -> None:
    run = command("--version")
    assert run.code == 0
    assert run.out.startswith("forewarn ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(command: Forewarn, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "_FOREWARN_COMPLETE" in command("completion", shell).out
    monkeypatch.setenv("_FOREWARN_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "forewarn deci")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("COMP_WORDS", "forewarn deci")
    monkeypatch.setenv("COMP_CWORD", "1")
    done = run()
    assert "decisions" in done.stdout
    assert "'grpc'" not in done.stderr

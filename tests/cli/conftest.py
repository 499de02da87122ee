"""Fixtures of the command line's tests: a daemon to talk to, and the command itself in this process."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forewarn_cli.main import main
from tests.cli.double import Double


@pytest.fixture
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Double]:
    """Our stand-in, where a test looks into the daemon or needs answers that are known to the digit."""
    running = Double(tmp_path_factory.mktemp("double"))
    yield running
    running.stop()


_ABOVE = Path(__file__).parents[1] / "conftest.py"

if not _ABOVE.exists() or "def daemon(" not in _ABOVE.read_text():

    @pytest.fixture
    def daemon(double: Double) -> Double:
        """Stands in for tests/conftest.py's real daemon as long as there is none."""
        return double


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[dict[str, str]]:
        """The table that a pipe gets."""
        names, *lines = [line.split("\t") for line in self.out.splitlines()]
        return [dict(zip(names, line, strict=True)) for line in lines]


Forewarn = Callable[..., Run]


def visible(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


class Terminal(io.StringIO):
    """A terminal that holds what is written to it."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in visible(self.getvalue()).splitlines()]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Forewarn:
    """`forewarn` with a home of its own, talking to no daemon unless told."""
    for name in ("FOREWARN_ADDRESS", "FOREWARN_ADMIN_ADDRESS", "FOREWARN_TOKEN", "FOREWARN_ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FOREWARN_DATA_DIR", str(tmp_path / "home"))

    def run(*arguments: str) -> Run:
        capfd.readouterr()
        code = main(arguments)
        out, err = capfd.readouterr()
        return Run(code, out, err)

    return run


@pytest.fixture
def forewarn(command: Forewarn, daemon: Any) -> Forewarn:
    """`forewarn`, talking to the daemon."""
    return _talking(command, daemon)


@pytest.fixture
def forewarn_double(command: Forewarn, double: Double) -> Forewarn:
    """`forewarn`, talking to the stand-in."""
    return _talking(command, double)


def _talking(command: Forewarn, daemon: Any) -> Forewarn:
    def run(*arguments: str) -> Run:
        return command("--address", daemon.guard_address, "--admin-address", daemon.admin_address, *arguments)

    return run

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.demo.__main__ import main
from clients.demo.interrupts import Interrupts
from clients.demo.story import tell
from clients.demo.view import View

ROOT = Path(__file__).parents[2]


def test_enforced_saves_failures_and_touches_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    ending = tell(View(), Interrupts(), seed=1, sessions=4)
    shadow, enforced = ending.shadow, ending.enforced
    said = capsys.readouterr().out

    assert ending.agreed
    assert shadow.made == len(shadow.attempts)
    assert shadow.saved == 0
    assert shadow.foreseen > 0
    assert enforced.saved > 0
    assert enforced.wrongly_prevented == 0
    assert enforced.made + enforced.saved == len(enforced.attempts)
    assert f"{enforced.saved} of {enforced.failed + enforced.saved} failures were saved" in said
    assert f"{enforced.succeeded} of {enforced.succeeded} successes were untouched" in said


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short one: a socket's path may have 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="fwd"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def commands() -> str:
    """The command lines of all processes."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(one.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended
            continue
    return "\n".join(found)


@pytest.mark.parametrize(
    ("number", "after"), [(signal.SIGINT, "introduction"), (signal.SIGINT, "shadow-2"), (signal.SIGTERM, "shadow-1")]
)
def test_an_interrupt_leaves_no_process_and_no_folder(folder: Path, number: signal.Signals, after: str) -> None:
    """Twice, as impatient people do."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "clients.demo"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        for line in demo.stdout:
            if after in line or after == "introduction":
                break
        if after == "introduction":  # while the daemon starts
            while not list(folder.iterdir()):
                time.sleep(0.01)
        demo.send_signal(number)
        time.sleep(0.05)
        if demo.poll() is None:
            demo.send_signal(number)
        _, complaint = demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert "interrupted" in complaint
    assert list(folder.iterdir()) == []
    assert str(folder) not in commands()


def test_what_is_no_folder_of_traces_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--traces", str(tmp_path / "missing")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert main(["--traces", str(tmp_path)]) == 2
    assert "no trace files" in capsys.readouterr().err


def test_traces_are_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = '{"source": "mine", "session_id": "s", "tool": "t", "args": {"a": 1}, "outcome": "%s"}\n'
    (tmp_path / "mine.jsonl").write_text(line % "failure" + line % "failure" + line % "success")
    assert main(["--traces", str(tmp_path)]) == 0
    assert "mine\t3\t2" in capsys.readouterr().out


def test_options_that_nobody_takes_are_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--nonsense"])
    assert refused.value.code == 2

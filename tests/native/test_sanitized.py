"""The kernels once more, under AddressSanitizer: whatever is given, nothing outside of it is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined"


@pytest.mark.long
def test_nothing_outside_is_touched(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    runtime = compiler and subprocess.check_output([compiler, "-print-file-name=libasan.so"], text=True).strip()
    if not runtime or not Path(runtime).is_absolute():
        if os.environ.get("CI"):
            pytest.fail("gcc has no AddressSanitizer here")
        pytest.skip("gcc has no AddressSanitizer here")
    ours = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(_ROOT / "sidecar", tmp_path / "sidecar", ignore=ours)
    shutil.copytree(_ROOT / "tests" / "native", tmp_path / "tests" / "native", ignore=ours)
    for name in ("build_steps/native.py", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(_ROOT / name, tmp_path / name)
    # The suite's own settings are not copied: under a sanitizer nothing is timed.
    (tmp_path / "conftest.py").write_text(
        "from hypothesis import settings\n"
        "settings.register_profile('sanitized', deadline=None)\n"
        "settings.load_profile('sanitized')\n"
    )
    flags = {"CFLAGS": f"{_SANITIZERS} -O1 -g", "LDFLAGS": _SANITIZERS, "CC": "gcc"}
    _run(tmp_path, [sys.executable, "build_steps/native.py"], flags)
    sanitized = {
        "LD_PRELOAD": runtime,
        # Python itself keeps memory to its end; and its own allocator would hide what is next to a bytearray.
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(tmp_path),
    }
    where = _run(tmp_path, [sys.executable, "-c", "from sidecar.native import words; print(words.__file__)"], sanitized)
    assert where.startswith(str(tmp_path)), "these are the installed ones"
    said = _run(
        tmp_path,
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests/native"],
        sanitized,
    )
    assert " passed" in said


def _run(folder: Path, command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]
    return done.stdout

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from forewarn import address


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"FOREWARN_DATA_DIR": "/d", "XDG_STATE_HOME": "/x", "HOME": "/h"}, "/d"),
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/forewarn"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/forewarn"),
        ({"FOREWARN_DATA_DIR": "", "HOME": "/h"}, "/h/.local/state/forewarn"),
    ],
)
def test_data_dir(env: dict[str, str], expected: str) -> None:
    assert address.data_dir(env) == Path(expected)
    assert address.guard_address(None, env) == f"unix:{expected}/guard.sock"
    assert address.admin_address(None, env) == f"unix:{expected}/admin.sock"


def test_what_is_said_comes_first() -> None:
    env = {"FOREWARN_ADDRESS": "env:1", "FOREWARN_ADMIN_ADDRESS": "env:2", "FOREWARN_TOKEN": "t"}
    assert address.guard_address("said:1", env) == "said:1"
    assert address.guard_address(None, env) == "env:1"
    assert address.admin_address(None, env) == "env:2"
    assert address.token(None, env) == "t"
    assert address.token("", env) is None
    assert address.token(None, {}) is None


def test_neither_address_nor_words_import_grpc() -> None:
    code = "import sys, forewarn, forewarn.address; forewarn.Verdict; assert 'grpc' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)

"""Which errors say of themselves that they are a matter of time."""

from __future__ import annotations

import pytest

from sidecar.capture.awaited import is_awaited


@pytest.mark.parametrize(
    "error",
    [
        "job is not ready yet, try again",
        "Export not finished",
        "The report isn't ready",
        "still processing",
        "build is in progress",
        "snapshot has not been taken yet",
        "please wait",
        "Try again in 5 seconds",
    ],
)
def test_says_that_waiting_helps(error: str) -> None:
    assert is_awaited(error)


@pytest.mark.parametrize(
    "error",
    ["No such file or directory", "wrong password, try again", "syntax error near 'from'", "404 Not Found"],
)
def test_says_nothing_of_time(error: str) -> None:
    assert not is_awaited(error)

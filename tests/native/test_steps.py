"""What a call does, and what a session keeps of it, against plain Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.native.steps import MOST, recovered, remembered, steps_of

from . import plain_learning as plain

_TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="ab_- .é\ud800", max_size=26),
    st.sampled_from(("login", "log_in", "_-", "import numpy as np", "x" * 25 + " y", "run  --all", "ein Übermaß")),
)
_ARGUMENTS = st.dictionaries(
    st.one_of(st.text(max_size=5), st.just("n" * 64), st.just("n" * 65)),
    st.one_of(_TEXTS, st.integers(), st.none(), st.lists(_TEXTS, max_size=2)),
    max_size=6,
)
_STEP = st.sampled_from((bytes(4), b"\0\0\0\1", b"\0\1\0\1", b"abcd"))
_KEY = st.sampled_from((b"\0\0345678", b"\0\1345678"))
_ENTRY = st.tuples(_KEY, _STEP).map(lambda one: one[0][:2] + one[1])


@given(_ARGUMENTS)
def test_steps_are_those_of_plain_python(arguments: dict[str, Any]) -> None:
    assert list(steps_of(arguments).items()) == list(plain.steps_of(arguments).items())


@given(st.lists(_ENTRY, max_size=8), st.integers(0, MOST + 4), _KEY, st.lists(_STEP, unique=True), st.booleans())
def test_what_worked_is_kept(entries: list[bytes], others: int, tool: bytes, steps: list[bytes], failed: bool) -> None:
    packed = b"".join([*entries[:4], *[b"other%c" % other for other in range(others)], *entries[4:]])
    assert recovered(packed, tool) == plain.recovered(packed, tool)
    assert remembered(packed, tool, steps, failed=failed) == plain.remembered(packed, tool, steps, failed=failed)


def test_what_are_no_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="four bytes"):
        remembered(b"", bytes(8), [b"abc"], failed=False)
    with pytest.raises(ValueError, match="four steps"):
        remembered(b"", bytes(8), [bytes(4)] * 5, failed=False)
    with pytest.raises(ValueError, match="two bytes"):
        remembered(b"", b"a", [], failed=False)
    with pytest.raises(ValueError, match="two bytes"):
        recovered(b"", b"a")

"""What is remembered of a call is what would be found anew, and no secret of it stays in memory."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.capture import extractor as module
from sidecar.capture.arguments import parse
from sidecar.capture.extractor import Extractor
from sidecar.capture.redaction import Redactor
from sidecar.model.call import Call

from .conftest import KEY
from .test_fingerprint import ARGUMENTS

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


def call_of(text: str, tool: str = "t", context: dict[str, str] | None = None) -> Call:
    return Call(tool, parse(text), text, context or {}, "", "", "", "", "", 0.0)


@given(
    st.lists(
        st.tuples(
            ARGUMENTS,
            st.sampled_from(["t", "u"]),
            st.sampled_from([{}, {"db": "a"}, {"db": "b"}]),
            st.sampled_from([frozenset[str](), frozenset({"a"}), frozenset({"a", "b"})]),
        ),
        max_size=6,
    )
)
def test_asked_again_the_same_is_said(
    extractor: Extractor, asked: list[tuple[dict[str, object], str, dict[str, str], frozenset[str]]]
) -> None:
    for _ in range(2):
        for arguments, tool, context, volatile in asked:
            call = call_of(json.dumps(arguments), tool, context)
            found = extractor.features_of_call(call, volatile)
            assert found == extractor.features_of(tool, call.arguments, context, volatile)


def test_no_secret_stays() -> None:
    one = Extractor(Redactor(KEY))
    call = call_of(json.dumps({"token": SECRET, "note": f"use {SECRET}"}))
    assert one.features_of_call(call).redacted
    assert one._known
    assert SECRET not in repr(one._known)


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KNOWN_CALLS", 5)
    one = Extractor(Redactor(KEY))
    for number in range(12):
        call = call_of(json.dumps({"n": number}))
        assert one.features_of_call(call) == one.features_of("t", {"n": number}, {})
        assert len(one._known) <= 5

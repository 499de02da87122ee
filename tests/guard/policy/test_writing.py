"""What is written reads back as the same policy, for every example and for texts that YAML makes hard."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sidecar.guard.policy.writing import plain_text, text_of, with_mode
from sidecar.policies.document import Policy, Prevent, Rule, Then
from sidecar.policies.loading import load, load_folder

EXAMPLES = load_folder(Path(__file__).parents[3] / "docs/policies")


@pytest.mark.parametrize("policy", EXAMPLES, ids=lambda policy: policy.name)
def test_every_example_reads_back(policy: Policy) -> None:
    assert load(plain_text(policy)) == (policy,)


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60))
def test_every_text_reads_back(text: str) -> None:
    rule = Rule("r", Then(prevent=Prevent("m")), description=text)
    policy = Policy("p", (rule,), description=text, owner=text)
    assert load(plain_text(policy)) == (policy,)


@pytest.mark.parametrize(
    "text", ["no", "1", "1e5", "0x1F", "true", "2026-01-01", "null", "~", "", " x ", "a: b", "# c"]
)
def test_texts_that_look_like_something_else_stay_texts(text: str) -> None:
    policy = Policy("p", (Rule("r", Then(prevent=Prevent("m"))),), owner=text)
    assert load(plain_text(policy)) == (policy,)


WRITTEN = "# why\npolicy: p\ntools: [x]\nmode: shadow # at first\nrules:\n  - {name: r, then: {warn: {message: m}}}\n"


def test_another_mode_keeps_comments() -> None:
    (policy,) = load(WRITTEN)
    text = with_mode(WRITTEN, structs.replace(policy, mode="enforce", enforce_percent=10.0))
    assert "# why" in text
    assert "mode: enforce # at first" in text
    assert load(text) == (structs.replace(policy, mode="enforce", enforce_percent=10.0),)


def test_a_text_that_says_something_else_is_not_shown() -> None:
    (policy,) = load(WRITTEN)
    assert text_of(policy, WRITTEN) == WRITTEN
    other = structs.replace(policy, owner="ann")
    assert text_of(other, WRITTEN) == plain_text(other)
    assert with_mode(WRITTEN, structs.replace(other, mode="warn")) == ""
    assert with_mode("", policy) == ""

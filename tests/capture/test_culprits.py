"""Culprits: what an error names and the arguments hold."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.capture.culprits import MAX_CHARS, MAX_CULPRITS, argument_text, carries, culprits

TEXT = st.text(alphabet="abcXY1 '\"[]`./-_#<>:ß", max_size=80)


def test_case(culprit_case: dict[str, Any]) -> None:
    assert list(culprits(culprit_case["error"], culprit_case["arguments"])) == culprit_case["culprits"]


@given(
    TEXT,
    st.dictionaries(
        st.text("abc", min_size=1, max_size=4), st.one_of(TEXT, st.lists(TEXT, max_size=2), st.integers()), max_size=3
    ),
)
def test_any_culprit_is_bounded_and_stands_in_the_arguments(error: str, arguments: dict[str, Any]) -> None:
    found = culprits(error, arguments)
    assert found == culprits(error, arguments)
    assert len(found) <= MAX_CULPRITS
    for culprit in found:
        assert 3 <= len(culprit) <= MAX_CHARS
        assert carries(arguments, culprit)


def test_carries_compares_whole_words() -> None:
    assert carries({"q": "select * from PETS"}, "pets")
    assert not carries({"q": "select * from carpets"}, "pets")


PARTS = st.lists(
    st.sampled_from(
        f"pets|Pets|the|name|a/b.c|#W12|<secret:12345678>|ünï| |it's|ab|'|\"|`|[|]|‘|’|“|”|:|.|\n|_|é|{'x' * 119}"
        f"|{'x' * 120}|{'x' * 123}".split("|")
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(PARTS, PARTS)
@settings(max_examples=1_500)
@example("x" * 123 + " 'pets'", "x" * 123)
@example("no such pets", " " * 200)
def test_they_are_those_found_by_comparing_all_parts(error: str, text: str) -> None:
    """Against the plain way: all words of both, and all runs and quoted parts of the error."""
    subject, held = error.lower(), argument_text({"name": text})

    def stands(token: str) -> bool:
        before = r"(?<!\w)" if re.match(r"\w", token[:1]) else ""
        after = r"(?!\w)" if re.match(r"\w", token[-1:]) else ""
        return len(token) >= 3 and re.search(before + re.escape(token) + after, held) is not None

    words = set(re.findall(r"\w{3,120}", subject)) & set(re.findall(r"\w{3,120}", held)) - {"the", "name"}
    runs = {run.strip(".:!?*") for run in re.findall(r"[^\s'\"`‘’“”()\[\]{}<>,;=|]{3,120}", subject)}
    marked = r"(?<!\w)'((?:[^'\n]|'(?=\w)){3,120})'(?!\w)|\"([^\"\n]{3,120})\"|`([^`'\n]{3,120})[`']"
    marked += r"|\[([^\[\]\n]{3,120})\]|‘([^’\n]{3,120})’|“([^”\n]{3,120})”|<([a-z_]{2,16}:[0-9a-f]{8})>"
    quoted = {"".join(found).strip() for found in re.findall(marked, subject)} - {"the", "name"}
    plain = words | {run for run in runs if not run.isidentifier() and stands(run)} | set(filter(stands, quoted))
    found = culprits(error, {"name": text})
    assert len(found) == min(len(plain), MAX_CULPRITS)
    assert set(found) <= plain

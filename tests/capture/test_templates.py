"""Templates: equal for the same mistake with other arguments, bounded, and never slow by design."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.capture.templates import TEMPLATE_CHARS, clip, template, template_id


def test_case(template_case: dict[str, Any]) -> None:
    assert template(template_case["in"]) == template_case["out"]


@given(st.one_of(st.text(), st.text(alphabet="'\"`[]{}<>/\\.:#@-_=1aE \n", max_size=2000)))
def test_any_text_has_a_bounded_template_of_one_line(error: str) -> None:
    masked = template(error)
    assert masked == template(error)
    assert len(masked) <= TEMPLATE_CHARS
    assert len(masked.splitlines()) <= 1
    assert len(template_id(masked)) == 8


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.text("abcxyz ", min_size=1), st.text("abcxyz ", min_size=1))
def test_what_varies_does_not_matter(n: int, m: int, a: str, b: str) -> None:
    form = "cannot read '{}' of item {}: offset {} is past the end"
    assert template(form.format(a, n, m)) == template(form.format(b, m, n))


@given(st.text(alphabet=st.characters(codec="utf-8")), st.integers(64, 400))
def test_clip_keeps_head_and_tail(text: str, limit: int) -> None:
    text = text * 20
    clipped = clip(text, limit)
    assert len(clipped.encode()) <= limit
    if clipped != text:
        assert "bytes left out" in clipped
        assert text.startswith(clipped.partition("\n… ")[0])

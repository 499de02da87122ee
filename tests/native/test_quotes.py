"""What is quoted, against plain Python, and by hand."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.native.quotes import DOUBLE, IN_DOUBLE, IN_SINGLE, QUOTED_CHARS, SINGLE, quoting

from . import plain

_TEXTS = st.one_of(st.text(st.sampled_from("'\" a\u2003\n"), max_size=40), st.text(max_size=80))


@given(_TEXTS)
@example("'\" \"'" + "\u00e9")
@example("\U0001f600'\" ")
def test_it_is_that_of_plain_python(text: str) -> None:
    assert quoting(text) == plain.quoting_of(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 0),
        ("no marks at all", 0),
        ('grep "a" b', 0),
        ('grep "a b" c', DOUBLE),
        ("grep 'a b' c", SINGLE),
        ("grep 'a b' \"c d\"", SINGLE | DOUBLE),
        ("awk '{print $1\" \"$2}'", SINGLE | DOUBLE | IN_SINGLE),
        ("awk '{print $1\":\"$2}'", SINGLE),
        ('say "it\'s so"', DOUBLE | IN_DOUBLE),
        ("sh -c \"awk '{print $1, $2}' f\"", SINGLE | DOUBLE | IN_DOUBLE),
        ("'a\" b\"' \"c' d'\"", SINGLE | DOUBLE | IN_SINGLE | IN_DOUBLE),
        ("' \" ' ' x", SINGLE | IN_SINGLE | IN_DOUBLE),
        ("don't go there", 0),
        ('"open to the end', 0),
        ('"a" "b"', 0),
    ],
)
def test_by_hand(text: str, found: int) -> None:
    assert quoting(text) == found


def test_only_the_beginning_is_read() -> None:
    assert quoting("x" * (QUOTED_CHARS - 3) + '" "') == DOUBLE
    assert quoting("x" * (QUOTED_CHARS - 2) + '" "') == 0


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError):
        quoting(None)  # type: ignore[arg-type]

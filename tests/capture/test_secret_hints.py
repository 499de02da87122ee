"""The quick look says "nothing here" of no text in which one of the patterns finds anything."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import re2
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sidecar.capture.redaction import Redactor, _searched
from sidecar.capture.secret_hints import HINTS
from sidecar.capture.secret_names import is_secret_name
from sidecar.capture.secret_shapes import SHAPES
from sidecar.native.hints import CLEAN, UNKNOWN_NAME, UNSURE

from .test_redaction import PIECES, PLANTED, VALUES

_PATTERNS = [(shape.kind, re2.compile(shape.pattern.encode())) for shape in SHAPES]
#: What stands around a secret, or is put into one: marks, spaces, escapes, letters that only fold to ASCII.
_MARKS = [*"\n\t\\\"'`=:;,.-_+/ <>@%&|[]()~!", "\\n", "\\\\r", "\\\\\\t", "é", "ſ", "\u212a", "0", "9", "Z", "aB3", ""]
_CLASS_OR_SPACE = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\s")
_AROUND = st.lists(st.sampled_from(_MARKS), max_size=4).map("".join)


def found_in(text: str) -> str | None:
    """The kind of a shape that has a match in the text as redaction reads it, whether or not it is accepted."""
    seen = _searched(text.encode())
    for kind, pattern in _PATTERNS:
        match = pattern.search(seen)
        while match and kind == "phone" and sum(map(bytes.isdigit, map(bytes, zip(match[0])))) < 8:
            match = pattern.search(seen, match.start() + 1)  # no telephone has as few digits
        if match:
            return kind
    return None


@st.composite
def resembling(draw: st.DrawFn, matches: st.SearchStrategy[str]) -> str:
    """A text with a match of a pattern, or with what is nearly one, written into JSON or not."""
    text = draw(matches)
    if draw(st.booleans()):  # a character is lost, doubled, in another case, or something stands in its place
        at = draw(st.integers(0, len(text) - 1))
        here = text[at]
        text = text[:at] + draw(st.sampled_from(["", here * 2, here.swapcase(), *_MARKS])) + text[at + 1 :]
    text = draw(_AROUND) + text + draw(_AROUND)
    for _ in range(draw(st.integers(0, 2))):
        text = json.dumps({"note": text}, ensure_ascii=draw(st.booleans()))
    return text


@pytest.mark.parametrize("number", range(len(SHAPES)), ids=[f"{shape.kind}-{n}" for n, shape in enumerate(SHAPES)])
def test_nothing_that_a_pattern_finds_is_missed(number: int) -> None:
    found = 0

    # RE2 knows words, digits and spaces of ASCII only, and no vertical tab.
    spaced = _CLASS_OR_SPACE.sub(lambda one: "[ \t\n]" if one[0] == r"\s" else one[0], SHAPES[number].pattern)
    matches = st.from_regex(re.compile(spaced, re.ASCII), fullmatch=True)

    @given(resembling(matches))
    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    def holds(text: str) -> None:
        nonlocal found
        kind = found_in(text)
        found += kind is not None
        assert not (kind and HINTS.absent(text))

    holds()
    assert found >= 10, "hardly a text holds what is looked for"


@given(PIECES)
@settings(max_examples=1000)
def test_nothing_in_pieces_of_secrets_is_missed(text: str) -> None:
    assert not (HINTS.absent(text) and found_in(text))


@pytest.mark.parametrize("text", [text for text, _ in PLANTED])
def test_what_is_planted_is_seen(text: str) -> None:
    assert not HINTS.absent(text)
    assert not HINTS.absent(f"é{text}")


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
def test_what_is_said_to_hold_nothing_stays_as_it_is(redactor: Redactor, text: str) -> None:
    if HINTS.absent(text):
        assert found_in(text) is None
        assert redactor.redact_text(text) == text


@given(st.dictionaries(PIECES | st.sampled_from(["password", "api__key", "q", "q 1"]), VALUES, max_size=4))
@settings(max_examples=1500)
@example({"q": 4111111111111111})
@example({"q": [{"api__key": "x"}]})
@example({"q": "\ud800"})
def test_certainly_clean_is_what_redaction_leaves_alone(arguments: dict[str, Any]) -> None:
    for redactor in _REDACTORS:
        assert not (redactor.is_certainly_clean(arguments) and redactor.redact_arguments(arguments)[1])
        assert not any(is_secret_name(name) for name in redactor._plain)


_REDACTORS = Redactor(b"k" * 32), Redactor(b"k" * 32, extra_keys=["q1"])


def test_most_texts_are_certainly_clean() -> None:
    for text in (
        "",
        "ls -la /tmp && cat notes.txt | sort -u > out_2024-05-20.txt",
        "SELECT name, COUNT(*) FROM students WHERE city = 'Rome' GROUP BY name",
        '{"flights": [{"flight_number": "HAT136", "date": "2024-05-20"}], "cabin": "economy"}',
        "pass the key to the next session, 1 token at most",
        "Zoë paid 12.50 € on 2024-05-20T15:00:00",
    ):
        assert HINTS.absent(text), text


def test_names_are_known_once_they_were_found_to_be_plain() -> None:
    redactor = Redactor(b"k" * 32)
    arguments: dict[str, Any] = {"path": "a", "more": [{"depth": 1, "ok": True, "share": 0.5, "none": None}]}
    assert HINTS.absent_in(arguments, redactor._plain) == UNKNOWN_NAME
    assert redactor.is_certainly_clean(arguments)
    assert redactor._plain == {"path", "more", "depth", "ok", "share", "none"}
    assert HINTS.absent_in(arguments, redactor._plain) == CLEAN
    assert HINTS.absent_in({"path": "bob@example.org"}, redactor._plain) == UNSURE
    assert not redactor.is_certainly_clean({"path": "a", "apiKey": "hunter2"})
    assert not redactor.is_certainly_clean({"n" * 65: 1})
    assert "apiKey" not in redactor._plain


def test_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.capture.redaction._PLAIN_NAMES", 5)
    redactor = Redactor(b"k" * 32)
    for number in range(12):
        assert redactor.is_certainly_clean({f"n{number}": 1})
        assert len(redactor._plain) <= 5


def test_what_an_administrator_adds_is_always_searched_for() -> None:
    redactor = Redactor(b"k" * 32, [("badge", r"B-\d+$")])
    assert not redactor.is_certainly_clean({"q": "x"})
    assert re.fullmatch("<badge:[0-9a-f]{8}>", redactor.redact_text("B-12"))
    named = Redactor(b"k" * 32, extra_keys=["floorPlan"])
    assert named.is_certainly_clean({"q": "x"})
    assert not named.is_certainly_clean({"floor_plan": "x"})


@pytest.mark.parametrize(
    "text",
    [
        f"passphrase{'x' * 32}=v1",
        f"api keys{'.' * 32} ==> 'v1'",
        f"--{'a' * 200}token{'b' * 200} v9",
        f"-pass{'b' * 41} v9",
        'my_secret\\\\\\" : \\\\\\"v9',
        "dsn\\\\n\\t= v9",
        f"signature\\n:\\n{'aB3' * 7}",
        "http://é:v@",
        f"{'q' * 8}+49 170 1234",
        "mysql -x; y -p; mysql -h a -pv",
        "curl -s a --proxy-user b:c",
        "password \n'v'",
        f"{'A' * 16}=",
    ],
)
def test_as_far_apart_as_patterns_allow(text: str) -> None:
    assert found_in(text)
    assert not HINTS.absent(text)

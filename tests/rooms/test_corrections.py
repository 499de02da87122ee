"""Alternatives through all rooms: nothing hidden is given back, what is kept is bounded, advice follows outcomes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.learning.known_names import (
    HIDDEN,
    MAX_ARGUMENTS,
    MAX_CHARS,
    MAX_ROWS,
    MAX_VALUES,
    _values_of,
    is_misspelling,
)
from sidecar.learning.pending import MOST, failures_beside, open_failure, pending, remember, settle
from sidecar.learning.repeats import EDGES, bin_of
from sidecar.learning.session import Session
from sidecar.learning.tables import NAMES, SESSIONS
from sidecar.model.pattern import MAX_EDITS, MAX_FIXES
from sidecar.store.tables import PATTERNS

from .conftest import Bench

SECRET = "sk-" + "a1B2" * 12
words = st.sampled_from(["flight", "flights", "#W1", "W1", SECRET, "ana@example.com", "anna", "'x'", "a b c", ""])
calls = st.dictionaries(st.sampled_from(["q", "id", "password", "n"]), words, min_size=1, max_size=3)
errors = st.sampled_from(
    [
        "",
        "",
        "unknown table 'flight'",
        "'n' is a required property",
        f"bad key {SECRET}",
        "W1 not found. Did you mean '#W1'?",
    ]
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(story=st.lists(st.tuples(calls, errors, st.sampled_from("st")), max_size=14), number=st.integers(0, 10**9))
def test_no_alternative_holds_what_was_hidden_or_changes_what_was_asked_in_vain(
    bench: Bench, story: list[tuple[dict[str, Any], str, str]], number: int
) -> None:
    tool = f"t{number}"
    for arguments, error, session in story:
        bench.now += 1.0
        said = {"tool": tool, "session_id": f"{session}{number}"}
        decision = bench.ask(arguments, **said)
        for one in decision.alternatives:
            assert SECRET not in one.arguments_json
            assert "ana@example.com" not in one.arguments_json
            assert not HIDDEN.search(one.arguments_json)
            assert one.expected_success >= 0.5
            assert one.interval.low <= one.expected_success <= one.interval.high
            assert json.loads(one.arguments_json) != arguments
        assert len(decision.alternatives) <= 3
        bench.tell(arguments, error, result=f"see {SECRET} and flights", **said)


def test_what_is_kept_of_names_and_corrections_is_bounded(bench: Bench) -> None:
    for number in range(2 * MAX_ROWS):
        bench.now += 1.0
        many = {f"a{at}": f"value {number} {at}" for at in range(2 * MAX_ARGUMENTS)}
        bench.tell(many, session_id=f"s{number}", result=" ".join(f"name{number}_{at}" for at in range(90)))
        if number < 40:  # many ways to mend one kind of error
            bench.tell({"id": f"W{number}", "x": 1}, "no such id", session_id=f"s{number}")
            bench.tell({"id": f"W{number}", "x": number + 2}, session_id=f"s{number}")
    with bench.rooms.store.read() as reader:
        rows = [row for _, row in reader.scan(NAMES)]
        assert len(rows) <= MAX_ROWS + 1
        assert MAX_CHARS - 70 < max(len(row.words) for row in rows) <= MAX_CHARS
        assert all(row.words[0] == row.words[-1] == "\n" for row in rows)
        assert max(len(row.values) for row in rows) <= MAX_ARGUMENTS
        assert max(len(values) for row in rows for values in row.values.values()) <= MAX_VALUES
        for _, pattern in reader.scan(PATTERNS):
            assert len(pattern.fixes) <= MAX_FIXES
            assert len(pattern.edits) <= MAX_EDITS
            assert set(pattern.delays) <= set(range(len(EDGES) + 1))


def test_words_of_results_hold_no_secret(bench: Bench) -> None:
    bench.tell({"q": "users"}, result=f"token={SECRET} mail ana@example.com name visible_table")
    with bench.rooms.store.read() as reader:
        kept = [word for _, row in reader.scan(NAMES) for word in row.words.split("\n")]
    assert "visible_table" in kept
    assert not [word for word in kept if SECRET in word or "ana@example.com" in word or "secret:" in word]


def test_open_failures_are_few_and_settled_by_the_same_call() -> None:
    session = Session()
    for number in range(3 * MOST):
        remember(session, b"tttttttt", number.to_bytes(8, "big"), b"", float(number))
        session.failures += 1
    assert [one.time for one in pending(session)] == [float(3 * MOST - 1 - at) for at in range(MOST)]
    newest = (3 * MOST - 1).to_bytes(8, "big")
    remember(session, b"tttttttt", newest, b"", 99.0)
    found = open_failure(session, b"tttttttt", newest)
    assert found is not None
    assert found.time == 99.0
    assert len(list(pending(session))) == MOST
    others = [one for one in pending(session) if one.fingerprint != newest]
    assert list(failures_beside(session, b"tttttttt", newest)) == others
    assert list(failures_beside(session, b"tttttttt", newest, others[2].number)) == others[:3]
    assert len(others) == MOST - 1
    assert list(failures_beside(session, b"uuuuuuuu", newest)) == []
    settle(session, b"tttttttt", newest)
    assert open_failure(session, b"tttttttt", newest) is None
    assert list(pending(session)) == others
    assert open_failure(session, b"uuuuuuuu", (9).to_bytes(8, "big")) is None


def test_a_mended_failure_is_no_longer_open(bench: Bench) -> None:
    bench.tell({"q": 1}, "503 Service Unavailable")
    bench.now += 2.0
    bench.tell({"q": 1})
    with bench.rooms.store.read() as reader:
        ((_, session),) = reader.scan(SESSIONS)
        assert not session.unmended
        (delays,) = [pattern.delays for _, pattern in reader.scan(PATTERNS) if pattern.delays]
    assert delays == {bin_of(2.0): [1.0, 0.0, 2.0]}


@pytest.mark.parametrize(("pause", "place"), [(0.1, 0), (0.5, 1), (2.0, 2), (14.9, 3), (1800.0, 7), (1e9, 7)])
def test_bins_of_pauses(pause: float, place: int) -> None:
    assert bin_of(pause) == place


def test_the_pause_that_works_is_told_from_one_that_does_not(bench: Bench) -> None:
    for number in range(8):
        said: dict[str, Any] = {"session_id": f"s{number}"}
        bench.tell({"q": number}, "503 Service Unavailable", **said)
        bench.now += 1.0
        bench.tell({"q": number}, "503 Service Unavailable", **said)
        bench.now += 40.0
        bench.tell({"q": number}, **said)
    advice = bench.tell({"q": 99}, "503 Service Unavailable", session_id="new").retry
    assert advice is not None
    assert advice.worth_it
    assert advice.after == pytest.approx(40.0)
    assert advice.p_success == pytest.approx(0.5, abs=0.1)
    assert advice.interval.low < advice.p_success < advice.interval.high


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("flight", "flights", True),
        ("flight_no", "flightno", True),
        ("rank_points", "winner_rank_points", True),
        ("hat290", "hat279", False),
        ("/srv/a/b", "/srv/a", False),
        ("pytest", "test", False),
        ("", "a", False),
    ],
)
def test_what_may_be_a_misspelling(one: str, other: str, same: bool) -> None:
    assert is_misspelling(one, other) is same
    assert is_misspelling(other, one) is same


def test_values_are_remembered_as_long_as_they_fit_with_their_quotes() -> None:
    arguments: dict[str, Any] = {"a": "x" * 62, "b": "x" * 63, "c": "é" * 62, "d": '"' * 32, "e": ["y" * 60], "f": 7}
    found = dict(_values_of(arguments))
    assert list(found) == ["a", "c", "e", "f"]
    assert max(map(len, found.values())) == 64

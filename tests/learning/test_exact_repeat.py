"""A call that failed and is made again: after it had worked, and after something that names the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.last_words import MOST, shared
from sidecar.learning.session import FAILED, RING, Session

from .replaying import Replay


def _after(*calls: tuple[str, str], asked: str = "run report.py") -> dict[str, float]:
    replay = Replay()
    for text, error in calls:
        replay.tell({"q": text}, error, "s")
    return replay.features({"q": asked}, "s")


_FAILS = ("run report.py", "no such file")
_WRITES = "put the lines that follow into report.py and close it"


def test_a_call_that_names_the_same_and_worked_may_have_mended_it() -> None:
    assert _after(_FAILS, (_WRITES, ""))["repeat_touched"] == 1.0
    assert _after(_FAILS, ("copy everything that is in REPORT.md over there", ""))["repeat_touched"] == 1.0
    assert _after(_FAILS, ("list all", ""))["repeat_touched"] == 0.0
    assert _after(_FAILS, (_WRITES, "disk is full"))["repeat_touched"] == 0.0
    assert _after(_FAILS)["repeat_touched"] == 0.0


def test_only_the_last_call_and_only_for_what_failed() -> None:
    assert _after(_FAILS, (_WRITES, ""), ("list all", ""))["repeat_touched"] == 0.0
    assert _after((_WRITES, ""))["repeat_touched"] == 0.0
    assert _after(("run report.py", ""), (_WRITES, ""))["repeat_touched"] == 0.0


def test_its_own_correction_has_not_mended_a_call() -> None:
    assert (
        _after(("find order 4711", "no such order"), ("find order #4711", ""), asked="find order 4711")[
            "repeat_touched"
        ]
        == 0.0
    )


def test_a_call_that_had_worked_is_less_doomed_than_one_that_never_did() -> None:
    never, once = _after(_FAILS), _after(("run report.py", ""), _FAILS)
    assert (never["repeat_worked"], once["repeat_worked"]) == (0.0, 1.0)
    assert _after(_FAILS, ("run report.py", ""))["repeat_worked"] == 0.0  # it works now
    assert never["repeat_failed"] > 0.0


def test_both_lower_the_odds_and_are_told() -> None:
    plain, touched, worked = Replay(), Replay(), Replay()
    for replay in (plain, touched, worked):
        for number in range(20):
            replay.tell({"q": f"note {number}"}, "", f"s{number}")
    worked.tell({"q": "run report.py"}, "", "s")
    for replay in (plain, touched, worked):
        replay.tell({"q": "run report.py"}, "no such file", "s")
        replay.tell({"q": _WRITES if replay is touched else "list all"}, "", "s")
    odds = [p / (1.0 - p) for p in (replay.p_fail({"q": "run report.py"}, "s") for replay in (plain, touched, worked))]
    assert odds[1] < 0.8 * odds[0]
    assert odds[2] < 0.7 * odds[0]
    told = [replay.explain("exact_repeat", {"q": "run report.py"}, "s") for replay in (plain, touched, worked)]
    assert [("speaks of the same" in fact.summary, "had worked" in fact.summary) for fact in told if fact] == [
        (False, False),
        (True, False),
        (False, True),
    ]


def test_few_words_are_kept_and_no_text() -> None:
    replay = Replay()
    replay.tell({"q": " ".join(f"secret{number}" for number in range(100))}, "", "s")
    (kept,) = [row.last_words for row in replay.rows() if isinstance(row, Session)]
    assert len(kept) == 2 * MOST
    assert b"secret" not in kept
    replay.tell({"q": "more words"}, "no", "s")
    assert [row.last_words for row in replay.rows() if isinstance(row, Session)] == [b""]


packed = st.lists(st.binary(min_size=2, max_size=2), max_size=MOST)


@given(packed, packed)
def test_words_are_compared_as_sets_would(one: list[bytes], other: list[bytes]) -> None:
    assert shared(b"".join(one), b"".join(other)) == bool(set(one) & set(other))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=100), st.integers(0, 3))
def test_whether_a_call_ever_worked_is_what_a_list_would_say(calls: list[tuple[int, bool]], asked: int) -> None:
    session = Session()
    for name, failed in calls:
        session.add(bytes((name,)) * 8, bytes(8), b"", FAILED if failed else 0, 1.0)
    remembered = calls[-RING:]
    assert session.ever_worked(bytes((asked,)) * 8) == any(name == asked and not failed for name, failed in remembered)

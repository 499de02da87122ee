"""Words that errors have named, in one scope and everywhere."""

from __future__ import annotations

from .replaying import Replay


def test_a_word_that_errors_named_speaks_against_the_next_call_with_it() -> None:
    replay = Replay()
    for number in range(6):
        replay.tell({"query": f"select a{number} from nowhere"}, "Table 'nowhere' doesn't exist", f"s{number}")
        replay.tell({"query": f"select a{number} from people"}, "", f"s{number}")
    named = replay.features({"query": "select other from nowhere"}, "new")
    fine = replay.features({"query": "select other from people"}, "new")
    assert named["named_all"] > 1.0 > fine["named_all"]
    assert named["word_rate"] > fine["word_rate"]
    fact = replay.explain("telling_words", {"query": "select other from nowhere"}, "new")
    assert fact is not None
    assert "“nowhere”: 6 of 6" in fact.summary
    assert replay.explain("telling_words", {"query": "select other from people"}, "new") is None


def test_a_failure_for_something_else_says_nothing_about_a_named_word() -> None:
    replay = Replay()
    replay.tell({"query": "select a from nowhere"}, "Table 'nowhere' doesn't exist", "s")
    replay.tell({"query": "select c from nowhere"}, "Lost connection", "t")
    fact = replay.explain("telling_words", {"query": "select b from nowhere"}, "new")
    assert fact is not None
    assert "1 of 1" in fact.summary


def test_where_a_word_is_unknown_is_learned() -> None:
    replay = Replay()
    for number in range(30):
        for database in ("old", "new"):
            error = "Table 'people' doesn't exist" if database == "old" else ""
            replay.tell({"query": f"select a{number} from people"}, error, f"{database}{number}", db=database)
    old = replay.features({"query": "select x from people"}, "s", db="old")
    new = replay.features({"query": "select x from people"}, "s", db="new")
    assert old["named_scope"] > 0.5
    assert new["named_scope"] < -0.5

"""What an error offers and the next call takes up: titles, sums, and what only looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from .replaying import Replay

_SIMILAR = "Could not find [Antic]. Similar: ['Antic (magazine)', 'ANTIC', 'Alex Antic']"


def _offered(replay: Replay, arguments: dict[str, Any], session: str = "s") -> float:
    return replay.features(arguments, session)["offered_value"]


def test_a_call_that_takes_up_an_error_s_offer_is_told_from_another_try() -> None:
    replay = Replay()
    replay.tell({"title": "Antic"}, _SIMILAR, "s")
    assert _offered(replay, {"title": "Antic (magazine)"}) == 1.0
    assert _offered(replay, {"title": "alex antic"}) == 1.0
    assert _offered(replay, {"title": "Antic computer magazine"}) == 0.0
    fact = replay.explain("offered", {"title": "Antic (magazine)"}, "s")
    assert fact is not None
    assert not fact.prevents
    assert "“Antic (magazine)”" in fact.summary
    assert replay.explain("offered", {"title": "Antic computer magazine"}, "s") is None


def test_what_failed_itself_is_no_offer() -> None:
    replay = Replay()
    replay.tell({"title": "Antic", "lang": "eng"}, "'eng' has no page 'Antic'", "s")
    assert _offered(replay, {"title": "Antic", "lang": "eng"}) == 0.0
    assert _offered(replay, {"title": "Antic"}) == 0.0
    assert _offered(replay, {"title": "Other", "lang": "eng"}) == 0.0


def test_numbers_in_nested_arguments_are_values_too() -> None:
    replay = Replay()
    replay.tell({"payments": [{"id": "card_1", "amount": 274}]}, "the total is 628, but paid 274", "s")
    assert _offered(replay, {"payments": [{"id": "card_1", "amount": 628}]}) == 1.0
    assert _offered(replay, {"payments": [{"id": "card_1", "amount": 62}]}) == 0.0


@pytest.mark.parametrize("value", ["list", "ma", "agazi", "Antic (mag", "user"])
def test_a_part_of_a_word_is_not_offered(value: str) -> None:
    replay = Replay()
    replay.tell({"title": "x"}, "unlisted: 'Antic (magazine)', user_id", "s")
    assert _offered(replay, {"title": value}) == 0.0


def test_offers_are_those_of_the_session_and_of_the_tool() -> None:
    replay = Replay()
    replay.tell({"title": "Antic"}, _SIMILAR, "s", tool="other")
    replay.tell({"title": "Antic"}, _SIMILAR, "other session")
    assert _offered(replay, {"title": "Antic (magazine)"}) == 0.0
    assert _offered(replay, {"title": "Antic (magazine)"}, "other session") == 1.0


def test_an_earlier_error_s_offer_counts_until_its_call_has_worked() -> None:
    replay = Replay()
    replay.tell({"title": "Antic"}, _SIMILAR, "s")
    replay.tell({"title": "Antic paper"}, "Could not find [Antic paper].", "s")
    assert _offered(replay, {"title": "Antic (magazine)"}) == 1.0
    replay.tell({"title": "Antic"}, "", "s")
    assert _offered(replay, {"title": "Antic (magazine)"}) == 0.0


def test_where_the_failed_call_was_cut_nothing_is_said() -> None:
    replay = Replay()
    replay.tell({"text": "word " * 2_000, "title": "Antic"}, _SIMILAR, "s")
    assert _offered(replay, {"title": "Antic (magazine)"}) == 0.0


def test_what_takes_up_an_offer_is_given_better_odds_than_another_try() -> None:
    replay = Replay()
    replay.tell({"title": "Antic"}, _SIMILAR, "s")
    assert replay.p_fail({"title": "Antic (magazine)"}, "s") < 0.6 * replay.p_fail({"title": "Antic (paper)"}, "s")

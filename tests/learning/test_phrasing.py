"""What calls are written with: pairs of words, words in a place, forms, and words that are new."""

from __future__ import annotations

from msgspec.structs import replace

from sidecar.capture.extractor import Extractor
from sidecar.capture.redaction import Redactor
from sidecar.learning.phrases import MOST_SLOTS, Phrases
from sidecar.learning.wording import Wording, Wordings, wording_of
from sidecar.model.call import JSON, Call

from .replaying import Replay


def test_two_words_that_fail_only_together_are_told_from_each_alone() -> None:
    replay = Replay()
    for number in range(60):
        for words in ("sort -k", "cut -f", "sort -f", "cut -k"):
            # The error names no word of it, and no call is made twice.
            replay.tell({"command": f"run {words[0]}{number} {words}"}, "bad usage" * (words == "cut -k"), f"{number}")
    said = {
        words: replay.features({"command": f"run this {words}"}, "s")["phrasing"]
        for words in ("sort -k", "cut -f", "sort -f", "cut -k")
    }
    assert said["cut -k"] > 0.5
    assert said["cut -k"] > max(said["sort -k"], said["cut -f"]) + 0.5
    # More than both words by themselves say.
    assert said["cut -k"] + said["sort -f"] > said["sort -k"] + said["cut -f"]


def test_a_word_is_weighed_where_the_call_is_made() -> None:
    replay = Replay()
    for number in range(40):
        for database in ("old", "new"):
            error = "no such thing" if database == "old" else ""
            replay.tell({"query": f"select age{number % 3} from people"}, error, f"{database}{number}", db=database)
    old = replay.features({"query": "select age1 from people"}, "s", db="old")
    new = replay.features({"query": "select age1 from people"}, "s", db="new")
    assert old["phrasing"] > 0.0 > new["phrasing"]


def test_the_form_of_a_text_is_weighed() -> None:
    phrases = Phrases()
    for number in range(30):  # what goes wrong with long ones, and with short ones
        phrases.descend(_form(f"{'long ' * 15}{number}!"), (), -0.5)
        phrases.descend(_form(f"short {number}"), (), 0.5)
    assert phrases.weigh(_form("of other words, " * 5 + "!"), ()) > 0.5
    assert phrases.weigh(_form("brief 7"), ()) < -0.5


def _form(text: str) -> Wording:
    """A call of which only the form is known."""
    return replace(wording_of("t", {"title": text}), words=b"")


def test_words_are_new_until_they_stood_in_a_call_that_worked() -> None:
    replay = Replay()
    for number in range(12):
        replay.tell({"query": "select name from people"}, "", f"s{number}")
    replay.tell({"query": "select salary from people"}, "no such column", "t")
    known, new = {"query": "select name from people"}, {"query": "select salary from people"}
    assert replay.features(new, "s")["new_words"] > 0.0 >= replay.features(known, "s")["new_words"]
    assert replay.features(new, "s")["new_pairs"] > 0.0 >= replay.features(known, "s")["new_pairs"]
    replay.tell(new, "", "u")
    after, usual = replay.features(new, "s"), replay.features(known, "s")
    assert after["new_words"] == usual["new_words"] <= 0.0
    assert after["new_pairs"] == usual["new_pairs"] <= 0.0


def test_what_is_new_in_each_call_is_new_in_none() -> None:
    replay = Replay()
    for number in range(20):
        replay.tell({"query": f"find person {number}x"}, "", f"s{number}")
    usual, more = {"query": "find person other"}, {"query": "quickly fetch somebody"}
    assert -0.1 < replay.features(usual, "s")["new_words"] < 0.1 < replay.features(more, "s")["new_words"]


def test_words_are_counted_from_the_first_call_on() -> None:
    replay = Replay()
    for number in range(4):
        replay.tell({"query": f"good {number}"}, "", f"s{number}")
    replay.tell({"query": "bad thing"}, "broken", "t")
    bad, good = replay.features({"query": "bad thing"}, "s"), replay.features({"query": "good"}, "s")
    assert bad["word_rate"] > 0.0 > good["word_rate"]


def test_a_tool_that_never_failed_has_no_weights_and_one_that_did_has_bounded_ones() -> None:
    replay = Replay()
    for number in range(30):
        replay.tell({"query": f"a{number} b{number} c"}, "", f"s{number}")
    phrases = replay.model().phrases
    assert phrases is not None
    assert not phrases.weights
    for number in range(600):
        replay.tell({"query": f"a{number} b{number} c{number}"}, "no" if number % 3 else "", f"t{number}")
    assert phrases.weights
    assert len(phrases.failed) == MOST_SLOTS


def test_it_says_which_words_go_with_failures_and_which_are_new() -> None:
    replay = Replay()
    for number in range(30):
        replay.tell({"command": f"list x{number} --fast"}, "usage: list", f"a{number}")
        replay.tell({"command": f"list x{number}"}, "", f"b{number}")
    fact = replay.explain("phrasing", {"command": "list y --fast"}, "s")
    assert fact is not None
    assert fact.prevents
    assert "“--fast”" in fact.summary
    assert not fact.remedy, "what goes with failures is no advice to do without"
    assert fact.evidence is not None
    assert (fact.evidence.failures, fact.evidence.successes) == (30, 0), "of calls with the word, not of the tool"
    fresh = Replay()
    for number in range(5):
        fresh.tell({"command": "list all"}, "", f"a{number}")
    fact = fresh.explain("phrasing", {"command": "list everything"}, "s")
    assert fact is not None
    assert fact.summary == "“everything” stood in no call of t that worked"
    assert not fact.prevents
    assert fresh.explain("phrasing", {"command": "list all"}, "s") is None


def test_the_form_of_what_fails_is_a_ground_though_each_word_is_new() -> None:
    replay = Replay()
    for number in range(40):
        replay.tell({"id": f"K{number}X"}, "", f"a{number}")
        if number % 4 == 0:
            replay.tell({"id": f"user_name_{number}"}, "no such booking", f"b{number}")
    fact = replay.explain("phrasing", {"id": "other_name_99"}, "s")
    assert fact is not None
    assert fact.prevents
    assert "`id` begins with a small letter" in fact.summary
    assert "stood in no call" not in fact.summary
    right = replay.explain("phrasing", {"id": "K99X"}, "s")
    assert right is None or not right.prevents


def test_what_is_merely_new_is_no_ground_where_forms_say_nothing() -> None:
    replay = Replay()
    for number in range(40):
        replay.tell({"id": f"K{number}X"}, "no such booking" if number % 8 == 0 else "", f"a{number}")
    fact = replay.explain("phrasing", {"id": "K99X"}, "s")
    assert fact is not None
    assert not fact.prevents


def test_long_calls_are_no_surer() -> None:
    phrases = Phrases()
    short, long = (wording_of("t", {"a": " ".join(f"w{word}" for word in range(words))}) for words in (3, 60))
    assert len(long.words) > 6 * len(short.words)
    for written in (short, long):
        phrases.descend(written, (), -1.0)
    assert phrases.weigh(long, ()) < 1.6 * phrases.weigh(short, ())


def test_volatile_arguments_are_not_written_with() -> None:
    call = Call("t", {"a": "text", "nonce": "x-1"}, "", {}, "", "", "", "", "", 1.0)
    features = Extractor(Redactor(bytes(16))).features_of(call.tool, call.arguments, {}, frozenset(("nonce",)))
    assert Wordings().of(call, features, ("nonce",)) == wording_of("t", {"a": "text"})


def test_the_form_tells_ends_and_lengths_apart_by_argument() -> None:
    def form_of(arguments: dict[str, JSON]) -> bytes:
        return wording_of("t", arguments).forms

    assert form_of({"a": "Word"}) != form_of({"b": "Word"})
    assert form_of({"a": "word"}) == form_of({"a": "bird"})
    assert form_of({"a": "word"}) != form_of({"a": "worD"})
    assert form_of({"a": "word"}) != form_of({"a": "word" * 9})
    assert form_of({"a": "a-b"}) != form_of({"a": "acb"})

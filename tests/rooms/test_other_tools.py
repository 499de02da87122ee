"""Other tools to use instead, through all rooms."""

from __future__ import annotations

import random

from sidecar.model.tool import ToolDescriptor

from .conftest import Bench


def _offered(bench: Bench, number: int) -> list[str]:
    decision = bench.ask({"q": f"again {number}"}, tool="weather", session_id="asks")
    ranking = bench.rooms.optimizer.optimize(bench.call({"q": "again"}, tool="weather", session_id="asks"))
    similar = bench.rooms.checker.check_pattern(bench.call({"q": "again"}, tool="weather", session_id="asks"), 3)
    names = {one.tool for one in (*decision.alternatives, *ranking.alternatives)} - {"weather"}
    return sorted(names | {word for text in similar.suggestions for word in text.split() if "went on with" in text})


def _live(bench: Bench, sessions: int, answer: str, *, anyway: bool = False) -> None:
    """Sessions that ask for the weather among other things; where that fails, or ``anyway``, the answer comes next."""
    lots = random.Random(3)
    for number in range(sessions):
        said = {"session_id": f"s{number}"}
        for step in range(6):
            bench.now += 5.0
            failed = lots.random() < 0.5
            bench.tell({"q": f"{number} {step}"}, "503 unavailable" if failed else "", tool="weather", **said)
            bench.now += 1.0
            if failed or anyway:
                bench.tell({"q": f"{number} {step}"}, tool=answer, **said)
            for other in lots.sample(["note", "search", "mail"], 2):
                bench.tell({"q": f"{number} {step}"}, tool=other, **said)


def test_the_tool_that_comes_because_this_one_failed_is_offered(bench: Bench) -> None:
    _live(bench, 8, "backup")
    bench.tell({"q": "again"}, "503 unavailable", tool="weather", session_id="asks")
    assert "backup" in _offered(bench, 1)
    assert not {"note", "search", "mail"} & set(_offered(bench, 2))


def test_the_tool_that_comes_next_anyway_is_not(bench: Bench) -> None:
    _live(bench, 8, "geocode", anyway=True)
    bench.tell({"q": "again"}, "503 unavailable", tool="weather", session_id="asks")
    assert _offered(bench, 1) == []


def test_what_destroys_is_offered_only_where_it_is_registered_as_an_alternative(bench: Bench) -> None:
    bench.rooms.tools.register([ToolDescriptor("wipe", destructive=True)], bench.now).result(10)
    _live(bench, 8, "wipe")
    bench.tell({"q": "again"}, "503 unavailable", tool="weather", session_id="asks")
    assert _offered(bench, 1) == []
    bench.rooms.tools.register([ToolDescriptor("weather", alternatives=("wipe",))], bench.now).result(10)
    assert "wipe" in _offered(bench, 2)


def test_one_session_is_no_evidence(bench: Bench) -> None:
    for number in range(30):
        bench.now += 5.0
        bench.tell({"q": number}, "503 unavailable", tool="weather")
        bench.tell({"q": number}, tool="backup")
        bench.tell({"q": number}, tool="weather")
        bench.tell({"q": number}, tool="note")
    bench.tell({"q": "again"}, "503 unavailable", tool="weather", session_id="asks")
    assert _offered(bench, 1) == []

"""The replay in process: the guard and the recorder run over its store, whatever they ask of one."""

from __future__ import annotations

import json

import pytest

from sidecar.capture.extractor import Extractor
from sidecar.capture.redaction import Redactor
from sidecar.model.call import JSON, Call, Result
from sidecar.model.vocabulary import Outcome

from .living import LivingReplay
from .reasons import Explained
from .replay import Recorded, Run


def _run(session: str, calls: int) -> Run:
    """Every third call names what is not there."""
    extractor = Extractor(Redactor(b"k" * 32))
    run = []
    for number in range(calls):
        failed = number % 3 == 2
        arguments: dict[str, JSON] = {"q": f"{'broken' if failed else 'fine'} {session}{number}"}
        call = Call("t", arguments, json.dumps(arguments), {"place": "here"}, session, "", "", "", "", 0.0)
        result = Result(Outcome.FAILURE if failed else Outcome.SUCCESS, error="no such table: broken" if failed else "")
        run.append(Recorded(call, extractor.extract_pattern(call, result), silent=False))
    return run


@pytest.mark.parametrize("enforced", [False, True])
def test_what_fails_is_prevented_and_nothing_else(*, enforced: bool) -> None:
    decided = list(LivingReplay(0, enforced=enforced).run([_run(f"s{number}", 21) for number in range(12)]))
    assert len(decided) == 252
    late = [one for one in decided[-42:] if one.failed]
    assert len(late) == 14
    assert min(one.p for one in late) > 0.9
    assert sum(one.prevented for one in late) >= 11  # some are let through to see
    assert not any(one.prevented for one in decided if not one.failed)


@pytest.mark.parametrize("enforced", [False, True])
def test_a_replay_that_says_why_decides_the_same(*, enforced: bool) -> None:
    runs = [_run(f"s{number}", 21) for number in range(12)]
    plain = list(LivingReplay(0, enforced=enforced).run(runs))
    told = list(Explained(0, enforced=enforced).run(runs))
    assert [(one.p, one.prevented, one.failed) for one in told] == [(one.p, one.prevented, one.failed) for one in plain]
    assert {one.why for one in told if one.prevented} <= {"exact_repeat", "telling_words", "phrasing", "similar_calls"}
    first = next(one for one in told if one.failed)
    assert first.why in {"nothing is known", "below the floor", "no fact that prevents"}

"""What detectors that speak of most calls propose, in plain Python: the oracle of ``sidecar/native/proposals.pyx``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, log1p
from typing import Any

from sidecar.learning.evidence import logit
from sidecar.learning.half_life import half_life_of
from sidecar.learning.session import CHANGED, FAILED, SILENT, WIDTH
from sidecar.learning.view import View
from sidecar.learning.worked_calls import hash_of, worked
from sidecar.model.pattern import UsagePattern
from sidecar.model.vocabulary import Level

from . import plain

_STEPS = (0, 1, 2, 3, 3, 4)


def base_rate(view: View, x: list[float], at: int) -> None:
    x[at] = 1.0
    x[at + 1] = view.base_tool
    x[at + 2] = view.likeness * (view.base - view.base_tool)


def similar_calls(view: View, x: list[float], at: int) -> None:
    base, trust = view.base, view.likeness
    rate = view.rate
    if rate is not None and rate.scopes:
        here = plain.here(rate.rate, view.p_tool, 3.0, rate.scopes, view.scopes)
        if here is not None:
            x[at + 2] = trust * (logit(here) - base)
    ending = view.rate_of(view.wording.ending)
    p, level = view.p_kind, base
    if ending is not None:
        p = ending.rate.mean(view.p_kind, 3.0)
        level = logit(p)
        x[at] = trust * (level - base)
        here = plain.here(ending.rate, view.p_kind, 3.0, ending.scopes, view.scopes)
        if here is not None:
            x[at + 1] = trust * (logit(here) - level)
    session = view.session
    if session is None:
        return
    calls, failures, last = session.ended_like(view.wording.ending)
    if calls:
        x[at + 3] = trust * (logit((failures + 2.0 * p) / (calls + 2.0)) - level)
        x[at + 4] = trust if last else -trust
    following = view.rate_of(turn(view))
    if following is not None:
        x[at + 5] = trust * (logit(following.rate.mean(view.p_kind, 3.0)) - base)
    x[at + 6] = log1p(session.successes + session.failures)


def turn(view: View) -> bytes:
    session = view.session
    if session is None or not session.marks:
        return view.wording.opening
    mark = session.marks[-1] & (FAILED | CHANGED | SILENT)
    both = int.from_bytes(view.wording.opening) ^ int.from_bytes(session.endings[-WIDTH:])
    return (both << 8 | mark).to_bytes(WIDTH + 1)


def looked_up(view: View) -> tuple[bytes, ...]:
    if view.model is None:
        return ()
    words, bits = view.wording.words, view.model.named_bits
    each = [words[at : at + 4] for at in range(0, len(words), 4)]

    def is_named(word: bytes) -> int:
        mark = int.from_bytes(word)
        return bits[(mark >> 3) & (len(bits) - 1)] >> (mark & 7) & 1

    return tuple([word for word in each if is_named(word)][:12])


def worst_named(view: View) -> tuple[bytes, float, float | None] | None:
    found, most = None, -1.0
    scopes = _telling(view.model.word_merits, view.scopes) if view.model is not None else []
    for word in looked_up(view):
        rate = view.rate_of(word)
        if rate is None or rate.named is None:
            continue
        everywhere = p = rate.named.mean(view.p_kind, 1.0)
        here = None
        for scope in scopes:
            if scope in rate.scopes:
                here = plain.inside(rate.named, rate.scopes[scope], view.p_kind)
                p = max(p, here)
                break
        if p > most:
            most, found = p, (word, everywhere, here)
    return found


def _telling(merits: Mapping[str, Sequence[float]], scopes: plain.Scopes) -> list[bytes]:
    told = sorted((-merit[0], value) for key, value in scopes if (merit := merits.get(key)) and merit[0] > 0.0)
    return [value for _, value in told]


def telling_words(view: View, x: list[float], at: int) -> None:
    found = worst_named(view)
    if found is not None:
        _, everywhere, here = found
        level = logit(everywhere)
        x[at] = level - view.base
        if here is not None:
            x[at + 1] = logit(here) - level


def believed(view: View) -> float:
    failures = view.tool_pattern.rate.failures if view.tool_pattern is not None else 0.0
    return view.lasting * failures / (failures + 10.0)


def phrasing(view: View, x: list[float], at: int) -> None:
    phrases = view.model.phrases if view.model is not None else None
    if phrases is None:
        return
    written = view.wording
    trust = view.likeness
    x[at] = believed(view) * phrases.weigh(written, view.scopes)
    rate = phrases.rate(written.words, view.p_kind, 2.0)
    if rate is not None:
        x[at + 1] = trust * (rate - view.base)
    if phrases.settled:
        new_words, new_pairs = phrases.newness(written.words)
        x[at + 2] = trust * (new_words - phrases.usual_words)
        x[at + 3] = trust * (new_pairs - phrases.usual_pairs)


def session_trend(view: View, x: list[float], at: int) -> None:
    session = view.session
    if session is None:
        return
    n = session.successes + session.failures
    trust = view.likeness
    x[at] = trust * (logit((session.failures + 2.0 * view.p_tool) / (n + 2.0)) - view.base_tool)
    kind = view.features.kind
    calls, failures = session.of_kind(kind)
    if calls:
        x[at + 1] = trust * (logit((failures + 2.0 * view.p_kind) / (calls + 2.0)) - view.base)
        place = session.last_of_kind(kind)
        error = view.pattern(Level.ERROR, session.template(place)) if session.failed(place) else None
        if error is not None:
            x[at + 2] = trust * (logit(error.kin.mean(view.p_kind, 2.0)) - view.base)


def run_of(view: View, model: Any) -> tuple[int, int]:
    session = view.session
    if session is None:
        run, same = model.streak, model.streak_same > 1
        return _STEPS[min(run, 5)] + (8 if same else 0), run
    run = session.trailing_failures()
    same = run > 1 and session.templates[-WIDTH:] == session.templates[-2 * WIDTH : -WIDTH]
    return _STEPS[min(run, 5)] + 16 + (8 if same else 0), run


def streak(view: View, x: list[float], at: int) -> None:
    model = view.model
    record = model.streaks.get(run_of(view, model)[0]) if model is not None else None
    if record is not None:
        x[at] = view.trust * (logit(record.mean(view.p_tool, 4.0)) - view.base_tool)


def longer(view: View) -> float:
    model = view.model
    return log(len(view.features.preview) + 1) - model.usual_length if model is not None and model.lengths else 0.0


def length(view: View, x: list[float], at: int) -> None:
    x[at] = view.likeness * longer(view)


def known_call(view: View, x: list[float], at: int) -> None:
    fingerprint = view.features.fingerprint[:8]
    if view.model is not None and worked(view.model.worked_calls, hash_of(fingerprint, view.epoch)):
        x[at + 3] = view.likeness
    pattern = view.known_call()
    if pattern is None:
        return
    successes, failures = pattern.rate.faded(view.now, half_life_of(pattern.transient))
    here = view.seen >= 0 and view.session is not None
    if view.session is not None and here:
        began, broke = view.session.episodes(fingerprint)
        successes = max(0.0, successes - began)
        failures = max(0.0, failures - broke)
    if successes + failures < 0.05:
        return
    level = logit((failures + view.p_kind) / (successes + failures + 1.0))
    over = level - view.base
    x[at] = over if over > 0.0 else view.lasting * over
    if here:
        return
    best, scope = 0.0, None
    for key, value in view.scopes:
        merit = view.model.merits.get(key) if view.model is not None else None
        if value in pattern.scopes and merit is not None and merit[0] > best:
            best, scope = merit[0], pattern.scopes[value]
    if scope is not None:
        x[at + 1] = logit(plain.inside(pattern.rate, scope, view.p_kind)) - level
    if not pattern.last_failed:
        x[at + 2] = -view.lasting
    elif not pattern.transient:
        x[at + 2] = 1.0


def p_tool(pattern: UsagePattern | None) -> float:
    return 0.1 if pattern is None else pattern.rate.mean(0.1, 10.0)

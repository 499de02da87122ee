"""Views over records of all sorts, and of none."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sidecar.learning.phrases import Phrases
from sidecar.learning.rates import KindRate
from sidecar.learning.scopes import scopes_of
from sidecar.learning.session import CAUSE_SHIFT, Session
from sidecar.learning.tables import MODELS, RATES, SESSIONS
from sidecar.learning.tool_model import Model, new_model
from sidecar.learning.view import View, places_of
from sidecar.learning.wording import Wordings, wording_of
from sidecar.learning.worked_calls import hash_of, note
from sidecar.model.call import Call, Features
from sidecar.model.counted import Counted
from sidecar.model.pattern import UsagePattern, pattern_id, subject_key
from sidecar.model.vocabulary import Level
from sidecar.store.tables import PATTERNS, hash16

from . import plain_proposals as plain

NOW = 1.7e9
_TIMES = st.sampled_from((0.0, NOW - 5e6, NOW - 60.0, NOW, NOW + 60.0))
_COUNTED = st.builds(Counted, st.floats(0.0, 250.0), st.floats(0.0, 250.0), _TIMES)
_IDS = st.integers(0, 3).map(lambda number: bytes([number + 1]) * 8)
_CONTEXTS = st.dictionaries(st.sampled_from(("db", "host", "user")), st.sampled_from(("a", "b")), max_size=3)
_TEXTS = st.sampled_from(("ls /tmp | wc -l", "SELECT a FROM b", "", "x" * 90, "größe ändern; los", "ls /home"))
_MERITS = st.dictionaries(
    st.sampled_from(("db", "host", "user")), st.tuples(st.floats(-2.0, 2.0), st.floats(0.0, 9.0)).map(list), max_size=3
)


class Rows:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, bytes], Any] = {}

    def get(self, table: Any, key: bytes) -> Any:
        return self.rows.get((table.name, key))


def _scopes(data: st.DataObject) -> dict[bytes, Counted]:
    values = [value for _, value in scopes_of({"db": "a", "host": "b", "user": "a"})]
    return data.draw(st.dictionaries(st.sampled_from(values), _COUNTED, max_size=3))


def _session(data: st.DataObject, endings: list[bytes], fingerprint: bytes) -> Session:
    session = Session()
    calls = st.lists(st.tuples(_IDS, _IDS, _IDS, st.booleans(), st.booleans(), st.integers(0, 2)), max_size=70)
    for some, kind, template, failed, silent, ending in data.draw(calls):
        mark = (1 | 3 << CAUSE_SHIFT) if failed else (2 | (4 if silent else 0))
        session.add(fingerprint if some[0] == 1 else some, kind, template if failed else b"", mark, NOW)
        session.remember_ending(endings[ending])
    return session


def _model(data: st.DataObject, words: bytes, forms: bytes, fingerprint: bytes) -> Model:
    model = new_model([0.0] * 40)
    each = [words[at : at + 4] for at in range(0, len(words), 4)]
    if each:
        model.remember_named(data.draw(st.lists(st.sampled_from(each), max_size=14)))
    model.word_merits, model.merits = data.draw(_MERITS), data.draw(_MERITS)
    model.streaks = data.draw(st.dictionaries(st.integers(0, 30), _COUNTED, max_size=12))
    model.streak, model.streak_same = data.draw(st.integers(0, 20)), data.draw(st.integers(0, 20))
    model.passing, model.lasting = data.draw(st.floats(0.0, 90.0)), data.draw(st.floats(0.0, 90.0))
    model.lengths, model.usual_length = data.draw(st.integers(0, 2)), data.draw(st.floats(0.0, 6.0))
    for call, failed in data.draw(st.lists(st.tuples(st.sampled_from((fingerprint, b"other   ")), st.booleans()))):
        model.worked_calls = note(model.worked_calls, hash_of(call, 0), 1, failed=failed)
    if data.draw(st.booleans()):
        phrases = model.phrases = Phrases()
        for failed in data.draw(st.lists(st.booleans(), max_size=5)):
            phrases.count(words, failed=failed)
            if not failed:
                phrases.settle(words[: data.draw(st.integers(0, len(words) // 4)) * 4])
            written = wording_of("t", {"q": data.draw(_TEXTS)})
            phrases.descend(written, (), 0.4 if failed else -0.3)
    return model


def drawn_view(data: st.DataObject) -> View:
    text, context = data.draw(_TEXTS), data.draw(_CONTEXTS)
    arguments: dict[str, Any] = {"q": text}
    written = wording_of("t", arguments)
    fingerprint, kind = b"fingerpr" * 2, data.draw(_IDS)
    call = Call("t", arguments, "", context, data.draw(st.sampled_from(("", "s"))), "", "", "", "", NOW)
    features = Features(fingerprint, b"shape   ", kind, text, context)
    subject, memory = subject_key("t"), Rows()
    rows = memory.rows
    rate = st.builds(lambda counted: KindRate("t", counted, _scopes(data)), _COUNTED)
    if data.draw(st.booleans()):
        rows[MODELS.name, subject] = _model(data, written.words, written.forms, fingerprint[:8])
    if data.draw(st.booleans()):
        session = _session(data, [written.ending, written.opening, b"another."], fingerprint)
        rows[SESSIONS.name, hash16("s")] = session
    for shared in (kind, written.ending):
        if data.draw(st.booleans()):
            rows[RATES.name, subject + shared] = data.draw(rate)
    for at in range(0, len(written.words), 4):
        found = data.draw(st.none() | rate)
        if found is not None:
            found.named = data.draw(st.none() | _COUNTED)
            rows[RATES.name, subject + written.words[at : at + 4]] = found
    for level, covers in (
        (Level.TOOL, b""),
        (Level.CALL, fingerprint[:8]),
        *((Level.ERROR, bytes([number]) * 8) for number in (1, 2, 3)),
    ):
        if data.draw(st.booleans()):
            pattern = UsagePattern(level, "t", "", covers, "")
            pattern.rate, pattern.kin, pattern.scopes = data.draw(_COUNTED), data.draw(_COUNTED), _scopes(data)
            pattern.transient, pattern.last_failed = data.draw(st.booleans()), data.draw(st.booleans())
            rows[PATTERNS.name, pattern_id(subject, level, covers)] = pattern
    view = View(memory, call, features, None, places_of([0.0] * 40, Wordings()))
    if data.draw(st.booleans()):
        rows[RATES.name, subject + plain.turn(view)] = data.draw(rate)
    return view

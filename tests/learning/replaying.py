"""Detectors fed call by call, without a store."""

from __future__ import annotations

from typing import Any

from sidecar.capture.extractor import Extractor
from sidecar.capture.redaction import Redactor
from sidecar.learning.detector import Finding
from sidecar.learning.foresight import Foresight
from sidecar.learning.learner import UsagePatternLearner
from sidecar.learning.schemas import Schemas
from sidecar.learning.tables import MODELS, SESSIONS
from sidecar.learning.tool_model import Model
from sidecar.learning.view import Outcome as Learned
from sidecar.learning.view import View
from sidecar.model.call import Call, Features, Result
from sidecar.model.pattern import subject_key
from sidecar.model.vocabulary import Outcome


class _Memory:
    """What a transaction does, in a dict."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, bytes], Any] = {}

    def get(self, table: Any, key: bytes) -> Any:
        return self.rows.get((table.name, key))

    def put(self, table: Any, key: bytes, value: Any) -> None:
        self.rows[table.name, key] = value


class Replay:
    """Calls, a second apart, of the tool ``t`` where no other is named; keyword arguments are the context."""

    def __init__(self) -> None:
        self._foresight = Foresight(Schemas())
        self._learner = UsagePatternLearner(self._foresight, 600.0)
        self._extractor = Extractor(Redactor(b"k" * 32))
        self._memory: Any = _Memory()
        self._now = 1.7e9

    def tell(self, arguments: dict[str, Any], error: str, session_id: str, *, tool: str = "t", **context: str) -> None:
        """Learn from a call, which failed if there is an error."""
        outcome = Outcome.FAILURE if error else Outcome.SUCCESS
        call = self._call(tool, arguments, session_id, context)
        captured = self._extractor.extract_pattern(call, Result(outcome, error=error, result_excerpt="x"))
        view = self._view(call, captured.features)
        learned = Learned(
            bool(error), captured.classification, captured.error, silent=False, call_id="c", now=call.time
        )
        self._learner.learn(view, learned)
        self._learner.save(self._memory, view)
        self._memory.put(SESSIONS, view.session_key, view.session)

    def model(self) -> Model:
        """What was learned of the tool ``t``."""
        found: Model = self._memory.get(MODELS, subject_key("t"))
        return found

    def rows(self) -> list[Any]:
        """All records that were written."""
        return list(self._memory.rows.values())

    def features(self, arguments: dict[str, Any], session_id: str, **context: str) -> dict[str, float]:
        """What all detectors say of a call, by feature."""
        view = self._asked(arguments, session_id, context)
        return dict(zip(self._foresight.names, self._foresight.judge(view).x, strict=True))

    def p_fail(self, arguments: dict[str, Any], session_id: str, **context: str) -> float:
        """The probability that a call is given."""
        return self._foresight.judge(self._asked(arguments, session_id, context)).p

    def explain(self, code: str, arguments: dict[str, Any], session_id: str, **context: str) -> Finding | None:
        """A detector's fact about a call."""
        view = self._asked(arguments, session_id, context)
        (detector,) = (one for one in self._foresight.detectors if one.code == code)
        return detector.explain(view)

    def _asked(self, arguments: dict[str, Any], session_id: str, context: dict[str, str]) -> View:
        call = self._call("t", arguments, session_id, context)
        return self._view(call, self._extractor.features_of(call.tool, call.arguments, call.context))

    def _view(self, call: Call, features: Features) -> View:
        return self._foresight.view(self._memory, call, features, None)

    def _call(self, tool: str, arguments: dict[str, Any], session_id: str, context: dict[str, str]) -> Call:
        self._now += 1.0
        return Call(tool, arguments, "", context, session_id, "", "", "", "", self._now)

"""The arguments break the tool's registered JSON Schema: known to fail before anyone tried.

Its weight is learned like any other, so a schema that is stricter than its tool loses its say.
"""

from __future__ import annotations

from ...model.vocabulary import Cause
from ..detector import Finding
from ..schemas import Schemas
from ..view import Outcome, View


class SchemaViolation:
    """See the module."""

    code = "schema_violation"
    about = "whether the arguments meet the tool's schema"
    needs = ""
    features = (("schema_violation", 6.0),)

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def propose(self, view: View, x: list[float], at: int) -> None:
        """1 where the arguments break the schema."""
        if view.tool is not None and view.tool.descriptor.input_schema_json and self._violation(view):
            x[at] = 1.0

    def explain(self, view: View) -> Finding | None:
        """What they break."""
        violation = self._violation(view)
        if not violation:
            return None
        assert view.tool is not None  # noqa: S101 - a violation was found in its schema
        missing = self._schemas.missing(
            view.tool.descriptor.input_schema_json, view.call.arguments, view.call.arguments_json
        )
        remedy = (
            f"It needs the arguments {', '.join(missing)}."
            if missing
            else "The arguments have to meet the tool's schema."
        )
        return Finding(
            summary=f"the arguments break the tool's schema: {violation}",
            cause=Cause.INVALID_ARGUMENT,
            remedy=remedy,
            learned=False,
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Nothing beside the weight."""

    def _violation(self, view: View) -> str:
        if view.tool is None or not view.tool.descriptor.input_schema_json:
            return ""
        return self._schemas.violation(
            view.tool.descriptor.input_schema_json, view.call.arguments, view.call.arguments_json
        )

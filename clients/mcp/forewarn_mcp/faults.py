"""What can go wrong in a tool, as the host is told: a code, a reason, the fields, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError

from forewarn import errors
from forewarn_mcp.answering import text_of

_FIXES: Final = {
    "ETAG_MISMATCH": "It has changed since it was read. Show it again, and repeat with its etag or revision of now.",
    "NOT_FOUND": "List what there is; ids are given whole.",
    "FAILED_PRECONDITION": "Show it: its state does not allow this any more.",
    "WORKFLOW_COMPLETED": "It was completed otherwise before; show_workflow shows how. Nothing was changed.",
    "ALREADY_EXISTS": "Take another id, or update the one that is there. A deleted one keeps its id.",
    "INVALID_ARGUMENT": "Correct the named arguments.",
    "QUEUE_FULL": "The daemon is busy. Try again in a second.",
    "TOO_MANY_STREAMS": "The daemon is busy. Try again in a second.",
    "POLICY_INVALID": "Correct the policy document; forewarn policy lint explains its faults.",
}
_UNKNOWN_EFFECT: Final = " It is not known whether the change was made: look before you repeat it."
_SNAKE: Final = re.compile(r"_([a-z])")


class ToolFault(Exception):  # noqa: N818 (it says what happened)
    """A tool cannot do what it was asked. Nothing was changed, unless ``fix`` says otherwise."""

    def __init__(
        self, code: str, message: str, *, reason: str = "", fields: Sequence[tuple[str, str]] = (), fix: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.fields = tuple(fields)
        self.fix = fix

    def result(self) -> CallToolResult:
        """The tool's answer. Texts of the daemon stand in it as JSON, so that they read as data."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.reason:
            error["reason"] = self.reason
        if self.fields:
            error["fields"] = [{"field": name, "problem": problem} for name, problem in self.fields]
        if self.fix:
            error["fix"] = self.fix
        content = {"error": error}
        return CallToolResult(
            content=[TextContent(type="text", text=text_of(content))], structured_content=content, is_error=True
        )


def from_validation(error: ValidationError) -> ToolFault:
    """Arguments that break the tool's input schema. The refused values are not repeated."""
    fields = [(".".join(str(part) for part in one["loc"]) or "arguments", one["msg"]) for one in error.errors()[:20]]
    return ToolFault(
        "invalid_argument", "the arguments cannot be used", reason="INVALID_ARGUMENT", fields=fields,
        fix=_FIXES["INVALID_ARGUMENT"],
    )  # fmt: skip


def from_daemon(error: errors.DaemonError, address: str, *, changes: bool) -> ToolFault:
    """What the daemon at ``address`` answered, or that it did not, to a tool that ``changes`` something or not."""
    fields = [(_argument(name), problem) for name, problem in error.violations]
    # A daemon that answers says why; a connection that broke has no reason.
    silent = not error.reason and isinstance(error, errors.UnavailableError | errors.DeadlineExceededError)
    if silent:
        if isinstance(error, errors.DeadlineExceededError):
            message = "the daemon did not answer in time"
            fix = "Try again, or start forewarn-mcp with a longer --timeout."
        else:
            message = "no daemon answers, or the connection broke before its answer"
            fix = "Start the daemon (forewarn-sidecar), or start forewarn-mcp with --address and --admin-address."
        message = f"{message} ({address})"
        if changes:
            fix += _UNKNOWN_EFFECT
    else:
        message = error.message
        fix = _FIXES.get(error.reason, "")
        if error.reason == "DEADLINE_EXCEEDED" and changes:
            fix = "Try again later." + _UNKNOWN_EFFECT
        if isinstance(error, errors.UnauthenticatedError):
            fix = "Give forewarn-mcp the credential of this door: FOREWARN_TOKEN, FOREWARN_ADMIN_TOKEN."
    return ToolFault(error.status, message, reason=error.reason, fields=fields, fix=fix)


def _argument(path: str) -> str:
    """The tool's argument for a field of the API: "entity.suggested_resources[2]" is "suggestedResources[2]"."""
    return _SNAKE.sub(lambda found: found[1].upper(), path.removeprefix("entity."))

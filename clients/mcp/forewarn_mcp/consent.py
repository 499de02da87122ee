"""Asks the user of the host before something is changed: MCP's elicitation, in both of its forms.

Until protocol 2025-11-25 the server sends a request of its own. From 2026-07-28 on it answers that it needs input, and
the host repeats the call with the user's answer; what was asked is remembered here under a random word that the host
sends back, so that an answer counts once, and only for the arguments that the user was asked about.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import OrderedDict
from typing import Any, Final

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp_types import CallToolRequestParams, ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from forewarn_mcp.faults import ToolFault

_KEY: Final = "consent"
_OPEN: Final = 64
"""Questions that wait for an answer; the oldest makes way."""
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "confirm": {
            "type": "boolean",
            "title": "Do it",
            "description": "Texts in quotes come from recorded workflows and calls, or from the agent.",
        }
    },
    "required": ["confirm"],
}
_FIX: Final = (
    "Ask the user to decide in a terminal (forewarn suggestions, forewarn knowledge), or to start forewarn-mcp with "
    "--changes allow, which lets you decide without being asked."
)


class Consent:
    """Asks, and remembers what was asked."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, str] = OrderedDict()

    def asks_again(self, params: CallToolRequestParams) -> bool:
        """Whether this call brings the answer to a question."""
        return params.request_state is not None

    async def ask(
        self, context: ServerRequestContext[Any], params: CallToolRequestParams, question: str
    ) -> InputRequiredResult | None:
        """None where the user has said yes; else what to answer so that the user is asked.

        Raises:
            ToolFault: the user said no, or cannot be asked.
        """
        capabilities = context.session.client_capabilities
        if capabilities is None or capabilities.elicitation is None:
            raise ToolFault("permission_denied", "this host cannot ask its user", reason="NOT_CONFIRMED", fix=_FIX)
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return self._require(params, question)
        try:
            answer = await context.session.elicit_form(question, _FORM, related_request_id=context.request_id)
        except (MCPError, NoBackChannelError, ValidationError) as error:
            raise ToolFault(
                "permission_denied", "the host did not ask its user", reason="NOT_CONFIRMED", fix=_FIX
            ) from error
        _check(answer)
        return None

    def answered(self, params: CallToolRequestParams) -> None:
        """Take the answer to a question.

        Raises:
            ToolFault: it is a no, or the answer to something else.
        """
        asked = self._open.pop(params.request_state or "", None)
        answer = (params.input_responses or {}).get(_KEY)
        if asked is None or asked != _digest(params) or not isinstance(answer, ElicitResult):
            raise ToolFault(
                "permission_denied", "this is no answer to what the user was asked", reason="NOT_CONFIRMED",
                fix="Call the tool again.",
            )  # fmt: skip
        _check(answer)

    def _require(self, params: CallToolRequestParams, question: str) -> InputRequiredResult:
        state = secrets.token_urlsafe(24)
        self._open[state] = _digest(params)
        while len(self._open) > _OPEN:
            self._open.popitem(last=False)
        form = ElicitRequestFormParams(message=question, requested_schema=_FORM)
        return InputRequiredResult(input_requests={_KEY: ElicitRequest(params=form)}, request_state=state)


def _check(answer: ElicitResult) -> None:
    if answer.action != "accept" or (answer.content or {}).get("confirm") is not True:
        raise ToolFault(
            "permission_denied", "the user did not agree", reason="NOT_CONFIRMED",
            fix="Nothing was changed. Do not ask again unless the user wants it.",
        )  # fmt: skip


def _digest(params: CallToolRequestParams) -> str:
    told = json.dumps([params.name, params.arguments or {}], sort_keys=True)
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

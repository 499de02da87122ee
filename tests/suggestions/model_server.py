"""A local server that speaks the Messages API, as well or as badly as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.datastructures import Headers

Answer = Callable[[int], Response]
WORDS = {
    "description": "Streams events through Kafka topics",
    "triggers": ["Kafka", "event streaming"],
    "rationale": "Users asked for it in 6 of 6 recent cases.",
}


def message(text: str, stop_reason: str = "end_turn", tokens: int = 900) -> Response:
    """A message with one block of text."""
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": tokens - 100,
            "output_tokens": 100,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }
    return Response(json.dumps(body), content_type="application/json")


def good(_: int) -> Response:
    """What was asked for."""
    return message(json.dumps(WORDS))


def status(code: int, **headers: str) -> Answer:
    """An error."""
    body = json.dumps({"type": "error", "error": {"type": "api_error", "message": "SERVICE-TEXT"}})
    return lambda _: Response(body, code, headers, content_type="application/json")


class ModelServer:
    """Counts what it was asked, and answers with ``answer(number)`` after ``delay`` seconds."""

    def __init__(self, server: HTTPServer) -> None:
        self.answer: Answer = good
        self.delay = 0.0
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Headers] = []
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        self.url = server.url_for("").rstrip("/")
        server.expect_request("/v1/messages", method="POST").respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        with self._lock:
            self.requests.append(json.loads(request.data))
            self.headers.append(Headers(request.headers))
            number = len(self.requests)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            time.sleep(self.delay)
            return self.answer(number)
        finally:
            with self._lock:
                self._at_once -= 1

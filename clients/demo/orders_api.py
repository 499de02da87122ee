"""A small HTTP API on loopback, with outages: 503 with Retry-After for a while, then healthy again."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, NamedTuple

NAME: Final = "orders-api"


class Answer(NamedTuple):
    """What a request is answered with; ``retry_after`` in whole seconds, as HTTP has it."""

    status: int
    body: str
    retry_after: float | None = None


class OrdersApi:
    """Orders by number, at ``/orders/N``. Thread-safe."""

    def __init__(self, orders: Mapping[int, Mapping[str, object]]) -> None:
        self._orders = dict(orders)
        self._lock = threading.Lock()
        self._planned = 0.0
        self._down_until = 0.0
        self.requests = 0
        self.url = ""

    def plan_outage(self, seconds: float) -> None:
        """The next request finds it down, and for ``seconds`` from then."""
        with self._lock:
            self._planned = seconds

    def request(self, path: str) -> Answer:
        """A real request: counted, and the one that a planned outage begins with.

        Who was told when to come back is not told the contrary: it is down until then.
        """
        now = time.monotonic()
        with self._lock:
            self.requests += 1
            if self._planned:
                self._down_until, self._planned = now + self._planned, 0.0
            if self._down_until > now:
                self._down_until = now + math.ceil(self._down_until - now)
        return self.answer(path)

    def answer(self, path: str) -> Answer:
        """What a request would be answered with now. Changes nothing."""
        with self._lock:
            planned, left = self._planned, self._down_until - time.monotonic()
        if planned or left > 0:
            return Answer(503, json.dumps({"error": "down for maintenance"}), math.ceil(planned or left))
        number = path.removeprefix("/orders/")
        if path.startswith("/orders/") and number.isdigit() and int(number) in self._orders:
            return Answer(200, json.dumps(self._orders[int(number)]))
        return Answer(404, json.dumps({"error": f"nothing at {path}"}))


@contextmanager
def serving(api: OrdersApi) -> Iterator[None]:
    """The API on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = api.request(self.path)
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if answer.retry_after is not None:
                self.send_header("Retry-After", f"{answer.retry_after:g}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Nothing: the screen is ours."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()

"""A local HTTP server that speaks as much of Qdrant's REST API as is asked of it.

No binary of the real server was to be had. Behind it is the client's own embedded implementation, so that requests and
answers have the real shapes; `mode` lets it be slow, refuse, or talk nonsense.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from pytest_httpserver import HTTPServer
from qdrant_client import QdrantClient, models
from werkzeug import Request, Response


class QdrantServer:
    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.mode = "well"
        self.keys: list[str | None] = []
        self.upserted = 0
        self._lock = threading.Lock()
        self.lose_everything()
        server.expect_request("/collections", method="GET").respond_with_handler(self._answer)
        import re

        server.expect_request(re.compile("/collections/.*")).respond_with_handler(self._answer)

    def lose_everything(self) -> None:
        self.behind: Any = QdrantClient(":memory:", force_disable_check_same_thread=True)

    def _answer(self, request: Request) -> Response:
        self.keys.append(request.headers.get("api-key"))
        if self.mode == "slow":
            time.sleep(0.5)
        if self.mode == "refusing":
            return Response('{"status": {"error": "overloaded"}}', 503, content_type="application/json")
        if self.mode == "nonsense":
            return Response("<html>hello</html>", 200, content_type="text/html")
        with self._lock:
            try:
                result = self._do(request.method, request.path.split("/")[2:], request.get_data())
            except ValueError as error:  # no such collection
                return Response(json.dumps({"status": {"error": str(error)}}), 404, content_type="application/json")
        told = {"result": result, "status": "ok", "time": 0.001}
        return Response(json.dumps(told), 200, content_type="application/json")

    def _do(self, method: str, path: list[str], body: bytes) -> Any:
        name, *rest = path
        said = json.loads(body) if body else {}
        if rest == ["exists"]:
            return {"exists": self.behind.collection_exists(name)}
        if method == "PUT" and not rest:
            return self.behind.create_collection(name, vectors_config=models.VectorParams(**said["vectors"]))
        if method == "PUT" and rest == ["points"]:
            points = [models.PointStruct(**point) for point in said["points"]]
            self.upserted += len(points)
            self.behind.upsert(name, points)
            return {"operation_id": 1, "status": "completed"}
        if rest == ["points", "delete"]:
            self.behind.delete(name, said["points"])
            return {"operation_id": 1, "status": "completed"}
        if rest == ["points", "scroll"]:
            points, place = self.behind.scroll(name, limit=said["limit"], offset=said.get("offset"))
            return {"points": [point.model_dump(mode="json") for point in points], "next_page_offset": place}
        if rest == ["points", "query", "batch"]:
            requests = [models.QueryRequest(**one) for one in said["searches"]]
            return [one.model_dump(mode="json") for one in self.behind.query_batch_points(name, requests)]
        raise AssertionError(f"not spoken here: {method} {rest}")

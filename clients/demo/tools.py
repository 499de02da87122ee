"""The agent's tools. They really do what they say; ``rehearse`` does it on a copy, so that nothing real happens.

A rehearsal is how the demo knows what became of a call that was prevented: it is made on a copy of the world as it
is at that moment, and the daemon is not told.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Protocol

from .orders_api import OrdersApi

SHELL_SECONDS: Final = 10.0
HTTP_SECONDS: Final = 10.0

Arguments = Mapping[str, Any]


class ToolError(Exception):
    """A tool ended with an error. ``code`` and ``retry_after`` (seconds) are what the client looks for."""

    def __init__(self, message: str, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class Tool(Protocol):
    """What an agent can call."""

    name: str

    def run(self, arguments: Arguments) -> str:
        """Do it and give the result. Raises ToolError."""

    def rehearse(self, arguments: Arguments) -> str:
        """What ``run`` would do now, done on a copy of the world. Raises ToolError."""


class SqliteQuery:
    """SQL on a real database file."""

    name = "sqlite_query"
    schema: Final = {
        "type": "object",
        "properties": {"query": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1}},
        "required": ["query"],
        "additionalProperties": False,
    }

    def __init__(self, database: Path) -> None:
        self._database = database

    def run(self, arguments: Arguments) -> str:
        """See ``Tool``."""
        with closing(sqlite3.connect(self._database)) as connection:
            return self._query(connection, arguments)

    def rehearse(self, arguments: Arguments) -> str:
        """See ``Tool``."""
        with closing(sqlite3.connect(self._database)) as real, closing(sqlite3.connect(":memory:")) as copy:
            real.backup(copy)
            return self._query(copy, arguments)

    @staticmethod
    def _query(connection: sqlite3.Connection, arguments: Arguments) -> str:
        unknown = arguments.keys() - {"query", "max_rows"}
        if "query" not in arguments:
            raise ToolError("missing required argument: query")
        if unknown:
            raise ToolError(f"unexpected argument: {min(unknown)}")
        rows = arguments.get("max_rows", 20)
        if not isinstance(rows, int):
            raise ToolError(f"max_rows must be an integer, not {rows!r}")
        try:
            return str(connection.execute(arguments["query"]).fetchmany(rows))
        except sqlite3.Error as error:
            raise ToolError(str(error)) from error


class Shell:
    """Commands in a temporary folder."""

    name = "shell"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, arguments: Arguments) -> str:
        """See ``Tool``."""
        return self._run(arguments, self.folder)

    def rehearse(self, arguments: Arguments) -> str:
        """See ``Tool``."""
        with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=self.folder.parent) as parent:
            return self._run(arguments, Path(shutil.copytree(self.folder, Path(parent) / self.folder.name)))

    @staticmethod
    def _run(arguments: Arguments, folder: Path) -> str:
        done = subprocess.run(  # noqa: S603 - the commands are those of scripts.py
            ["/bin/sh", "-c", arguments["command"]],
            cwd=folder,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SHELL_SECONDS,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise ToolError(said or f"exit status {done.returncode}", code=f"exit {done.returncode}")
        return done.stdout


class HttpGet:
    """GET on the orders API, over loopback."""

    name = "http_get"

    def __init__(self, api: OrdersApi) -> None:
        self._api = api
        # No proxy of the user's: the server is on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def run(self, arguments: Arguments) -> str:
        """See ``Tool``."""
        try:
            with self._opener.open(self._api.url + arguments["path"], timeout=HTTP_SECONDS) as answer:
                text: str = answer.read().decode()
                return text
        except urllib.error.HTTPError as error:
            with error:
                wait = error.headers.get("Retry-After")
                raise ToolError(error.read().decode(), str(error.code), float(wait) if wait else None) from error

    def rehearse(self, arguments: Arguments) -> str:
        """See ``Tool``."""
        answer = self._api.answer(arguments["path"])
        if answer.status != 200:
            raise ToolError(answer.body, str(answer.status), answer.retry_after)
        return answer.body

"""A real MCP host: the SDK's client, and `forewarn-mcp` as a process that it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, ErrorData, Implementation

from tests.server.running import RunningDaemon

CLIENT = Implementation(name="test-host", version="1.2")


@dataclass
class Host:
    """A session with `forewarn-mcp`. ``answer`` is what its user says; None: it cannot ask."""

    session: ClientSession
    asked: list[str] = field(default_factory=list)

    async def call(self, tool: str, /, **arguments: Any) -> CallToolResult:
        """The tool's answer, whatever it is."""
        answer = await self.session.call_tool(tool, arguments)
        assert isinstance(answer, CallToolResult)
        return answer

    async def get(self, tool: str, /, **arguments: Any) -> Any:
        """What a tool that works gives, checked against its output schema by the SDK."""
        answer = await self.call(tool, **arguments)
        assert not answer.is_error, answer.content
        return answer.structured_content

    async def error(self, tool: str, /, **arguments: Any) -> Any:
        """What a tool that fails says."""
        answer = await self.call(tool, **arguments)
        assert answer.is_error, answer.structured_content
        return answer.structured_content["error"]


def addresses(daemon: RunningDaemon) -> list[str]:
    return ["--address", daemon.guard_address, "--admin-address", daemon.admin_address]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}


def parameters(*options: str, env: dict[str, str] | None = None) -> StdioServerParameters:
    arguments = ["-m", "forewarn_mcp", *options]
    return StdioServerParameters(command=sys.executable, args=arguments, env=environment() | (env or {}))


@asynccontextmanager
async def opened(
    *options: str, answer: bool | None = None, log: Path | None = None, env: dict[str, str] | None = None
) -> AsyncIterator[Host]:
    """A host that has started `forewarn-mcp` with options."""
    asked: list[str] = []

    async def elicit(context: Any, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"confirm": True}) if answer else ElicitResult(action="decline")

    with (log or Path(os.devnull)).open("w") as errlog:
        async with (
            stdio_client(parameters(*options, env=env), errlog=errlog) as (reading, writing),
            ClientSession(
                reading, writing, client_info=CLIENT, elicitation_callback=None if answer is None else elicit
            ) as session,
        ):
            await session.initialize()
            yield Host(session, asked)

"""A tool: what it is called, what it takes and gives, what it may do."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

from google.protobuf.message import Message
from mcp_types import Tool as ListedTool
from mcp_types import ToolAnnotations
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from forewarn.channel import Rpc
from forewarn_mcp.answering import Told
from forewarn_mcp.daemon import Daemon

Asked = TypeVar("Asked", bound=Message)
Answered = TypeVar("Answered", bound=Message)


class Input(BaseModel):
    """A tool's arguments, in camelCase; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)


Taken = TypeVar("Taken", bound=Input)


def _from_text(value: object) -> object:
    """Some hosts send lists and objects as JSON in a text."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


FromText: Final = BeforeValidator(_from_text)
Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=256)], ...], FromText]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]
PageToken = Annotated[str, Field(max_length=1024, description="Go on where an earlier answer's nextPageToken says.")]


@dataclass(frozen=True, slots=True)
class Session:
    """Who calls a tool, and whom it asks. ``actor`` is recorded with what is decided; at most 256 bytes."""

    daemon: Daemon
    actor: str

    async def ask(self, rpc: Rpc[Asked, Answered], request: Asked) -> Answered:
        """See ``Daemon.ask``."""
        return await self.daemon.ask(rpc, request)


@dataclass(frozen=True, slots=True)
class Tool(Generic[Taken]):
    """One tool.

    ``question`` is set where the tool changes what is known: the words in which a person is asked first, made from the
    arguments and what the daemon says about them.
    """

    name: str
    title: str
    description: str
    taken: type[Taken]
    output: dict[str, Any]
    run: Callable[[Session, Taken], Awaitable[Told]]
    service: str
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    question: Callable[[Session, Taken], Awaitable[str]] | None = None

    def listed(self) -> ListedTool:
        """As hosts list it."""
        return ListedTool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.taken.model_json_schema(by_alias=True),
            output_schema=self.output,
            annotations=ToolAnnotations(
                title=self.title,
                read_only_hint=self.read_only,
                destructive_hint=self.destructive,
                idempotent_hint=self.idempotent or self.read_only,
                open_world_hint=False,
            ),
        )


def quoted(text: str, limit: int = 300) -> str:
    """A text of others for a question to a person: on one line, in quotes, cut, without what steers a display."""
    flat = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return json.dumps(flat if len(flat) <= limit else flat[: limit - 1] + "…", ensure_ascii=False)

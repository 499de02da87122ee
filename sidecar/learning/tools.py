"""What runtimes say of their tools: schemas, annotations, alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from msgspec.structs import replace

from ..capture.extractor import Extractor
from ..model.errors import InvalidArgumentError, TooManyToolsError
from ..model.tool import Tool, ToolDescriptor
from ..store.store import Store
from ..store.tables import TOOLS, tool_key
from ..store.transaction import WriteTransaction
from .events import add_event
from .schemas import compile_schema, without_secrets
from .suspension import start_anew
from .totals import count_asked
from .versions import changed


@dataclass(frozen=True)
class Registration:
    """What registering one tool changed."""

    tool: str
    created: bool
    evidence_reset: bool


class ToolRegistry:
    """Registers tools. Thread-safe."""

    def __init__(self, store: Store, extractor: Extractor, max_tools: int) -> None:
        self._store = store
        self._extractor = extractor
        self._max_tools = max_tools

    def register(self, descriptors: Sequence[ToolDescriptor], now: float) -> Future[list[Registration]]:
        """Replace what is known of tools, all or nothing; the future completes when it is durable.

        Raises InvalidArgumentError for a schema that is none and for a tool named twice; the future may raise
        TooManyToolsError and the store's errors.
        """
        names: set[str] = set()
        for index, descriptor in enumerate(descriptors):
            if descriptor.tool in names:
                raise InvalidArgumentError(f"tools[{index}].tool", f"{descriptor.tool!r} is named twice")
            names.add(descriptor.tool)
            if descriptor.input_schema_json:
                compile_schema(descriptor.input_schema_json, f"tools[{index}].input_schema_json")
        kept = [self._kept(one) for one in descriptors]
        return self._store.submit(lambda txn: self._apply(txn, kept, now))

    def _kept(self, descriptor: ToolDescriptor) -> ToolDescriptor:
        """What is kept of a descriptor: secrets are hidden in names, texts and the schema's texts."""
        label = self._extractor.label
        return replace(
            descriptor,
            tool=label(descriptor.tool),
            server=label(descriptor.server),
            version=label(descriptor.version),
            alternatives=tuple(label(name) for name in descriptor.alternatives),
            # As the names of arguments are hidden before they are compared with these, by the same stand-in.
            volatile_arguments=tuple(label(name) for name in descriptor.volatile_arguments),
            description=self._extractor.observation_text(descriptor.description, 2048),
            input_schema_json=without_secrets(descriptor.input_schema_json, self._extractor.whole_text),
        )

    def _apply(self, txn: WriteTransaction, descriptors: Sequence[ToolDescriptor], now: float) -> list[Registration]:
        new = {one.tool: Tool(one, first_time=now) for one in descriptors if txn.get(TOOLS, tool_key(one.tool)) is None}
        if new and txn.count(TOOLS) + len(new) > self._max_tools:
            raise TooManyToolsError(
                f"{self._max_tools} tools are known, which is the limit", limit=str(self._max_tools)
            )
        count_asked(txn, new)
        return [self._register(txn, descriptor, new.get(descriptor.tool), now) for descriptor in descriptors]

    def _register(
        self, txn: WriteTransaction, descriptor: ToolDescriptor, new: Tool | None, now: float
    ) -> Registration:
        key = tool_key(descriptor.tool)
        tool = new or txn.get(TOOLS, key)
        assert tool is not None  # noqa: S101 - it is new otherwise
        created = new is not None
        before = tool.descriptor
        # A version that a call told before registration counts too.
        reset = changed(tool, descriptor.version, now)
        reset = reset or (tool.registered and before.input_schema_json != descriptor.input_schema_json)
        if reset:
            tool.epoch += 1
            start_anew(txn, tool)
            add_event(
                txn, "tool_reset", "its schema or version changed: its arguments are learned anew", tool=descriptor.tool
            )
        tool.descriptor = descriptor
        tool.registered = True
        txn.put(TOOLS, key, tool)
        return Registration(descriptor.tool, created, reset)

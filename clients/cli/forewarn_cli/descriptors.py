"""Tool descriptors from a JSON file: the API's own form, or what an MCP server answers to tools/list."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forewarn_cli.faults import UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2

_MCP_HINTS = {"readOnlyHint": "read_only", "destructiveHint": "destructive", "idempotentHint": "idempotent"}


def read(file: str, server: str) -> list[model_pb2.ToolDescriptor]:
    """The descriptors in `file` ("-": stdin); those that name no server get `server`."""
    from google.protobuf.json_format import ParseDict, ParseError

    from forewarn.v1 import model_pb2

    try:
        document = json.loads(
            sys.stdin.buffer.read().decode() if file == "-" else Path(file).read_text(encoding="utf-8")
        )
    except OSError as error:
        raise UsageFault(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageFault(f"{file} is not JSON: {error}") from error
    tools = document.get("tools", document) if isinstance(document, dict) else document
    made = []
    for place, tool in enumerate(tools if isinstance(tools, list) else [tools]):
        if not isinstance(tool, dict):
            raise UsageFault(f"{file}: tool {place} is not an object")
        try:
            descriptor = ParseDict(_from_mcp(tool) if "name" in tool else _from_api(tool), model_pb2.ToolDescriptor())
        except (ParseError, ValueError) as error:
            raise UsageFault(f"{file}: tool {place}: {error}") from error
        descriptor.server = descriptor.server or server
        made.append(descriptor)
    return made


def _from_api(tool: dict[str, Any]) -> dict[str, Any]:
    """The schema may also be given as the object that it is."""
    own = dict(tool)
    if "input_schema" in own:
        own["input_schema_json"] = json.dumps(own.pop("input_schema"))
    return own


def _from_mcp(tool: dict[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {"tool": tool["name"], "description": tool.get("description") or ""}
    if (schema := tool.get("inputSchema")) is not None:
        own["input_schema_json"] = json.dumps(schema)
    hints = tool.get("annotations")
    for hint, field in _MCP_HINTS.items():
        if isinstance(hints, dict) and isinstance(hints.get(hint), bool):
            own[field] = hints[hint]
    return own

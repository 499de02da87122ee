"""Modes: how far decisions reach, for all tools and for each."""

from __future__ import annotations

from typing import Final

from ..learning.events import add_event
from ..model.errors import InvalidArgumentError, NotFoundError
from ..model.tool import Tool
from ..model.vocabulary import Mode
from ..store.reader import Reader
from ..store.tables import META, TOOLS, tool_key
from ..store.transaction import WriteTransaction

_KEY: Final = b"mode"
#: Nobody is blocked on day one.
DEFAULT: Final = Mode.SHADOW
#: By number: looking one up as an enum takes three times as long, and each decision does.
_MODES: Final = {mode.value: mode for mode in Mode}


def mode_for_all(source: Reader | WriteTransaction) -> Mode:
    """The mode of all tools that have none of their own."""
    raw = source.get_raw(META, _KEY)
    return _MODES[raw[0]] if raw else DEFAULT


def mode_of(source: Reader | WriteTransaction, tool: Tool | None) -> Mode:
    """The mode in force for a tool."""
    if tool is not None and tool.mode is not Mode.INHERIT:
        return tool.mode
    return mode_for_all(source)


def set_mode(txn: WriteTransaction, mode: Mode, tool_name: str = "") -> tuple[Mode, Mode]:
    """Set the mode for all or for one tool; what was and what is in force then.

    Raises NotFoundError for a tool that was neither registered nor called, InvalidArgumentError for INHERIT for all.
    """
    if not tool_name:
        if mode is Mode.INHERIT:
            raise InvalidArgumentError("mode", "must be set: off, shadow, warn or enforce")
        before = mode_for_all(txn)
        txn.put(META, _KEY, bytes((mode,)))
        after: Mode = mode
    else:
        tool = txn.get(TOOLS, tool_key(tool_name))
        if tool is None:
            raise NotFoundError(f"no tool {tool_name!r} is known; register it or record a call first", tool=tool_name)
        before = mode_of(txn, tool)
        tool.mode = mode
        txn.put(TOOLS, tool_key(tool_name), tool)
        after = mode_of(txn, tool)
    if before is not after:
        add_event(txn, "mode_set", f"{before.name.lower()} → {after.name.lower()}", tool=tool_name)
    return before, after

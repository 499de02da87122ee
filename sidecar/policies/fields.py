"""The fields that conditions may name: closed for what is known of a call, open below arguments, context, derived."""

from __future__ import annotations

import difflib
from typing import Final, get_args, get_type_hints

from .facts import ARGUMENTS, CONTEXT, DERIVED, GROUPS, TIME_FIELDS

#: Fields of records that are no facts to compare with.
_LEFT_OUT: Final = frozenset({"call.arguments", "call.context", "call.lot"})


def _kind(hint: object) -> str:
    if hint is bool:
        return "truth"
    parts = get_args(hint)
    if hint in (int, float) or int in parts or float in parts:
        return "number"
    return "text"


#: Every closed field with the type of its values: "text", "number" or "truth".
KNOWN: Final[dict[str, str]] = {
    f"{group}.{name}": _kind(hint)
    for group, record in GROUPS.items()
    for name, hint in get_type_hints(record).items()
    if f"{group}.{name}" not in _LEFT_OUT
} | TIME_FIELDS


def is_open(path: str) -> bool:
    """Whether the path is below arguments, context or derived, where any name may stand."""
    return any(path.startswith(root + ".") for root in (ARGUMENTS, CONTEXT, DERIVED))


def kind_of(path: str) -> str | None:
    """The type of a field's values; None where any may come, or the field is not known."""
    return "text" if path.startswith(CONTEXT + ".") else KNOWN.get(path)


def derived_name(path: str) -> str | None:
    """The name in ``derived.<name>``; None of other fields."""
    return path[len(DERIVED) + 1 :] if path.startswith(DERIVED + ".") else None


def group_of(path: str) -> str:
    """The group of facts that the field belongs to."""
    return path.partition(".")[0]


def objection(path: str) -> tuple[str, str] | None:
    """What is wrong with a path, and how to mend it; None for a good one."""
    if path in KNOWN:
        return None
    if any(not step for step in path.split(".")):
        return f"“{path}” has an empty step", "write names with single dots between them"
    if is_open(path):
        if "*" in path and (path.count("*") > 1 or not path.endswith(".*") or path.startswith(DERIVED)):
            return f"“{path}”: * may only be the last step, below {ARGUMENTS} or {CONTEXT}", f"write {ARGUMENTS}.*"
        return None
    if path in (ARGUMENTS, CONTEXT, DERIVED):
        return f"“{path}” is no single field", f"name one below it, like {path}.region, or all with {path}.*"
    near = difflib.get_close_matches(path, KNOWN, 1) or [
        name for name in KNOWN if name.rpartition(".")[2] == path.rpartition(".")[2]
    ]
    hint = f"did you mean {near[0]}?" if near else f"an argument is {ARGUMENTS}.{path.rpartition('.')[2]}"
    return f"there is no field “{path}”", hint

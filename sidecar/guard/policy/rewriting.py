"""Changing arguments as policies say: paths below ``call.arguments``, in the form in which conditions name them."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from ...model.call import JSON
from ...policies.verdict import Edit


def rewritten(arguments: dict[str, JSON], edits: Sequence[Edit]) -> dict[str, JSON]:
    """The arguments with the edits made, in their order; the original stays as it is."""
    changed = copy.deepcopy(arguments)
    for edit in edits:
        value: JSON = list(edit.value) if isinstance(edit.value, tuple) else edit.value
        _edit(changed, edit.path.split("."), value)
    return changed


def _edit(inside: JSON, steps: list[str], value: JSON) -> None:
    """Set what the steps lead to, or remove it where the value is None. Objects in a list are all changed.

    A key may hold dots itself: the longest key that is there is taken.
    """
    if isinstance(inside, list):
        for one in inside:
            _edit(one, steps, value)
        return
    if not isinstance(inside, dict):
        return
    for length in range(len(steps), 0, -1):
        key = ".".join(steps[:length])
        if key in inside and (length == len(steps) or isinstance(inside[key], dict | list)):
            if length < len(steps):
                _edit(inside[key], steps[length:], value)
            elif value is None:
                del inside[key]
            else:
                inside[key] = value
            return
    if value is None:
        return
    if len(steps) == 1:
        inside[steps[0]] = value
        return
    below: dict[str, JSON] = {}
    inside[steps[0]] = below
    _edit(below, steps[1:], value)

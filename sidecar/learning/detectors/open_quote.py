"""A text whose quotation marks do not pair: what reads it as a command, a query or a script will not get past that.

An apostrophe inside of a word is no quotation mark, and neither is what stands after a backslash. Whether a tool minds
at all, its weights learn.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from ..detector import Finding
from ..view import Outcome, View
from ..wording import leaves_of, visible

#: Texts of one call that are looked at, and characters of one: of longer ones nothing is said.
_TEXTS: Final = 16
_CHARS: Final = 2_000
#: Calls of a tool before an open quotation mark may prevent: of a tool that is hardly known it says little.
_KNOWN_TOOL: Final = 30.0
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)
_SINGLE: Final = re.compile(r"'(?:(?!\w)|(?<!\w'))")
_NAMES: Final = {'"': "double quotation marks", "'": "single quotation marks", "`": "backquotes"}


class OpenQuote:
    """See the module."""

    code = "open_quote"
    about = "whether a quotation mark is left open"
    needs = ""
    features = (("open_quote", 1.5),)  # 1 where the quotation marks of a text are of an odd number

    def propose(self, view: View, x: list[float], at: int) -> None:
        """Whether there is such a text."""
        if _open(view) is not None:
            x[at] = view.likeness

    def explain(self, view: View) -> Finding | None:
        """Which mark, and where."""
        found = _open(view)
        if found is None:
            return None
        name, mark = found
        return Finding(
            summary=f"the {_NAMES[mark]} of `{name}` do not pair: one is left open",
            prevents=view.tool_pattern is not None and view.tool_pattern.rate.total >= _KNOWN_TOOL,
            remedy=f"Close or escape the quotation mark ({mark}) in `{name}`.",
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """What it is worth, the weights know."""


def _open(view: View) -> tuple[str, str] | None:
    """The argument with an open quotation mark, and the mark; None where all pair."""
    shown = view.features.preview
    if '\\"' not in shown and "'" not in shown and "`" not in shown:
        return None  # most calls have none, and looking at each of their texts takes longer
    for name, text in islice(leaves_of(visible(view.call, view.features)), _TEXTS):
        if len(text) > _CHARS:
            continue
        mark = _odd(_ESCAPED.sub("", text) if "\\" in text else text)
        if mark:
            return name, mark
    return None


def _odd(text: str) -> str:
    """The first sort of quotation mark of which there is an odd number; empty where there is none."""
    for mark in '"`':
        if text.count(mark) & 1:
            return mark
    return "'" if "'" in text and len(_SINGLE.findall(text)) & 1 else ""

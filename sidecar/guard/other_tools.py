"""Other tools to use instead: registered ones, and those that sessions turn to because this one failed.

What merely comes next is none: a tool is offered where it comes after failures of this one significantly more often
than after its successes, and than it comes elsewhere (``learning/successions.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..learning.describe import of_all
from ..learning.detectors.outage import strength
from ..learning.evidence import wilson
from ..learning.successions import Succession, answers_failures, succession_of
from ..learning.totals import read_totals
from ..learning.view import View
from ..model.decision import Alternative
from ..model.pattern import pattern_id, subject_key
from ..model.tool import Tool
from ..model.vocabulary import Level
from ..store.reader import Reader
from ..store.tables import PATTERNS, TOOLS, tool_key
from .latency import latency_of

#: Another tool is proposed when sessions went on with it at least this often, and it worked for at least this share.
_SUCCESSIONS: Final = 3
_SUCCESS: Final = 0.8
#: What does something else stands behind a correction that is as sure.
_ELSE: Final = 0.8


def other_tools(reader: Reader, view: View) -> list[Alternative]:
    """The tools to go on with, where that usually worked and they are not failing now."""
    found = []
    for name, succession, other in _turned_to(reader, view.tool):
        pattern = reader.get(PATTERNS, pattern_id(subject_key(name), Level.TOOL, b""))
        if pattern is None or not strength(pattern, view.now):
            found.append(_alternative(view, name, succession, other))
    return found


def names_of_other_tools(reader: Reader, tool: Tool | None) -> list[str]:
    """The tools that may be ranked beside this one: all that are registered as alternatives, and those turned to."""
    if tool is None:
        return []
    return [*tool.descriptor.alternatives, *(name for name, _, _ in _turned_to(reader, tool))]


def _turned_to(reader: Reader, tool: Tool | None) -> Iterator[tuple[str, Succession, Tool | None]]:
    if tool is None:
        return
    named = frozenset(tool.descriptor.alternatives)
    for name, counts in tool.successors.items():
        succession = succession_of(counts)
        usual = (
            succession.several
            and succession.worked >= _SUCCESSIONS
            and succession.worked >= _SUCCESS * succession.times
        )
        if not (usual or (name in named and succession.worked)):
            continue
        other = reader.get(TOOLS, tool_key(name))
        if name in named or (
            other is not None
            and not other.descriptor.destructive
            and answers_failures(tool, other, succession, read_totals(reader))
        ):
            yield name, succession, other


def _alternative(view: View, name: str, succession: Succession, tool: Tool | None) -> Alternative:
    worked, times = succession.worked, succession.times
    expected = (worked + 0.5) / (times + 1.0)
    return Alternative(
        tool=name,
        arguments_json="",
        expected_success=expected,
        interval=wilson(expected, times + 1.0),
        latency=latency_of(tool),
        cost=tool.cost_sum / tool.cost_calls if tool is not None and tool.cost_calls else 0.0,
        score=expected * _ELSE,
        rationale=f"After {view.call.tool} failed, sessions went on with {name}, which worked "
        f"{of_all(worked, times, 'time', 'times')}.",
        evidence=None,
    )

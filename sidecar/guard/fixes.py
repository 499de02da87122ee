"""What history knows to work instead: the call that succeeded after this one failed, the tool that did."""

from __future__ import annotations

from collections.abc import Iterator

from rapidfuzz import fuzz

from ..learning.describe import shown_arguments, times
from ..learning.evidence import wilson
from ..learning.view import View
from ..model.decision import Alternative
from ..model.pattern import Fix
from ..store.reader import Reader
from ..store.tables import TOOLS, tool_key
from .latency import latency_of

_LIMIT = 3
#: How alike (0 to 100) a correction of the same kind of error must be to the call that is to be corrected.
_ALIKE = 60.0
#: Another tool is proposed when sessions went on with it at least this often, and it worked for at least this share.
_SUCCESSIONS = 3
_SUCCESS = 0.8


def fixes_for(reader: Reader, view: View) -> tuple[Alternative, ...]:
    """At most three alternatives to a call that will probably fail, best first."""
    found: list[Alternative] = []
    seen: set[bytes] = {view.features.fingerprint}
    for fix in _corrections(view):
        if fix.fingerprint not in seen and not fix.preview.endswith("…"):
            seen.add(fix.fingerprint)
            found.append(_corrected(fix, view))
    if view.tool is not None:
        named = frozenset(view.tool.descriptor.alternatives)
        for name, (worked, failed) in view.tool.successors.items():
            usual = worked >= _SUCCESSIONS and worked >= _SUCCESS * (worked + failed)
            if usual or (name in named and worked):
                found.append(_other_tool(reader, view, name, worked, failed))
    found.sort(key=lambda one: -one.score)
    return tuple(found[:_LIMIT])


def _corrections(view: View) -> Iterator[Fix]:
    """What worked after this very call failed; and what did repeatedly after the error, where it is like this call."""
    call, error = view.known_call(), view.last_error()
    if call is not None:
        yield from call.fixes
    for fix in error.fixes if error is not None else ():
        if fix.worked > 1 and fuzz.ratio(fix.preview, view.features.preview) >= _ALIKE:
            yield fix


def _corrected(fix: Fix, view: View) -> Alternative:
    tool = view.tool
    expected = (fix.worked + 0.5) / (fix.worked + 1.0)
    return Alternative(
        tool=fix.tool,
        arguments_json=fix.preview,
        expected_success=expected,
        interval=wilson(expected, fix.worked + 1.0),
        latency=latency_of(tool),
        cost=tool.cost_sum / tool.cost_calls if tool is not None and tool.cost_calls else 0.0,
        score=expected,
        rationale=f"After this failed, {fix.tool} with {shown_arguments(fix.preview)} worked"
        + (f" {times(fix.worked)}." if fix.worked > 1 else "."),
        evidence=None,
    )


def _other_tool(reader: Reader, view: View, name: str, worked: int, failed: int) -> Alternative:
    tool = reader.get(TOOLS, tool_key(name))
    expected = (worked + 0.5) / (worked + failed + 1.0)
    return Alternative(
        tool=name,
        arguments_json="",
        expected_success=expected,
        interval=wilson(expected, worked + failed + 1.0),
        latency=latency_of(tool),
        cost=tool.cost_sum / tool.cost_calls if tool is not None and tool.cost_calls else 0.0,
        # Another tool does something else: it stands behind a correction that is as sure.
        score=expected * 0.9,
        rationale=f"After {view.call.tool} failed, sessions went on with {name}, which worked {worked} of "
        f"{worked + failed} times.",
        evidence=None,
    )

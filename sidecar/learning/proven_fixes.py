"""Which of the calls that worked instead may be handed out.

Corrections that more than one session stands behind, or the one that asks; and what the error itself offers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..model.call import JSON
from ..model.pattern import Edit, Fix, UsagePattern
from .edits import decoded
from .mending import is_mended, is_offered
from .session import WIDTH


def is_proven(one: Fix | Edit, session_key: bytes) -> bool:
    """Whether several sessions made it, or the one that asks (its key, empty where there is none) did itself."""
    return one.several or (bool(session_key) and one.session == session_key[:WIDTH])


def mended_by(
    pattern: UsagePattern, tool: str, session_key: bytes, errors: Sequence[str], arguments: Mapping[str, JSON]
) -> Iterator[Fix]:
    """The pattern's fixes that mend a call of the tool with these arguments, the best proven first."""
    for fix in sorted(pattern.fixes, key=lambda one: one.failed - one.worked):
        after = decoded(fix.preview)
        if fix.tool != tool or after is None:
            continue
        proven = is_proven(fix, session_key)
        if is_mended(errors, arguments, after, proven=True) if proven else is_offered(errors, arguments, after):
            yield fix

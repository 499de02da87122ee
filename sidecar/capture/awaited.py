"""Errors that say of themselves that they are a matter of time: "the job is not ready yet", "still processing".

Such an error is none of the tool (nothing is down) and none of the arguments, and the cause of its class does not tell
it from what lasts. General English; what it misses is learned from how repeats end, see ``learning/waiting.py``.
"""

from __future__ import annotations

import re
from typing import Final

_AWAITED: Final = re.compile(
    r"""\b(?:
        not\s(?:yet\s)?(?:ready|finished|completed?|done|available\syet|settled)
      | (?:isn't|hasn't|aren't|haven't)\s(?:yet\s)?(?:been\s)?(?:ready|finished|completed?|done|settled)
      | not\s(?:\w+\s){1,3}yet
      | still\s(?:being\s)?(?:running|processing|processed|pending|building|starting|waiting|loading|creating|created
        |provisioning|deploying|indexing|initiali[sz]ing|syncing|copying|queued|in\sprogress)
      | (?:is|are|currently|already)\sin\sprogress
      | (?:try|check|poll|ask)\sagain\s(?:later|soon|shortly|in\s(?:a|\d))
      | please\swait | (?:check|come)\sback\slater
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)


def is_awaited(error: str) -> bool:
    """Whether an error's text says that waiting is all that it takes."""
    return _AWAITED.search(error) is not None

"""The call takes up what an error offered: a title from its list of similar ones, the sum that it asked for.

After a failure most calls are tries, and look like the one that failed. One that carries a whole value which stood in
an error of the session, and in none of the calls that failed, is none of them: it mostly works.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ...model.pattern import UsagePattern
from ...model.vocabulary import Level
from ..detector import Finding
from ..edits import decoded
from ..pending import newest_failures
from ..session import Session
from ..view import Outcome, View
from ..wording import leaves_of, visible

#: Failures of the session whose errors are looked into, the newest, and values of the call that are looked for.
_FAILURES: Final = 4
_VALUES: Final = 32
#: Characters of a value: of shorter ones any text has some, longer ones are no name and no number.
_SHORTEST: Final = 3
_LONGEST: Final = 200


class Offered:
    """See the module."""

    code = "offered"
    about = "whether it takes up what an error of this session offered"
    needs = ""
    features = (("offered_value", -1.25),)  # 1 where it does

    def propose(self, view: View, x: list[float], at: int) -> None:
        """Whether there is such a value."""
        session = view.session
        if session is not None and view.subject in session.unmended and _taken(view):
            x[at] = 1.0

    def explain(self, view: View) -> Finding | None:
        """The value."""
        taken = _taken(view)
        if not taken:
            return None
        return Finding(summary=f"an error of this session offered “{taken}”, which this call takes up", prevents=False)

    def learn(self, view: View, outcome: Outcome) -> None:
        """What it is worth, the weights know."""


def _taken(view: View) -> str:
    """The first of the call's values that an error of the tool in this session offered; empty where there is none."""
    session = view.session
    if session is None or view.subject not in session.unmended:
        return ""
    if view.seen >= 0 and session.failed(view.seen):
        return ""  # nothing in it is new
    texts = list(_values(view))
    failures = _failures(view, session) if texts else []
    if not failures:
        return ""
    errors = "\n".join([failed.last_error for failed in failures]).lower()
    offered = [text for text in texts if _stands_in(text.lower(), errors)]
    if not offered:
        return ""
    tried: set[str] = set()
    for failed in failures:
        arguments = decoded(failed.description)
        if arguments is None:
            return ""  # it was cut: nobody knows what was in it
        tried.update([text.lower() for _, text in leaves_of(arguments)])
    return next((text for text in offered if text.lower() not in tried), "")


def _failures(view: View, session: Session) -> list[UsagePattern]:
    """The newest failures of the tool in the session that nothing has mended, as far as they are remembered."""
    found = [view.pattern(Level.CALL, one) for one in newest_failures(session, view.subject, _FAILURES)]
    return [failed for failed in found if failed is not None and failed.last_error]


def _values(view: View) -> Iterator[str]:
    left = _VALUES
    for _, text in leaves_of(visible(view.call, view.features)):
        if _SHORTEST <= len(text) <= _LONGEST:
            yield text
        left -= 1
        if not left:
            return


def _stands_in(text: str, within: str) -> bool:
    """Whether it stands there by itself, and not as a part of a longer word or number."""
    at = within.find(text)
    while at >= 0:
        end = at + len(text)
        if not (_joins(within[at - 1 : at], text[0]) or _joins(text[-1], within[end : end + 1])):
            return True
        at = within.find(text, at + 1)
    return False


def _joins(one: str, other: str) -> bool:
    """Whether two neighbouring characters are of one word; of no character, none is."""
    return (one.isalnum() or one == "_") and (other.isalnum() or other == "_")

"""Which errors speak of a call, and what in it they object to: where looking for something better begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ..capture.culprits import culprits
from ..capture.templates import template_id
from ..learning.pending import pending
from ..learning.view import View
from ..learning.wording import visible
from ..model.pattern import UsagePattern
from ..model.vocabulary import Cause, Level
from ..native.proposals import looked_up
from ..native.words import spell

#: Errors that are looked at, and parts of the arguments that one objects to.
MOST_ERRORS: Final = 3
MOST_UNKNOWN: Final = 3
#: Causes of failures that a better name can mend.
_NAMING: Final = frozenset((Cause.NOT_FOUND, Cause.INVALID_ARGUMENT))


def errors_of(view: View) -> list[UsagePattern]:
    """The kinds of error that speak of this call: its own last ones, then those open in the session."""
    ids = []
    last, call, session = view.last_error(), view.known_call(), view.session
    if last is not None:
        ids.append(last.covers)
    if call is not None and call.template:
        ids.append(template_id(call.template))
    if session is not None:
        ids += [one.template for one in pending(session) if one.subject == view.subject]
    found = (view.pattern(Level.ERROR, covers) for covers in list(dict.fromkeys(ids))[:MOST_ERRORS])
    return [pattern for pattern in found if pattern is not None]


def objections_of(view: View, call: UsagePattern | None) -> dict[str, tuple[str, ...]]:
    """Errors that spoke of names, each with what it objects to in this call.

    Of this call, and of calls of the session that share what was objected to.
    """
    arguments = view.call.arguments
    found: dict[str, tuple[str, ...]] = {}
    if call is not None and call.last_error and call.cause in _NAMING:
        found[call.last_error] = culprits(call.last_error, arguments)
    session = view.session
    if session is None:
        return found
    for one in pending(session):
        if one.subject != view.subject:
            continue
        failed = view.pattern(Level.CALL, one.fingerprint)
        if failed is None or failed.cause not in _NAMING or failed.last_error in found:
            continue
        objected = culprits(failed.last_error, arguments)
        if objected:
            found[failed.last_error] = objected
    return found


def unknown_names(view: View, objections: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The parts of the arguments that errors objected to, in lower case."""
    for text, objected in objections.items():
        # Who speaks is not who is spoken of: "mkdir: cannot create directory".
        speaker = text.partition(":")[0].rpartition("/")[2].lower()
        yield from [one for one in objected[:MOST_UNKNOWN] if one != speaker]
    named = [
        word
        for word in looked_up(view)
        if (rate := view.rate_of(word)) is not None
        and rate.named is not None
        and rate.named.failures > rate.named.successes
    ]
    if named:
        found = spell(named, visible(view.call, view.features))
        yield from [found[word] for word in named if word in found]

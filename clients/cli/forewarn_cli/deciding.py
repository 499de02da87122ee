"""What people do with a suggestion: find it, decide it, change its draft. The commands and the screen both use this."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from forewarn_cli.asking import me
from forewarn_cli.faults import Fault, Refused, UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli.connection import Door

Verb = Literal["approve", "reject", "dismiss", "undo"]
CHANGED: Final = "ETAG_MISMATCH"
"""The daemon's reason where a draft, or what it would change, is not what was looked at."""
_LOOKED_THROUGH: Final = 100_000
_ID: Final = 32


def full_id(ask: Door, suggestion_id: str) -> str:
    """The id that is meant: itself, or the only one of any state that begins or ends so."""
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli.paging import read

    short = suggestion_id.lower()
    if len(short) >= _ID:
        return short
    if len(short) < 4 or any(letter not in "0123456789abcdef" for letter in short):
        raise UsageFault(f"{suggestion_id!r} is no suggestion's id: at least 4 of its hexadecimal digits are needed")
    request = suggestion_pb2.ListSuggestionsRequest(any_state=True)
    listed = read(ask, "ListSuggestions", request, "suggestions", _LOOKED_THROUGH).suggestions
    ids: list[str] = [one.suggestion_id for one in listed]
    meant = [one for one in ids if one.endswith(short)] or [one for one in ids if one.startswith(short)]
    if len(meant) == 1:
        return meant[0]
    what = "the id of several suggestions" if meant else "no suggestion's id"
    raise UsageFault(f"{suggestion_id!r} is {what}")


def get(ask: Door, suggestion_id: str) -> suggestion_pb2.GetSuggestionResponse:
    """A suggestion, and what it would change."""
    from forewarn.v1 import suggestion_pb2

    request = suggestion_pb2.GetSuggestionRequest(suggestion_id=full_id(ask, suggestion_id))
    answer: suggestion_pb2.GetSuggestionResponse = ask("GetSuggestion", request)
    return answer


def decide(ask: Door, verb: Verb, suggestion_id: str, *, actor: str = "", reason: str = "", revision: int = 0) -> Any:
    """Do what the verb says. The answer has the suggestion as it is now, and what was changed by it.

    ``reason`` is for those that take one (all but approve), ``revision`` (0: whatever it is) for approve.
    """
    from forewarn.v1 import suggestion_pb2

    name = f"{verb.title()}Suggestion"
    more: dict[str, Any] = {"revision": revision} if verb == "approve" else {"reason": reason}
    request = getattr(suggestion_pb2, f"{name}Request")(suggestion_id=suggestion_id, actor=actor or me(), **more)
    return ask(name, request)


def modify(
    ask: Door, found: suggestion_pb2.Suggestion, text: str, *, actor: str = "", reason: str = ""
) -> suggestion_pb2.ModifySuggestionResponse:
    """Approve a suggestion with the draft that a text is. A Fault where it is none, as it was, or is refused."""
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli import draft_file

    draft = draft_file.draft_of(text)
    if draft == found.draft:
        raise draft_file.Unchanged(
            "the draft is as it was: nothing was done. `forewarn suggestions approve` takes it so."
        )
    request = suggestion_pb2.ModifySuggestionRequest(
        suggestion_id=found.suggestion_id, draft=draft, revision=found.revision, actor=actor or me(), reason=reason
    )
    answer: suggestion_pb2.ModifySuggestionResponse = ask("ModifySuggestion", request)
    return answer


def edit_and_modify(
    ask: Door, found: suggestion_pb2.Suggestion, edit: Callable[[str], str], *, actor: str = "", reason: str = ""
) -> suggestion_pb2.ModifySuggestionResponse:
    """Have a draft edited until it is taken, or until it is left as it was refused.

    What cannot be taken goes back into the editor with what is wrong with it on top. Where the draft has changed
    meanwhile, that says so, and saving once more takes the person's text. Work that cannot be kept otherwise is in a
    file that the Fault names.
    """
    from forewarn_cli import draft_file

    text = edit(draft_file.written(found))
    while True:
        try:
            return modify(ask, found, text, actor=actor, reason=reason)
        except draft_file.Unchanged:
            raise
        except (UsageFault, Refused) as fault:
            changed = isinstance(fault, Refused) and fault.reason == CHANGED
            shown = draft_file.with_fault(text, f"{fault}\nSaved as it is now, it is taken." if changed else str(fault))
            try:
                if changed:
                    found = get(ask, found.suggestion_id).suggestion
                text = edit(shown)
            except Fault as left:
                raise type(left)(f"{left}{_where(text)}") from left
            if text == shown and not changed:
                raise Fault(f"{fault}\nnothing was done{_where(text)}") from fault
        except Fault as fault:
            raise type(fault)(f"{fault}{_where(text)}") from fault


def _where(text: str) -> str:
    return f"\nwhat you wrote is in {keep(text)}; `forewarn suggestions modify ID --file PATH` takes it"


def keep(text: str) -> str:
    """Put a text where its writer finds it again: the path of a file of theirs alone."""
    number, path = tempfile.mkstemp(prefix="forewarn-draft-", suffix=".yaml")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    return path

"""Suggested policies and the policy book: what is approved decides from then on, in shadow.

A decision about a suggestion whose draft holds a policy document is one transaction over both rooms: state, history
and organisational policy of the suggestions, revision and event of the policy book. So a crash leaves all of it or
nothing, and there is nothing to mend; after a crash between the commit and the swap of engines the next start
compiles the policy with the others. The policy is compiled before, outside of the transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from ...knowledge.errors import EtagMismatchError
from ...model.errors import PreconditionError
from ...model.knowledge import Content
from ...model.suggestion import TAKEN, Suggestion, SuggestionKind, SuggestionState
from ...policies.document import Policy
from ...policies.single import only_policy
from ...store.store import Store
from ...store.transaction import WriteTransaction
from ...suggestions.inbox import Also, Decided, Inbox
from ...suggestions.policy_text import require_shadow_policy
from .book import PolicyBook, Stamp
from .live import LivePolicies

#: How a policy's origin begins that a suggestion made.
ORIGIN: Final = "suggestion:"
_FIELD: Final = "draft.policy_document"
#: How often an approval is tried where evidence changes the draft meanwhile.
_TRIES: Final = 3

#: Waits for a decision that touches no policy; it may give up before that is durable.
Wait = Callable[[Future[Decided]], Decided]


class SuggestedPolicies:
    """Decides suggestions, and applies to the policy book what they say of policies. Thread-safe."""

    def __init__(self, store: Store, inbox: Inbox, book: PolicyBook, live: LivePolicies) -> None:
        self._store = store
        self._inbox = inbox
        self._book = book
        self._live = live

    def approve(self, suggestion_id: str, wait: Wait, *, revision: int = 0, actor: str = "") -> Decided:
        """Do what is suggested. Raises what ``Inbox.approve`` does, and PreconditionError for a name that is taken."""
        for attempt in range(1, _TRIES + 1):
            found = self._get(suggestion_id)
            wanted = revision or (found.revision if found.state is SuggestionState.PENDING else 0)
            document = found.draft.policy_document

            def decide(also: Also | None, wanted: int = wanted) -> Future[Decided]:
                return self._inbox.approve(suggestion_id, revision=wanted, actor=actor, also=also)

            try:
                if not document.strip() or found.state is not SuggestionState.PENDING or _of_patterns(found):
                    return wait(decide(None))
                require_shadow_policy(document)
                return self._apply(found, document, actor, "", decide)
            except EtagMismatchError:
                if revision or attempt == _TRIES:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def modify(
        self, suggestion_id: str, draft: Content, wait: Wait, *, revision: int = 0, actor: str = "", reason: str = ""
    ) -> Decided:
        """Do it with another draft. Raises what ``Inbox.modify`` does, PreconditionError for a name that is taken."""
        draft = self._inbox.checked(draft)
        found = self._get(suggestion_id)

        def decide(also: Also | None) -> Future[Decided]:
            return self._inbox.modify(suggestion_id, draft, revision=revision, actor=actor, reason=reason, also=also)

        if not draft.policy_document.strip() or found.state is not SuggestionState.PENDING or _of_patterns(found):
            return wait(decide(None))
        return self._apply(found, draft.policy_document, actor, reason, decide)

    def undo(self, suggestion_id: str, wait: Wait, *, reason: str = "", actor: str = "") -> Decided:
        """Take a decision back, and its policy out of the book. PreconditionError where that has changed since."""
        found = self._get(suggestion_id)
        name = found.applied_policy

        def decide(also: Also | None) -> Future[Decided]:
            return self._inbox.undo(suggestion_id, reason=reason, actor=actor, also=also)

        with self._live.change:
            if found.state not in TAKEN or not name or name not in self._live.policies:
                return wait(decide(None))

            def submit(write: Callable[[WriteTransaction], int]) -> Decided:
                def also(txn: WriteTransaction, suggestion: Suggestion) -> None:
                    head = self._book.head(txn, name)
                    if head is None or head.number != suggestion.applied_policy_revision:
                        now = f"revision {head.number} now" if head is not None else "in the folder now"
                        raise PreconditionError(
                            f"the policy {name} has changed since it was approved ({now}); take it out with "
                            f"`forewarn policy delete {name}`, then undo",
                            policy=name,
                        )
                    write(txn)

                return decide(also).result()

            stamp = Stamp("delete", actor, _why(found, f"reverted{f': {reason}' if reason else ''}"), _origin(found))
            return self._book.join(name, None, "", stamp, submit)

    def _apply(
        self,
        found: Suggestion,
        document: str,
        actor: str,
        reason: str,
        decide: Callable[[Also | None], Future[Decided]],
    ) -> Decided:
        policy = only_policy(document, _FIELD)

        def submit(write: Callable[[WriteTransaction], int]) -> Decided:
            def also(txn: WriteTransaction, suggestion: Suggestion) -> None:
                if suggestion.draft.policy_document != document:  # newer evidence wrote another meanwhile
                    raise EtagMismatchError(
                        "the draft has changed since it was read; look at it again", revision=str(suggestion.revision)
                    )
                suggestion.applied_policy, suggestion.applied_policy_revision = policy.name, write(txn)

            return decide(also).result()

        with self._live.change:
            self._require_free(policy)
            stamp = Stamp("apply", actor, _why(found, reason), _origin(found))
            return self._book.join(policy.name, policy, document, stamp, submit)

    def _require_free(self, policy: Policy) -> None:
        if policy.name in self._live.policies:
            raise PreconditionError(
                f"there is a policy {policy.name} already; approve this with another name "
                f"(`forewarn suggestions modify`), or delete that one",
                policy=policy.name,
            )

    def _get(self, suggestion_id: str) -> Suggestion:
        with self._store.read() as reader:
            return self._inbox.get(reader, suggestion_id)


def _of_patterns(suggestion: Suggestion) -> bool:
    return suggestion.kind is not SuggestionKind.CREATE_POLICY


def _origin(suggestion: Suggestion) -> str:
    return f"{ORIGIN}{suggestion.suggestion_id.hex()}"


def _why(suggestion: Suggestion, reason: str) -> str:
    return f"{_origin(suggestion)}{f': {reason}' if reason else ''}"

"""What approving a suggestion does to organisational knowledge, and how it is taken back. Within jobs of the store."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from ..knowledge.errors import EtagMismatchError
from ..knowledge.repository import KnowledgeRepository
from ..knowledge.tables import PAST, past_key
from ..model.errors import InvalidArgumentError, PreconditionError
from ..model.knowledge import Content, Entity
from ..model.suggestion import Suggestion, SuggestionKind
from ..store.transaction import WriteTransaction

_WORD: Final = re.compile(r"[a-z0-9]+")
_SLUG_WORDS: Final = 6
_SLUG_CHARS: Final = 48


class Application:
    """Applies suggestions through the knowledge repository, which keeps revisions and provenance."""

    def __init__(self, repository: KnowledgeRepository) -> None:
        self._repository = repository

    def checked(self, content: Content) -> Content:
        """A draft as it may be kept. Raises InvalidArgumentError, naming a field of ``draft``."""
        try:
            return self._repository.redacted(content, "draft.policy_document")
        except InvalidArgumentError as error:
            raise InvalidArgumentError(error.field.replace("entity.", "draft."), error.description) from None

    def apply(self, txn: WriteTransaction, suggestion: Suggestion, content: Content, actor: str, now: float) -> Entity:
        """Do what is suggested, with this content. Raises what the repository raises."""
        if suggestion.kind in (SuggestionKind.CREATE_PATTERN, SuggestionKind.CREATE_POLICY):
            return self._repository.create_in(
                txn,
                suggestion.kind.of,
                self._new_id(suggestion, content),
                content,
                actor or "forewarn",
                f"suggestion:{suggestion.suggestion_id.hex()}",
                now,
            )
        author = _author(suggestion, actor)
        before = self._repository.find(txn, suggestion.target_id)
        if before is None or before.deleted_time:
            raise PreconditionError(f"{suggestion.target_id} is not there any more; dismiss the suggestion")
        suggestion.before_revision = before.revision
        if suggestion.kind is SuggestionKind.UPDATE_PATTERN:
            wanted = self._onto(txn, suggestion, content, before)
            if wanted is None:
                raise EtagMismatchError(
                    f"{suggestion.target_id} has changed since this was suggested; look at both again",
                    revision=str(before.revision),
                )
            return self._repository.update_in(txn, before, wanted, author, now)
        return self._repository.delete_in(txn, before, author, now)

    def take_back(self, txn: WriteTransaction, suggestion: Suggestion, actor: str, now: float) -> Entity:
        """Undo what approving did. PreconditionError where somebody has changed it since."""
        author = _author(suggestion, actor)
        entity = self._repository.get(txn, suggestion.applied_id)
        if entity.revision != suggestion.applied_revision:
            raise PreconditionError(f"{entity.id} has changed since it was approved; change it back by hand")
        if suggestion.kind in (SuggestionKind.CREATE_PATTERN, SuggestionKind.CREATE_POLICY):
            return self._repository.delete_in(txn, entity, author, now)
        past = txn.get(PAST, past_key(entity.kind, entity.id, suggestion.before_revision))
        if past is None:
            raise PreconditionError(f"the revision of {entity.id} before the approval is kept no longer")
        return self._repository.update_in(txn, entity, past.content, author, now)

    def is_current(self, txn: WriteTransaction, suggestion: Suggestion) -> bool:
        """Whether a pending suggestion still has something to change, and can."""
        if not suggestion.target_id:
            return True
        entity = self._repository.find(txn, suggestion.target_id)
        if entity is None or entity.deleted_time:
            return False
        if suggestion.kind is not SuggestionKind.UPDATE_PATTERN or entity.revision == suggestion.base_revision:
            return True
        return self._onto(txn, suggestion, suggestion.draft, entity) not in (None, entity.content)

    def target(self, txn: WriteTransaction, entity_id: str) -> Entity | None:
        """The entity that a suggestion would change."""
        return self._repository.find(txn, entity_id) if entity_id else None

    def _onto(self, txn: WriteTransaction, suggestion: Suggestion, wanted: Content, now: Entity) -> Content | None:
        """What is wanted of the revision that it was made for, of the present one; None where they contradict."""
        if now.revision == suggestion.base_revision:
            return wanted
        base = txn.get(PAST, past_key(now.kind, now.id, suggestion.base_revision))
        return three_way(base.content, wanted, now.content) if base is not None else None

    def _new_id(self, suggestion: Suggestion, content: Content) -> str:
        end = suggestion.suggestion_id.hex()[-6:]
        words = _WORD.findall(content.description.lower())[:_SLUG_WORDS]
        slug = "-".join(words)[:_SLUG_CHARS].strip("-")
        try:
            return self._repository.checked_id(f"{slug or suggestion.kind.of.name.lower()}-{end}")
        except InvalidArgumentError:  # a description of digits could look like a card's number
            return f"{suggestion.kind.of.name.lower()}-{end}"


def _author(suggestion: Suggestion, actor: str) -> str:
    """Who changes something, and because of what."""
    return f"{actor or 'forewarn'} (suggestion:{suggestion.suggestion_id.hex()})"


def merged(suggestion: Suggestion, given: Content) -> Content:
    """A draft that somebody changed, with what cannot be changed taken from the suggestion."""
    if suggestion.kind is SuggestionKind.CREATE_POLICY:
        return given
    return replace(given, policy_document="")


def three_way(base: Content, wanted: Content, now: Content) -> Content | None:
    """``now`` with the changes that lead from ``base`` to ``wanted``; None where both changed one text differently."""
    fields: dict[str, object] = {}
    for name in Content.__struct_fields__:
        was, shall, stands = getattr(base, name), getattr(wanted, name), getattr(now, name)
        if isinstance(was, tuple):
            kept = tuple(one for one in stands if one not in was or one in shall)
            fields[name] = (*kept, *(one for one in shall if one not in was and one not in stands))
        elif shall in (was, stands):
            fields[name] = stands
        elif stands == was or name == "rationale":  # a reason that was added says nothing against another
            fields[name] = shall if stands == was else f"{stands} {shall}"
        else:
            return None
    return Content(**fields)  # type: ignore[arg-type]

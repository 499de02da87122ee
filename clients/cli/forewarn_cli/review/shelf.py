"""What the screen knows: suggestions by id, and which of them are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from forewarn.v1 import suggestion_pb2
from forewarn_cli.suggestion_view import type_word
from forewarn_cli.wording import label

Pb = suggestion_pb2
PENDING: Final = Pb.SUGGESTION_STATE_PENDING
ANY: Final = Pb.SUGGESTION_STATE_UNSPECIFIED
#: In this order the keys go through them.
STATES: Final = (
    PENDING, ANY, Pb.SUGGESTION_STATE_APPROVED, Pb.SUGGESTION_STATE_MODIFIED, Pb.SUGGESTION_STATE_REJECTED,
    Pb.SUGGESTION_STATE_DISMISSED, Pb.SUGGESTION_STATE_EXPIRED, Pb.SUGGESTION_STATE_SUPERSEDED,
    Pb.SUGGESTION_STATE_REVERTED,
)  # fmt: skip
TYPES: Final = (
    Pb.SUGGESTION_TYPE_UNSPECIFIED, Pb.SUGGESTION_TYPE_CREATE_PATTERN, Pb.SUGGESTION_TYPE_UPDATE_PATTERN,
    Pb.SUGGESTION_TYPE_CREATE_POLICY, Pb.SUGGESTION_TYPE_DEPRECATE_PATTERN,
)  # fmt: skip
#: What can be taken back.
UNDOABLE: Final = frozenset(
    (
        Pb.SUGGESTION_STATE_APPROVED, Pb.SUGGESTION_STATE_MODIFIED, Pb.SUGGESTION_STATE_REJECTED,
        Pb.SUGGESTION_STATE_DISMISSED,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which suggestions are shown: of one state and type (unspecified: any), and with these words in them."""

    state: Pb.SuggestionState.ValueType = PENDING
    type: Pb.SuggestionType.ValueType = Pb.SUGGESTION_TYPE_UNSPECIFIED
    words: str = ""

    def next_state(self) -> Wanted:
        """The next of ``STATES``."""
        return replace(self, state=STATES[(STATES.index(self.state) + 1) % len(STATES)])

    def next_type(self) -> Wanted:
        """The next of ``TYPES``."""
        return replace(self, type=TYPES[(TYPES.index(self.type) + 1) % len(TYPES)])

    def has(self, one: Pb.Suggestion) -> bool:
        """Whether it is shown."""
        if (self.state and one.state != self.state) or (self.type and one.type != self.type):
            return False
        if not self.words:
            return True
        texts = (one.suggestion_id, type_word(one.type), one.target_id, one.reason, one.draft.description,
                 *one.draft.triggers, *one.draft.suggested_resources)  # fmt: skip
        whole = "\n".join(texts).casefold()
        return all(word in whole for word in self.words.casefold().split())

    def __str__(self) -> str:
        said = [label(Pb.SuggestionState, self.state) or "any state"]
        said += [type_word(self.type)] if self.type else []
        said += [f"“{self.words}”"] if self.words else []
        return ", ".join(said)


@dataclass(slots=True)
class Shelf:
    """Suggestions as they were told last."""

    known: dict[str, Pb.Suggestion] = field(default_factory=dict)
    #: There are older ones that were not asked for.
    cut: bool = False

    def fill(self, found: Iterable[Pb.Suggestion], *, cut: bool) -> None:
        """All there are, after (another) connection."""
        self.known = {one.suggestion_id: one for one in found}
        self.cut = cut

    def put(self, one: Pb.Suggestion) -> bool:
        """One is new, or has changed. False where it is older than what is known."""
        before = self.known.get(one.suggestion_id)
        if before is not None and _age(one) < _age(before):
            return False
        self.known[one.suggestion_id] = one
        return True

    def shown(self, wanted: Wanted, also: str = "") -> list[Pb.Suggestion]:
        """Newest first; and ``also`` whatever it is: what somebody looks at does not vanish under their hands."""
        found = [one for one in self.known.values() if one.suggestion_id == also or wanted.has(one)]
        return sorted(found, key=lambda one: one.suggestion_id, reverse=True)


def _age(one: Pb.Suggestion) -> tuple[int, int, int]:
    return one.updated_at.seconds, one.updated_at.nanos, one.revision

"""Better words for a draft: the interface that a provider of a model implements, in one file of its own.

A provider is told what was observed and gives words. It cannot change what is suggested: the kind, the target, the
resources, a policy's rules, the evidence and the confidence come from statistics, and only ``Words`` comes back.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final, Protocol

import msgspec

from ..model.knowledge import Content
from ..model.suggestion import Suggestion

#: Characters of what a model may write.
DESCRIPTION: Final = 500
TRIGGER: Final = 64
TRIGGERS: Final = 16
RATIONALE: Final = 2_000
#: Characters of each text that a model is told, and of all of them.
_TOLD: Final = 1_000
_INVISIBLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model writes."""

    description: str
    triggers: list[str]
    rationale: str


class Written(msgspec.Struct, frozen=True):
    """Words, and the tokens that they cost."""

    words: Words
    tokens: int


class DraftingError(Exception):
    """A model gave no draft. ``code`` is stable; ``again`` says whether asking again may help; ``tokens`` it cost."""

    code: ClassVar[str] = "failed"
    again: ClassVar[bool] = False

    def __init__(self, message: str, tokens: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.tokens = tokens
        self.retry_after = retry_after


class UnreachableModelError(DraftingError):
    """It is down, slow, or asks to be left alone."""

    code = "unreachable"
    again = True


class RefusedByModelError(DraftingError):
    """It declined to write this."""

    code = "refused"


class TruncatedDraftError(DraftingError):
    """It wrote more than there is room for. Once more, with more room."""

    code = "truncated"
    again = True


class NonsenseDraftError(DraftingError):
    """What it wrote is not what was asked for."""

    code = "nonsense"
    again = True


class NotAllowedError(DraftingError):
    """The provider does not accept the request: a key, a model or a setting is wrong."""

    code = "not_allowed"


class Drafter(Protocol):
    """A provider. Thread-safe; ``write`` may block for as long as its time-out."""

    @property
    def name(self) -> str:
        """What is shown as the author of drafts: provider and model."""
        ...

    @property
    def most_tokens(self) -> int:
        """What one request may cost at most."""
        ...

    def prepare(self) -> None:
        """Do what takes long the first time, so that no draft waits for it. Called once, on a thread of its own."""
        ...

    def write(self, facts: dict[str, Any], attempt: int) -> Written:
        """Words for facts; ``attempt`` counts from 1. Raises DraftingError."""
        ...


def facts_of(suggestion: Suggestion, current: Content | None) -> dict[str, Any]:
    """What a model is told of a suggestion: redacted, bounded, and data from end to end."""
    evidence = suggestion.evidence
    return {
        "type": suggestion.kind.name.lower(),
        "ground": suggestion.ground.name.lower(),
        "evidence": {
            "cases": evidence.cases,
            "out_of": evidence.out_of,
            "share": round(evidence.share, 3),
            "interval": [round(evidence.low, 3), round(evidence.high, 3)],
            "lift": round(evidence.lift, 2),
            "sessions": evidence.sessions,
        },
        "reason": suggestion.reason[:_TOLD],
        "current": _told(current) if current is not None else None,
        "draft": _told(suggestion.draft),
        "intents": [intent[:_TOLD] for intent in evidence.intents],
    }


def as_text(facts: dict[str, Any]) -> str:
    """Facts between their marks. What is recorded cannot close them: ``<`` and ``>`` are escaped within JSON."""
    text = msgspec.json.encode(facts).decode()
    return "<facts>\n" + text.replace("<", "\\u003c").replace(">", "\\u003e") + "\n</facts>"


def words_of(text: str, tokens: int = 0) -> Words:
    """What a model wrote, checked here whatever the provider promises. Raises NonsenseDraftError."""
    try:
        words = msgspec.json.decode(text, type=Words)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NonsenseDraftError(f"not the JSON that was asked for: {str(error)[:120]}", tokens) from None
    description, rationale = _plain(words.description), _plain(words.rationale)
    triggers = list(dict.fromkeys(filter(None, (_plain(one).lower() for one in words.triggers))))
    if not 1 <= len(description) <= DESCRIPTION:
        raise NonsenseDraftError(f"a description of {len(description)} characters", tokens)
    if len(rationale) > RATIONALE:
        raise NonsenseDraftError(f"a rationale of {len(rationale)} characters", tokens)
    if len(triggers) > TRIGGERS or any(len(one) > TRIGGER for one in triggers):
        raise NonsenseDraftError("too many or too long triggers", tokens)
    return Words(description, triggers, rationale)


def _told(content: Content) -> dict[str, Any]:
    return {
        "description": content.description[:_TOLD],
        "triggers": list(content.triggers[:32]),
        "rationale": content.rationale[:_TOLD],
        "suggested_resources": list(content.suggested_resources[:64]),
    }


def _plain(text: str) -> str:
    """On one line, without what cannot be seen or turns text around."""
    return " ".join(_INVISIBLE.sub(" ", text).split())

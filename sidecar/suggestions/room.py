"""The room as a whole: the inbox, who looks at workflows, and who asks a model, wired to knowledge."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from ..capture.extractor import Extractor
from ..clock import Clock
from ..knowledge.matching import Matcher
from ..knowledge.repository import KnowledgeRepository
from ..model.errors import InvalidArgumentError
from ..model.knowledge import EntityKind
from ..store.store import Store
from .analyst import Analyst, Learned
from .applying import Application
from .claude import Claude, is_installed
from .drafting import Drafter
from .drafts import Drafts
from .inbox import Inbox
from .settings import Limits, ModelLimits
from .timing import CompletionTimes

log = logging.getLogger(__name__)

_KEY_VARIABLE: Final = "ANTHROPIC_API_KEY"
_KEY_CHARS: Final = 4_096


class Provider(msgspec.Struct, frozen=True):
    """Which model drafts, if any. ``key_file`` empty: the key is in the environment."""

    name: str = "statistics"
    model: str = ""
    key_file: Path | None = None
    base_url: str = ""


class Suggestions:
    """See the module. ``start`` once, ``close`` before the store."""

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        repository: KnowledgeRepository,
        matcher: Matcher,
        clock: Clock,
        ids: Callable[[], bytes],
        limits: Limits,
        model_limits: ModelLimits,
        drafter: Drafter | None,
    ) -> None:
        self.inbox = Inbox(
            store, extractor, Application(repository), clock, ids, limits, drafter.name if drafter else ""
        )
        self.drafts = Drafts(store, self.inbox, repository, drafter, model_limits, clock) if drafter else None

        def best_match(intent: str) -> float:
            return max((match.relevance for match in matcher.search(intent, EntityKind.PATTERN, 1)), default=0.0)

        self.completions = CompletionTimes()
        self.analyst = Analyst(store, self.inbox, repository, best_match, clock, self._proposed)

    def start(self, learned: Learned) -> None:
        """Begin to look at workflows; ``learned`` fills their last stage."""
        if self.drafts is not None:
            self.drafts.start()
        self.analyst.start(learned)

    def close(self) -> None:
        """Stop. What is under way goes on after the next start."""
        self.analyst.close()
        if self.drafts is not None:
            self.drafts.close()

    def completed_in(self, began: float) -> None:
        """Count a completion of a workflow that began at a time (``time.monotonic``) and ends now."""
        self.completions.add(time.monotonic() - began, beside=self.analyst.worked_since(began))

    def _proposed(self) -> None:
        if self.drafts is not None:
            self.drafts.wake()


def drafter_of(provider: Provider, timeout: float) -> Drafter | None:
    """Who drafts; None for plain statistics. InvalidArgumentError where a setting cannot be used.

    Without a key nothing is asked of anybody: statistics draft, and the log says so.
    """
    if provider.name != "claude":
        return None
    if not is_installed():
        raise InvalidArgumentError("drafting", "claude needs the package “anthropic”: install forewarn[llm]")
    key = _key(provider.key_file)
    if not key:
        log.warning("drafting is claude and there is no key (%s, or llm_key_file): statistics draft", _KEY_VARIABLE)
        return None
    return Claude(key, provider.model, timeout, provider.base_url)


def _key(path: Path | None) -> str:
    if path is None:
        return os.environ.get(_KEY_VARIABLE, "").strip()
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise InvalidArgumentError("llm_key_file", f"cannot be read ({type(error).__name__})") from None
    if not key or len(key) > _KEY_CHARS or any(letter.isspace() for letter in key):
        raise InvalidArgumentError("llm_key_file", "must hold one key and nothing else")
    return key

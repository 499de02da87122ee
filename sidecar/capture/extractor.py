"""The extractor: a call and its result as they may be kept.

The seed's UsagePatternExtractor. The only door through which a call's content passes on: whatever leaves here is
redacted and within limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import structs

from ..model.call import JSON, Call, Classification, Features, Result
from ..native.canonical import digest, in_turn
from .arguments import parse
from .classifier import Classifier
from .fingerprint import canonical, preview, said_of
from .redaction import CONTEXT_KEYS, Redactor
from .templates import clip

#: Bytes kept of an error text, and of other texts of a result.
ERROR_BYTES: Final = 8_192
EXCERPT_BYTES: Final = 2_048
#: Calls whose features are remembered: at most 2 KiB each, mostly far less.
_KNOWN_CALLS: Final = 4_096
_KNOWN_CONTEXTS: Final = 256
#: Characters kept of a name or id: session, caller, call id, server, version.
LABEL_CHARS: Final = 256

# What of a long text is redacted. Its head and tail are kept far beyond what stays in the end, so that the two edges of
# this first cut, where half a secret could stand unseen, are always cut away by the second.
_REDACTED_CHARS: Final = 131_072


class Captured(NamedTuple):
    """A call with its outcome, ready to be learned from."""

    features: Features
    classification: Classification
    error: str
    #: The result's beginning and end as they may be kept.
    excerpt: str = ""


class Extractor:
    """Immutable, safe to share between threads."""

    def __init__(self, redactor: Redactor, classifier: Classifier | None = None) -> None:
        self._redactor = redactor
        self._classifier = classifier or Classifier()
        # Contexts and labels repeat from call to call: what they become is remembered, in memory only. 30 µs a context
        # of eight keys and 4 µs a label otherwise.
        self._contexts: dict[tuple[str, ...], dict[str, str]] = {}
        self._label = lru_cache(maxsize=4_096)(self._redacted_label)
        self._known: dict[tuple[bytes, frozenset[str]], Features] = {}

    def features(
        self,
        tool: str,
        arguments_json: str,
        context: Mapping[str, str],
        volatile: frozenset[str] = frozenset(),
    ) -> Features:
        """What is kept of a call. ``volatile`` are top-level arguments that say nothing (timestamps, request ids).

        Raises :class:`~sidecar.model.errors.InvalidArgumentError` for arguments that cannot be used.
        """
        return self.features_of(tool, parse(arguments_json), context, volatile)

    def features_of(
        self,
        tool: str,
        arguments: dict[str, JSON],
        context: Mapping[str, str],
        volatile: frozenset[str] = frozenset(),
    ) -> Features:
        """The same for arguments that were parsed already, by :func:`~sidecar.capture.arguments.parse`."""
        redacted = False
        redactor = self._redactor
        if not redactor.is_certainly_clean(arguments) and not redactor.is_clean(arguments, canonical(arguments)):
            arguments, redacted = redactor.redact_arguments(arguments)
        if volatile and not volatile.isdisjoint(arguments):
            shown = preview(canonical(arguments))
            arguments = {name: value for name, value in arguments.items() if name not in volatile}
            fingerprint, shape, kind, _ = said_of(tool, arguments)
        else:
            fingerprint, shape, kind, shown = said_of(tool, arguments)
        return Features(fingerprint, shape, kind, shown, self.extract_context(context), redacted)

    def features_of_call(self, call: Call, volatile: frozenset[str] = frozenset()) -> Features:
        """The same for a call, remembered: it is asked about, then recorded, and often made again.

        What is remembered is known by a hash of the arguments' text, so that no secret in it stays in memory. 6 µs
        once, 2 µs from then on.
        """
        text = call.arguments_json
        if not text:
            return self.features_of(call.tool, call.arguments, call.context, volatile)
        key = digest(call.tool, text, 16), volatile
        found = self._known.get(key)
        if found is None:
            found = self.features_of(call.tool, call.arguments, call.context, volatile)
            if len(self._known) >= _KNOWN_CALLS:
                self._known = {}  # replaced, not cleared: other threads read it
            self._known[key] = found
            return found
        context = self.extract_context(call.context)
        if found.context is context or found.context == context:
            return found
        return structs.replace(found, context=context)

    def hidden_in(self, arguments: dict[str, JSON]) -> dict[str, str]:
        """The texts in the arguments that must be hidden, each with what is shown instead; the longest first.

        For texts that are made of arguments: what is a secret by its name has no name there.
        """
        shown, redacted = self._redactor.redact_arguments(arguments)
        found: dict[str, str] = {}
        if redacted:
            _differences(arguments, shown, found)
        return dict(sorted(found.items(), key=lambda item: -len(item[0])))

    def extract_context(self, context: Mapping[str, str]) -> dict[str, str]:
        """The context as it may be kept: redacted, bounded, in order of its keys."""
        if not context:
            return {}
        if len(context) > CONTEXT_KEYS:
            return self._redactor.redact_context(context)
        given = in_turn(context if type(context) is dict else dict(context))
        found = self._contexts.get(given)
        if found is None:
            found = self._redactor.redact_context(context)
            if len(self._contexts) >= _KNOWN_CONTEXTS:
                self._contexts = {}  # replaced, not cleared: other threads read it
            self._contexts[given] = found
        return found

    def extract_pattern(
        self,
        call: Call,
        result: Result,
        *,
        volatile: frozenset[str] = frozenset(),
        failed_attempts_before: int = 0,
    ) -> Captured:
        """What is learned from one call: its features, how it ended, and the error text as it may be kept."""
        error = self.observation_text(result.error)
        excerpt = self.observation_text(result.result_excerpt, EXCERPT_BYTES)
        classification = self._classifier.classify(
            result.outcome,
            self.label(result.error_code),
            error,
            result_excerpt=excerpt,
            attempt=call.attempt,
            failed_attempts_before=failed_attempts_before,
        )
        return Captured(self.features_of_call(call, volatile), classification, error, excerpt)

    def observation_text(self, text: str, limit: int = ERROR_BYTES) -> str:
        """A text as it may be kept: redacted, then cut in the middle to ``limit`` UTF-8 bytes (64 to 32,768)."""
        if not text:
            return ""
        if len(text) <= _REDACTED_CHARS:
            return clip(self._redactor.redact_text(text), limit)
        half = _REDACTED_CHARS // 2
        head = self._redactor.redact_text(text[:half])
        tail = self._redactor.redact_text(text[-half:])
        # Longer than the limit together, so that clip drops the seam and says that something is missing.
        return clip(head[:limit] + tail[-limit:], limit)

    def whole_text(self, text: str) -> str:
        """A text with secrets hidden and nothing cut; its size is the caller's to bound."""
        return self._redactor.redact_text(text) if text else ""

    def named(self, call: Call) -> Call:
        """The call with secrets hidden in the names that are kept as they are: tool, server, version."""
        label = self.label
        tool, server, version = label(call.tool), label(call.server), label(call.tool_version)
        if tool == call.tool and server == call.server and version == call.tool_version:
            return call
        return structs.replace(call, tool=tool, server=server, tool_version=version)

    def label(self, text: str) -> str:
        """A name or id as it may be kept: callers are sometimes called by their e-mail address."""
        if not text:
            return ""
        return self._label(text) if len(text) <= LABEL_CHARS else self._redacted_label(text)

    def _redacted_label(self, text: str) -> str:
        return self._redactor.redact_text(text)[:LABEL_CHARS]


def _differences(raw: JSON, shown: JSON, found: dict[str, str]) -> None:
    """Note each text of ``raw`` that is another one in ``shown``, with that one."""
    if isinstance(raw, dict) and isinstance(shown, dict):
        for (_, one), other in zip(raw.items(), shown.values(), strict=False):
            _differences(one, other, found)
    elif isinstance(raw, list) and isinstance(shown, list):
        for one, other in zip(raw, shown, strict=False):
            _differences(one, other, found)
    elif raw != shown:
        for text in _texts(raw):
            found[text] = shown if isinstance(shown, str) else "…"


def _texts(value: JSON) -> Iterator[str]:
    """All texts and numbers in a value, as they are written."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
        yield str(value)

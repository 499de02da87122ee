"""Drafts by Claude, through the ``anthropic`` package (extra ``llm``), imported in the background after the start.

The prompt is the system message, marked for caching; the facts are the only message. The answer's form is asked for as
a JSON schema and checked again here. The package's own retries are off: how often is asked is decided, and counted, in
``drafts.py``. The key goes to the package and nowhere else; no error text of the service is passed on.
"""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .drafting import (
    NonsenseDraftError,
    NotAllowedError,
    RefusedByModelError,
    TruncatedDraftError,
    UnreachableModelError,
    Words,
    Written,
    as_text,
    words_of,
)

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import Message

#: Tokens of an answer; twice as many after one was cut off.
ANSWER_TOKENS: Final = 1_024
#: What the prompt and the facts may come to: 16 KiB of text, at worst two characters a token.
_QUESTION_TOKENS: Final = 8_192
_LONGEST_RETRY: Final = 3_600.0
_SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "properties": {
        "description": {"type": "string"},
        "triggers": {"type": "array", "items": {"type": "string"}},
        "rationale": {"type": "string"},
    },
    "required": list(Words.__struct_fields__),
    "additionalProperties": False,
}


def is_installed() -> bool:
    """Whether the extra ``llm`` is there, without importing it."""
    return importlib.util.find_spec("anthropic") is not None


def prompt_text() -> str:
    """``prompts/learning-suggestions.md``: beside the package in a checkout, inside of it where it was installed."""
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "prompts", here.parent / "prompts"):
        path = folder / "learning-suggestions.md"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError("prompts/learning-suggestions.md is not there: the installation is incomplete")


class Claude:
    """A ``Drafter``. ``timeout`` is seconds; ``base_url`` is empty for Anthropic's own."""

    def __init__(self, key: str, model: str, timeout: float, base_url: str = "") -> None:
        self._key = key
        self._model = model
        self._timeout = timeout
        self._base_url = base_url
        self._prompt = prompt_text()
        self._lock = threading.Lock()
        self._client: anthropic.Anthropic | None = None

    def __repr__(self) -> str:
        return f"Claude({self._model!r})"

    @property
    def name(self) -> str:
        """See ``Drafter``."""
        return f"claude:{self._model}"

    @property
    def most_tokens(self) -> int:
        """See ``Drafter``."""
        return _QUESTION_TOKENS + 2 * ANSWER_TOKENS

    def prepare(self) -> None:
        """See ``Drafter``: importing ``anthropic`` takes a second, and several where Python keeps no bytecode of it."""
        self._connected()

    def write(self, facts: dict[str, Any], attempt: int) -> Written:
        """See ``Drafter``."""
        message = self._ask(as_text(facts), ANSWER_TOKENS * (2 if attempt > 1 else 1))
        usage = message.usage
        tokens = (
            usage.input_tokens
            + usage.output_tokens
            + (usage.cache_creation_input_tokens or 0)
            + (usage.cache_read_input_tokens or 0)
        )
        if message.stop_reason == "refusal":
            raise RefusedByModelError("the model declined to write a draft", tokens)
        if message.stop_reason in ("max_tokens", "model_context_window_exceeded"):
            raise TruncatedDraftError("the model's draft was cut off", tokens)
        text = "".join(block.text for block in message.content or () if block.type == "text")
        if not text:
            raise NonsenseDraftError("the model wrote nothing", tokens)
        return Written(words_of(text, tokens), tokens)

    def _ask(self, text: str, room: int) -> Message:
        import anthropic

        try:
            return self._connected().messages.create(
                model=self._model,
                max_tokens=room,
                system=[{"type": "text", "text": self._prompt, "cache_control": {"type": "ephemeral"}}],
                messages=[{"role": "user", "content": text}],
                output_config={"format": {"type": "json_schema", "schema": _SCHEMA}},
            )
        except anthropic.APITimeoutError:
            # It may be writing still: what that costs is not known, so all that was set aside is counted.
            text = f"the service did not answer within {self._timeout:g} s"
            raise UnreachableModelError(text, self.most_tokens) from None
        except anthropic.APIConnectionError:
            raise UnreachableModelError("the service cannot be reached") from None
        except anthropic.APIStatusError as error:
            status = error.status_code
            if status in (408, 409, 429) or status >= 500:
                pause = _seconds(error.response.headers.get("retry-after", ""))
                raise UnreachableModelError(f"the service answered {status}", retry_after=pause) from None
            raise NotAllowedError(f"the service does not accept the request ({status})") from None
        except anthropic.AnthropicError as error:
            raise NonsenseDraftError(f"the service's answer cannot be read ({type(error).__name__})") from None

    def _connected(self) -> anthropic.Anthropic:
        import anthropic

        with self._lock:
            if self._client is None:
                self._client = anthropic.Anthropic(
                    api_key=self._key, base_url=self._base_url or None, timeout=self._timeout, max_retries=0
                )
            return self._client


def _seconds(header: str) -> float:
    """What a ``retry-after`` header says in seconds; 0 where it says none."""
    try:
        return min(_LONGEST_RETRY, max(0.0, float(header)))
    except ValueError:
        return 0.0

"""Rulesets that worked once in a child process are not tried there again.

Drafts are compiled again and again: as a suite, line by line in the REPL, by a what-if, and once more when they are
applied. Whether durable-rules can take a ruleset depends on the ruleset alone, so one trial is enough.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Final

from .probe import probe

#: Rulesets that are remembered (of about 40 rules each; 16 bytes); the one that was not seen for longest goes first.
REMEMBERED: Final = 8_192


class Trials:
    """Tries rulesets as ``probe`` does, each once. What failed is tried again, and fails again. Thread-safe."""

    def __init__(
        self,
        probing: Callable[[Iterable[tuple[str, list[str]]]], None] = probe,
        remembered: int = REMEMBERED,
    ) -> None:
        self._probing = probing
        self._limit = remembered
        self._lock = threading.Lock()
        self._passed: OrderedDict[bytes, None] = OrderedDict()

    def __call__(self, rulesets: Iterable[tuple[str, list[str]]]) -> None:
        """Try rulesets: definitions with the properties that their facts may have. Raises EvaluationError."""
        given = {_digest(definition, properties): (definition, properties) for definition, properties in rulesets}
        with self._lock:
            new = [one for key, one in given.items() if key not in self._passed]
        if new:
            self._probing(new)
        with self._lock:
            for key in given:
                self._passed[key] = None
                self._passed.move_to_end(key)
            while len(self._passed) > self._limit:
                self._passed.popitem(last=False)


def _digest(definition: str, properties: list[str]) -> bytes:
    digest = blake2b(definition.encode("utf-8", "surrogatepass"), digest_size=16)
    for one in properties:
        digest.update(b"\0" + one.encode("utf-8", "surrogatepass"))
    return digest.digest()

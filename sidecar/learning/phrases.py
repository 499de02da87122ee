"""What the calls of one tool are written with, in tables of fixed size that hashed marks index: weights and counts.

Marks share slots where their hashes meet (feature hashing, Weinberger et al. 2009); weights take AdaGrad steps on the
log loss (Duchi, Hazan, Singer 2011; McMahan et al. 2013 on such models online). Tables grow by doubling: both halves
begin as what was there, so a larger table says the same of each mark until it learns more. 10.5 bytes a slot, 2.6 KiB
for a new tool that has failed, 42 KiB at most.

Floats have 32 bits in the machine's byte order, as everything in the store's file.
"""

from __future__ import annotations

from math import log1p
from typing import Final

import msgspec

from ..native import phrases
from .scopes import Scopes
from .wording import Wording

#: Slots of a new tool, and of one with many calls. Powers of two.
FIRST_SLOTS: Final = 256
MOST_SLOTS: Final = 4_096
_FLOAT_BYTES: Final = 4
#: Slots for a byte of the bits that say what was seen.
_SLOTS_PER_BYTE: Final = 4
#: How much is usually new is remembered of about so many calls that worked.
_USUAL: Final = 10


class Phrases(msgspec.Struct, array_like=True):
    """See the module. ``weights`` and ``squares`` are empty before the tool failed. Append fields only."""

    #: The linear model and AdaGrad's sums: floats.
    weights: bytearray = msgspec.field(default_factory=bytearray)
    squares: bytearray = msgspec.field(default_factory=bytearray)
    #: How often calls with a word failed and worked: bytes; both are halved when one is full.
    failed: bytearray = msgspec.field(default_factory=lambda: bytearray(FIRST_SLOTS))
    worked: bytearray = msgspec.field(default_factory=lambda: bytearray(FIRST_SLOTS))
    #: Bits of words, and of neighbouring words, that stood in a call that worked.
    words: bytearray = msgspec.field(default_factory=lambda: bytearray(FIRST_SLOTS // _SLOTS_PER_BYTE))
    pairs: bytearray = msgspec.field(default_factory=lambda: bytearray(FIRST_SLOTS // _SLOTS_PER_BYTE))
    #: Calls that worked, as far as they are counted; and what was new in them as it usually is, see ``settle``.
    settled: int = 0
    usual_words: float = 0.0
    usual_pairs: float = 0.0

    def make_room(self, slots: int) -> None:
        """Double all tables until there are ``slots``, or as many as there may be."""
        while len(self.failed) < min(slots, MOST_SLOTS):
            self.weights = self.weights + self.weights
            self.squares = self.squares + self.squares
            self.failed = self.failed + self.failed
            self.worked = self.worked + self.worked
            self.words = self.words + self.words
            self.pairs = self.pairs + self.pairs

    def weigh(self, written: Wording, scopes: Scopes) -> float:
        """What a call that is written so, in these scopes, adds to the log-odds."""
        return phrases.weigh(self.weights, written.words, scopes, written.forms, written.quoting)

    def weigh_each(self, written: Wording, scopes: Scopes) -> list[float]:
        """What each of the first words adds to the log-odds: everywhere, in these scopes, and beside what is quoted."""
        return phrases.weigh_each(self.weights, written.words, scopes, written.quoting)

    def worst(self, written: Wording, scopes: Scopes, least: float) -> list[bytes]:
        """Those of the first words that add at least ``least``, the first of them most."""
        return phrases.worst(self.weights, written.words, scopes, written.quoting, least)

    def weigh_form(self, form: bytes) -> float:
        """What a form adds to the log-odds of a call that has no other."""
        return phrases.weigh(self.weights, b"", (), form)

    def descend(self, written: Wording, scopes: Scopes, error: float) -> None:
        """One AdaGrad step. ``error`` is the derivative of the loss by the sum: probability less outcome."""
        if not self.weights:
            self.weights = bytearray(len(self.failed) * _FLOAT_BYTES)
            self.squares = bytearray(len(self.failed) * _FLOAT_BYTES)
        phrases.descend(self.weights, self.squares, written.words, scopes, written.forms, error, written.quoting)

    def count(self, words: bytes, *, failed: bool) -> None:
        """Count a call for its words."""
        phrases.count(self.failed, self.worked, words, failed)

    def rate(self, words: bytes, prior: float, strength: float) -> float | None:
        """The mean log-odds of calls with each of these words; None where none of them was seen.

        ``prior`` is the probability of failing that is assumed, worth ``strength`` calls.
        """
        return phrases.rate(self.failed, self.worked, words, strength * prior, strength - strength * prior)

    def counted(self, word: bytes) -> tuple[int, int]:
        """How often calls with a word, or with what shares its slot, failed and worked lately: 255 times at most."""
        slot = int.from_bytes(word, "big") & (len(self.failed) - 1)
        return self.failed[slot], self.worked[slot]

    def newness(self, words: bytes) -> tuple[float, float]:
        """How much is new in a call: the log of words, and of pairs, that stood in no call that worked."""
        new_words, new_pairs = phrases.new(self.words, self.pairs, words)
        return log1p(new_words), log1p(new_pairs)

    def unseen(self, words: bytes) -> list[bytes]:
        """The words that stood in no call that worked."""
        return phrases.standing(self.words, words[: 4 * phrases.KNOWN_WORDS], False, phrases.KNOWN_WORDS)

    def settle(self, words: bytes) -> None:
        """Note a call that worked: how much was new in it, and that it is new no more."""
        new_words, new_pairs = phrases.new(self.words, self.pairs, words, True)
        self.settled = min(self.settled + 1, _USUAL)
        self.usual_words += (log1p(new_words) - self.usual_words) / self.settled
        self.usual_pairs += (log1p(new_pairs) - self.usual_pairs) / self.settled

"""What the calls of one tool are written with, in tables of fixed size that hashed marks index: weights and counts.

Marks share slots where their hashes meet (feature hashing, Weinberger et al. 2009); weights take AdaGrad steps on the
log loss (Duchi, Hazan, Singer 2011; McMahan et al. 2013 on such models online). Tables grow by doubling: both halves
begin as what was there, so a larger table says the same of each mark until it learns more. 10.5 bytes a slot, 2.6 KiB
for a new tool that has failed, 42 KiB at most.

Floats have 32 bits in the machine's byte order, as everything in the store's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p, sqrt
from typing import Final

import msgspec

#: Marks that are weighed together: what each counts for, and their hashes.
Group = tuple[float, Sequence[int]]

#: Slots of a new tool, and of one with many calls. Powers of two.
FIRST_SLOTS: Final = 256
MOST_SLOTS: Final = 4_096
_FLOAT_BYTES: Final = 4
#: Slots for a byte of the bits that say what was seen.
_SLOTS_PER_BYTE: Final = 4
_STEP: Final = 0.5
#: AdaGrad starts as if it had seen this much: first steps are no leaps.
_FLOOR: Final = 0.1
_MOST_COUNTED: Final = 255
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

    def table(self) -> memoryview[float] | None:
        """The weights by slot; None before the tool failed."""
        return memoryview(self.weights).cast("f") if self.weights else None

    def weigh(self, groups: Sequence[Group]) -> float:
        """The weighted sum over all marks, in log-odds."""
        at = self.table()
        if at is None:
            return 0.0
        mask = len(at) - 1
        total = 0.0
        for scale, marks in groups:
            total += scale * sum([at[mark & mask] for mark in marks])
        return total

    def descend(self, groups: Sequence[Group], error: float) -> None:
        """One AdaGrad step. ``error`` is the derivative of the loss by the sum: probability less outcome."""
        if not self.weights:
            self.weights = bytearray(len(self.failed) * _FLOAT_BYTES)
            self.squares = bytearray(len(self.failed) * _FLOAT_BYTES)
        at, seen = memoryview(self.weights).cast("f"), memoryview(self.squares).cast("f")
        mask = len(at) - 1
        for scale, marks in groups:
            gradient = error * scale
            step, squared = _STEP * gradient, gradient * gradient
            for mark in marks:
                slot = mark & mask
                square = seen[slot] = seen[slot] + squared
                at[slot] -= step / sqrt(square + _FLOOR)

    def count(self, words: Sequence[int], *, failed: bool) -> None:
        """Count a call for its words."""
        counts = self.failed if failed else self.worked
        mask = len(counts) - 1
        for slot in {word & mask for word in words}:
            if counts[slot] == _MOST_COUNTED:
                # Rounded up: what was ever seen stays seen.
                self.failed[slot] = (self.failed[slot] + 1) >> 1
                self.worked[slot] = (self.worked[slot] + 1) >> 1
            counts[slot] += 1

    def counts(self, words: Sequence[int]) -> list[tuple[int, int]]:
        """How often calls with each word failed and worked, of the words that were seen."""
        failed, worked = self.failed, self.worked
        mask = len(failed) - 1
        found = [(failed[word & mask], worked[word & mask]) for word in words]
        return [one for one in found if one != (0, 0)]

    def newness(self, words: Sequence[int], pairs: Sequence[int]) -> tuple[float, float]:
        """How much is new in a call: the log of words, and of pairs, that stood in no call that worked."""
        return log1p(len(unseen(self.words, words))), log1p(len(unseen(self.pairs, pairs)))

    def settle(self, words: Sequence[int], pairs: Sequence[int]) -> None:
        """Note a call that worked: how much was new in it, and that it is new no more."""
        new_words, new_pairs = unseen(self.words, words), unseen(self.pairs, pairs)
        self.settled = min(self.settled + 1, _USUAL)
        self.usual_words += (log1p(len(new_words)) - self.usual_words) / self.settled
        self.usual_pairs += (log1p(len(new_pairs)) - self.usual_pairs) / self.settled
        note(self.words, new_words)
        note(self.pairs, new_pairs)


def unseen(seen: bytearray, marks: Sequence[int]) -> list[int]:
    """The marks whose bits are not set."""
    mask = len(seen) - 1
    return [mark for mark in marks if not seen[mark >> 3 & mask] >> (mark & 7) & 1]


def note(seen: bytearray, marks: Sequence[int]) -> None:
    """Set the bits of these marks."""
    mask = len(seen) - 1
    for mark in marks:
        seen[mark >> 3 & mask] |= 1 << (mark & 7)

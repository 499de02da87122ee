"""What was learned of one tool as a whole, and of all tools together: weights, budget, how repeats go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ..model.counted import Counted
from ..native import needs
from .budget import Budget
from .phrases import Phrases

#: AdaGrad starts as if it had seen this much gradient: first steps are no leaps.
GRADIENT_FLOOR: Final = 1.0
#: Kinds of calls in between that are told apart; the least recently used are forgotten.
MAX_CHANGES: Final = 48
#: Bytes of ``Model.named_bits``, a power of two; models that were made when it was less keep theirs.
NAMED_BYTES: Final = 1_024
#: What share of failures lasts is assumed to be 1 with this many behind it; beyond so many, old ones are forgotten.
_LASTING: Final = 2.0
_MOST_COUNTED: Final = 200.0


class Repeats(msgspec.Struct, array_like=True):
    """How repeats of a failed call went: with nothing done in between, and after something was."""

    plain: Counted = msgspec.field(default_factory=Counted)
    changed: Counted = msgspec.field(default_factory=Counted)


class Precondition(msgspec.Struct, array_like=True):
    """How a tool's calls went while what they may need had not worked in the session, and while it had.

    ``wealth`` is a logarithm, see ``needs.py``; ``place`` the how-manieth it was, 0 of one that was never tested;
    ``session`` 16 bits of the first session that failed without it, ``several`` whether others did. ``words`` say a
    step of the tool itself.
    """

    before: Counted = msgspec.field(default_factory=Counted)
    after: Counted = msgspec.field(default_factory=Counted)
    wealth: float = 0.0
    place: int = 0
    session: int = -1
    several: bool = False
    believed: bool = False
    words: str = ""


needs.know(Precondition)


class FormRule(msgspec.Struct, array_like=True):
    """A condition on the form of arguments, or two, and how calls that meet it go. ``words`` says it to people."""

    conditions: tuple[int, ...]
    words: str
    rate: Counted = msgspec.field(default_factory=Counted)


class Model(msgspec.Struct, array_like=True):
    """The learned model of one tool, or of all (``overall``). Append fields only, with a default.

    ``values`` and ``squares`` are the combiner's weights and AdaGrad's sums; a tool's are offsets. ``permanent`` and
    ``transient`` say how repeats went after errors of either sort. ``changes`` says, per kind of call in between, how
    repeats after it went; ``merits`` per context key how much better its values' own records predict than the record
    of all (sum of log-loss gained, and over how many calls). ``streak`` counts failures in a row.
    """

    values: list[float]
    squares: list[float]
    budget: Budget = msgspec.field(default_factory=Budget)
    permanent: Repeats = msgspec.field(default_factory=Repeats)
    transient: Repeats = msgspec.field(default_factory=Repeats)
    changes: dict[bytes, Counted] = {}
    merits: dict[str, list[float]] = {}
    streak: int = 0
    #: Bits of words that errors have named, by hash: those are looked up first. A false bit only costs a look.
    named_bits: bytes = bytes(NAMED_BYTES)
    #: Like ``merits``, of words that errors have named.
    word_merits: dict[str, list[float]] = {}
    #: How calls went that were a correction of a failed one, by the sort of correction, see ``corrections.py``.
    corrections: dict[str, Counted] = {}
    #: Keys that errors have asked for: how calls without each went, see ``detectors/missing_key.py``.
    missing: dict[str, Counted] = {}
    #: What may have to work first: tools by name, and steps of the tool itself by mark, see ``needs.py``.
    preconditions: dict[str, Precondition] = {}
    #: How the next call went after so many failures in a row; the last failure's template. See ``streak.py``.
    streaks: dict[int, Counted] = {}
    streak_template: bytes = b""
    #: How many failures in a row had the same template as the last.
    streak_same: int = 0
    #: Conditions on arguments under test, packed, and how many ever were; those that passed. See ``forms.py``.
    form_tests: bytes = b""
    forms_tried: int = 0
    rules: list[FormRule] = []
    #: Names of arguments that were seen.
    names: list[str] = []
    #: By error template: how many calls were repeated after so many failures, and worked. See ``waiting.py``.
    waits: dict[bytes, list[float]] = {}
    #: Calls that were prevented and booked, packed, see ``guard/booked.py``.
    booked: bytes = b""
    #: What the tool's calls are written with, see ``detectors/phrasing.py``.
    phrases: Phrases | None = None
    #: Failures of a sort that passes by itself, a run of them once, and all others.
    passing: float = 0.0
    lasting: float = 0.0
    #: Calls that worked the last time, see ``worked_calls.py``.
    worked_calls: bytearray = msgspec.field(default_factory=bytearray)
    #: How long calls that work are (mean of logs), and how many it is the mean of. See ``detectors/length.py``.
    usual_length: float = 0.0
    lengths: int = 0
    #: Calls with quotation marks inside of others, by the sort of both, see ``detectors/nested_quotes.py``.
    nested_quotes: dict[int, Counted] = {}
    #: Numbers in arguments of the last calls, and where they are cut, packed. See ``cuts.py``.
    measured: bytearray = msgspec.field(default_factory=bytearray)
    cuts: bytes = b""
    #: How many preconditions were ever tested.
    needs_tried: int = 0
    #: How calls went in sessions where the tool had not worked yet.
    fresh: Counted = msgspec.field(default_factory=Counted)

    @property
    def lasting_share(self) -> float:
        """How much of what fails is for its arguments: what passes by itself strikes any call, whatever it is like."""
        return (self.lasting + _LASTING) / (self.lasting + self.passing + _LASTING)

    def count_failure(self, *, transient: bool) -> None:
        """Count a failure of either sort. To be called once ``streak`` counts it."""
        if not transient:
            self.lasting += 1.0
        elif self.streak <= 1:
            self.passing += 1.0
        if self.passing + self.lasting > _MOST_COUNTED:
            self.passing *= 0.5
            self.lasting *= 0.5

    def repeats(self, transient: bool) -> Repeats:
        """How repeats went after errors of this sort."""
        return self.transient if transient else self.permanent

    def remember_named(self, words: Iterable[bytes]) -> None:
        """Note that errors have named these words."""
        known = self.named_bits
        mask = len(known) - 1
        marks = [int.from_bytes(word) for word in words]
        new = [mark for mark in marks if not known[mark >> 3 & mask] >> (mark & 7) & 1]
        if new:
            bits = bytearray(known)
            for mark in new:
                bits[mark >> 3 & mask] |= 1 << (mark & 7)
            self.named_bits = bytes(bits)


def new_model(values: Sequence[float]) -> Model:
    """A model that has seen nothing."""
    return Model(list(values), [GRADIENT_FLOOR] * len(values))

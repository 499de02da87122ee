"""Values in words: enums, shares, times, durations, sizes. Text from elsewhere is made safe for a terminal here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp

    from forewarn.v1 import model_pb2

# Control characters (C0, DEL, C1), the marks that reorder text, and letters that nobody sees (tags): what a tool's
# error must not do to a terminal.
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)

VERDICT_STYLES = {"allow": "green", "warn": "yellow", "prevent": "bold red", "require approval": "magenta",
                  "rewrite": "cyan"}  # fmt: skip
OUTCOME_STYLES = {"success": "green", "retry": "green", "failure": "red", "timeout": "red", "prevented": "yellow"}
STATE_STYLES = {"confirmed": "red", "candidate": "yellow", "refuted": "green", "suspended": "dim"}


def clean(text: str) -> str:
    """`text` with everything escaped that would steer a terminal; line breaks and tabs stay."""
    return _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def one_line(text: str, limit: int = 0) -> str:
    """`text` on one line, cut to `limit` characters (0: not cut)."""
    flat = " ".join(text.split())
    return flat if not limit or len(flat) <= limit else flat[: limit - 1] + "…"


def label(enum: Any, number: int) -> str:
    """An enum's value in words: VERDICT_REQUIRE_APPROVAL is "require approval", unspecified is ""."""
    try:
        name: str = enum.Name(number)
    except ValueError:
        return str(number)
    word = name.removeprefix(_prefix(enum)).lower().replace("_", " ")
    return "" if word == "unspecified" else word


def value(enum: Any, word: str | None) -> Any:
    """The enum's value for a word of ours; None is unspecified."""
    return enum.Value(_prefix(enum) + (word or "unspecified").upper().replace("-", "_").replace(" ", "_"))


def _prefix(enum: Any) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", enum.DESCRIPTOR.name).upper() + "_"


def percent(share: float | None, digits: int = 1) -> str:
    """0.034 is "3.4 %"; None is a dash."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def interval(range_: model_pb2.Interval) -> str:
    """As in "41–68 % (90 %)"; nothing where there is none."""
    if not range_.confidence:
        return ""
    return f"{range_.low * 100:.0f}–{range_.high * 100:.0f} % ({range_.confidence * 100:.0f} %)"


def evidence(found: model_pb2.Evidence) -> str:
    """As in "7 of 9 failed, 41–68 % (90 %)"; weights by age make fractions."""
    if not found.calls:
        return "no calls"
    weighted = found.failures + found.successes
    if not weighted:
        return counted(found.calls, "call")
    if f"{weighted:.1f}" == f"{found.calls}.0":  # as good as all of them count in full
        plain = f"{found.failures:.0f} of {found.calls} failed"
    else:
        plain = f"{found.failures:.1f} of {weighted:.1f} failed by weight, {counted(found.calls, 'call')}"
    return ", ".join(part for part in (plain, interval(found.interval)) if part)


def moment(time: Timestamp) -> str:
    """A time in UTC to the second; nothing where it is unset."""
    if not time.seconds and not time.nanos:
        return ""
    try:
        return datetime.fromtimestamp(time.seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{time.seconds} s"


def span(duration: Duration) -> str:
    """A duration in the unit that suits it."""
    seconds = duration.seconds + duration.nanos / 1e9
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def counted(count: int, one: str, several: str = "") -> str:
    """As in "1 rule", "2 rules", "12,304 calls"."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def size(count: int) -> str:
    """Bytes in binary units."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"

"""How good the advice to try again was: against what repeats of a failed call came to in the recorded session."""

from __future__ import annotations

from dataclasses import dataclass, field

from forewarn_cli.replay.scores import ratio
from forewarn_cli.replay.trace_files import TraceCall

_Key = tuple[str, str, str]


@dataclass(slots=True)
class Retries:
    """Failures and their repeats: calls of the same session with the same tool and arguments.

    A failure is mended when a later repeat works. Advice is right when the next repeat works; where none was made,
    nobody knows.
    """

    mended: int = 0
    advised_of_mended: int = 0
    advised: int = 0
    made: int = 0
    worked: int = 0
    _open: dict[_Key, list[bool]] = field(default_factory=dict)

    def add(self, call: TraceCall, *, bad: bool, advised: bool) -> None:
        """The next call that was made, and whether the daemon said then that a retry is worth it."""
        key = (call.run, call.tool, call.arguments_json)
        before = self._open.pop(key, [])
        if before and before[-1]:
            self.made += 1
            self.worked += not bad
        if bad:
            self.advised += advised
            self._open[key] = [*before, advised]
        else:
            self.mended += len(before)
            self.advised_of_mended += sum(before)

    def row(self) -> dict[str, float | int | None]:
        """The figures, by the names that the documentation explains."""
        return {
            "mended": self.mended,
            "retry_advised": self.advised,
            "retry_made": self.made,
            "retry_advised_of_mended": ratio(self.advised_of_mended, self.mended),
            "retry_precision": ratio(self.worked, self.made),
        }

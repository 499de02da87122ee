"""The screen: strips of calls, tables, decisions in words. What tools said is made safe for a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from forewarn import Decision, Interval
from forewarn_cli.wording import clean, label, one_line, percent

from .agent import Attempt, Call
from .phases import Phase

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2

PIPE_WIDTH: Final = 100
LEAST_SHOWN: Final = 0.05
LONGEST: Final = 100
"""Wider lines than this are hard to read, however wide the terminal is."""

#: What a letter of a strip means, and its colour.
GLYPHS: Final = {
    ".": ("worked", "green"),
    "x": ("failed", "red"),
    "X": ("failed; would have been prevented", "bold yellow"),
    "?": ("worked; would have been prevented", "bold magenta"),
    "P": ("prevented; it fails on a copy", "bold yellow"),
    "!": ("prevented; it works on a copy", "bold magenta"),
    "o": ("let through as a probe, worked", "bold cyan"),
    "0": ("let through as a probe, failed", "bold cyan"),
}


class _Output(Console):
    """A console that leaves it to ``main`` what happens when nobody reads any more; rich's would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Says so."""
        raise BrokenPipeError


class View:
    """Says things on stdout."""

    def __init__(self) -> None:
        tty = sys.stdout.isatty()
        self.console = _Output(highlight=False, markup=False, emoji=False, soft_wrap=False)
        self.console.width = min(self.console.width, LONGEST) if tty else PIPE_WIDTH

    def title(self, text: str) -> None:
        """The beginning of a part."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def say(self, text: str, style: str = "") -> None:
        """A paragraph."""
        self.console.print(Text(clean(text), style=style))

    def legend(self, letters: str) -> None:
        """What these letters of the strips mean."""
        line = Text("  ")
        for letter in letters:
            meaning, style = GLYPHS[letter]
            if len(line) > 2 and len(line) + len(meaning) + 2 > self.console.width:
                self.console.print(line)
                line = Text("  ")
            line.append(letter, style).append(f" {meaning}  ", "dim")
        line.rstrip()
        self.console.print(line)

    def strip(self, name: str, attempts: Sequence[Attempt]) -> None:
        """A session, a letter for each call."""
        line = Text.assemble((f"  {name:<12}", "dim"))
        for attempt in attempts:
            letter = glyph(attempt)
            line.append(letter, GLYPHS[letter][1])
        self.console.print(line)

    def patterns(self, patterns: Sequence[model_pb2.UsagePattern], limit: int) -> None:
        """Usage patterns, those with the most calls first."""
        from forewarn.v1 import model_pb2 as m

        rows = [
            (
                pattern.tool or pattern.server,
                one_line(_covers(pattern), 64),
                percent(pattern.failure_probability, 0),
                str(pattern.evidence.calls),
                label(m.Cause, pattern.cause),
            )
            for pattern in sorted(patterns, key=lambda p: (-p.evidence.calls, p.tool, p.description))[:limit]
        ]
        self.table(("tool", "calls like this", ">fail", ">seen", "cause"), rows)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table; a column whose name begins with ">" is set right."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
        for name in columns:
            side: Literal["left", "right"] = "right" if name.startswith(">") else "left"
            table.add_column(name.lstrip(">"), justify=side, overflow="fold", no_wrap=side == "right")
        for row in rows:
            table.add_row(*(Text(clean(cell)) for cell in row))
        self.console.print(Padding(table, (0, 0, 0, 1), expand=False))

    def decision(self, number: int, heading: str, attempt: Attempt) -> None:
        """One decision with its explanation, and what came of it."""
        decision = attempt.decision
        self.console.print()
        where = f"{attempt.session}, call {attempt.number}"
        self.console.print(Text.assemble((f"{number}  {heading}", "bold"), (f"   {where}", "dim")))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in _explained(attempt, decision):
            grid.add_row(name, value)
        self.console.print(Padding(grid, (0, 0, 0, 3), expand=False))


def glyph(attempt: Attempt) -> str:
    """The letter of an attempt."""
    if attempt.decision.probe is not None and not attempt.prevented:
        return "0" if attempt.fails else "o"
    if attempt.prevented:
        return "P" if attempt.fails else "!"
    if attempt.called_off:
        return "X" if attempt.fails else "?"
    return "x" if attempt.fails else "."


def in_words(call: Call) -> str:
    """A call on one line: the usual argument by its value, others as JSON."""
    values = list(call.arguments.values())
    usual = len(values) == 1 and isinstance(values[0], str) and "sql" not in call.arguments
    told = str(values[0]) if usual else json.dumps(dict(call.arguments))
    return one_line(clean(f"{call.tool}: {told}"), 300)


def probability(share: float, interval: Interval | None) -> str:
    """As in "94 % (81–98 %)"."""
    said = percent(share, 0)
    return said if interval is None else f"{said} ({interval.low * 100:.0f}–{interval.high * 100:.0f} %)"


def _explained(attempt: Attempt, decision: Decision) -> list[tuple[str, Text]]:
    verb = "prevented" if attempt.prevented else "would have been prevented"
    lines: list[tuple[str, Text]] = [
        ("call", Text(in_words(attempt.call))),
        (
            "verdict",
            Text.assemble(
                (verb, "bold yellow"),
                f": fails with a probability of {probability(decision.p_fail, decision.p_fail_interval)}",
            ),
        ),
    ]
    for place, reason in enumerate(r for r in decision.reasons if abs(r.contribution) >= LEAST_SHOWN):
        style = "red" if reason.contribution > 0 else "green"
        said = Text.assemble((f"{reason.contribution:+.1f} ", style), clean(one_line(reason.summary)))
        lines.append(("" if place else "because", said))
    if decision.remedy:
        lines.append(("remedy", Text(clean(one_line(decision.remedy)))))
    if decision.retry_after is not None:
        lines.append(("wait", Text(f"{decision.retry_after:.1f} s")))
    lines.append(("on a copy", Text(f"it fails: {_said(attempt)}" if attempt.fails else "it works: this was wrong")))
    if not attempt.prevented:
        lines[-1] = ("it was made", Text(f"and failed: {_said(attempt)}" if attempt.fails else "and worked"))
    if attempt.prevented:
        lines.append(("the agent", Text(_what_next(attempt))))
    return lines


def _what_next(attempt: Attempt) -> str:
    after = attempt.next
    waited = f"waited {attempt.waited:.1f} s, then " if attempt.waited else ""
    if after is None:
        return f"{waited}left it at that"
    how = "prevented" if after.prevented else "failed" if after.fails else "worked"
    if after.call == attempt.call:
        return f"{waited}made the call again: {how}"
    took = "took what the decision named" if after.call.advised else "went on with"
    return f"{waited}{took}: {in_words(after.call)} ({how})"


def _said(attempt: Attempt) -> str:
    return one_line(clean(attempt.error or ""), 200)


def _covers(pattern: model_pb2.UsagePattern) -> str:
    """What a pattern speaks of; of arguments with one text, that text."""
    try:
        found: Any = json.loads(pattern.description)
    except ValueError:
        return pattern.description
    values = list(found.values()) if isinstance(found, dict) else []
    return values[0] if len(values) == 1 and isinstance(values[0], str) else pattern.description


def summary_rows(shadow: Phase, enforced: Phase) -> list[tuple[str, str, str]]:
    """What both phases came to, side by side."""
    both = (shadow, enforced)

    def row(name: str, *values: object) -> tuple[str, str, str]:
        return name, str(values[0]), str(values[1])

    return [
        row("sessions", *(len(p.sessions) for p in both)),
        row("calls asked about", *(len(p.attempts) for p in both)),
        row("calls made", *(p.made for p in both)),
        row("  succeeded", *(p.succeeded for p in both)),
        row("  failed", *(p.failed for p in both)),
        row("judged “prevent”, and it fails", *(p.foreseen for p in both)),
        row("judged “prevent”, yet it works", *(p.mistaken for p in both)),
        row("failures saved", "–", enforced.saved),
        row("successes untouched", *(f"{p.succeeded} of {p.succeeded + p.wrongly_prevented}" for p in both)),
        row("probes (that worked)", *(f"{p.probes} ({p.probes_worked})" for p in both)),
        row("advised calls taken (that worked)", *(f"{p.advised} ({p.advised_worked})" for p in both)),
        row("median time of a question", *(f"{p.median_check_seconds * 1000:.1f} ms" for p in both)),
        row("time, of which waiting", *(f"{p.seconds:.1f} s, {p.waited:.1f} s" for p in both)),
    ]


def reasons_counted(phase: Phase) -> str:
    """Saved failures by the reason named first, as in "exact_repeat 18, known_call 23"."""
    counts: dict[str, int] = {}
    for attempt in phase.attempts:
        if attempt.prevented and attempt.fails:
            counts[attempt.reason] = counts.get(attempt.reason, 0) + 1
    return ", ".join(f"{code} {count}" for code, count in sorted(counts.items(), key=lambda item: -item[1]))

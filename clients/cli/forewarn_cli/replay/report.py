"""A replay's figures, as tables for people and a list for programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from forewarn_cli import screen
from forewarn_cli.replay.detectors import merge
from forewarn_cli.replay.player import Result, Row
from forewarn_cli.replay.scores import mean_rows
from forewarn_cli.replay.skipped import Skipped
from forewarn_cli.wording import counted, percent

Results = Mapping[str, Sequence[Result]]

_COLUMNS = {
    "source": "source",
    "calls": ">calls",
    "failures": ">failures",
    "prevented": ">prevented",
    "precision": ">precision",
    "recall": ">recall",
    "f1": ">F1",
    "false_prevention_rate": ">false prevention",
    "recall_at_fpr_1pct": ">recall@1%",
    "ece": ">ECE",
    "retry_advised_of_mended": ">retry advised",
    "retry_precision": ">retry right",
    "checks_per_second": ">checks/s",
    "check_p50_us": ">p50 µs",
    "check_p99_us": ">p99 µs",
    "records_per_second": ">records/s",
}
_SHARES = ("precision", "recall", "recall_at_fpr_1pct", "retry_advised_of_mended", "retry_precision")


def rows(results: Results) -> list[Row]:
    """A row for each source: the mean over its orders."""
    return [mean_rows([one.row() for one in repeats]) for repeats in results.values()]


def show_json(results: Results, skipped: Skipped, *, by_detector: bool) -> None:
    """One list with an object for each source; `skipped` is how many of its lines were left out."""
    # Of a source without a call that can be replayed, that is all there is to say.
    results = {**results, **{source: [Result(source)] for source in skipped.by_source if source not in results}}
    documents: list[dict[str, object]] = [
        {**row, "skipped": skipped.by_source[str(row["source"])]} for row in rows(results)
    ]
    if by_detector:
        for document, repeats in zip(documents, results.values(), strict=True):
            document["detectors"] = merge([one.tally for one in repeats]).rows()
    screen.show_json(documents)


def show_tables(results: Results, *, by_detector: bool) -> None:
    """The figures, and per source the detectors."""
    out = screen.Screen()
    out.table(list(_COLUMNS.values()), [[_cell(name, row[name]) for name in _COLUMNS] for row in rows(results)])
    if not by_detector:
        return
    for source, repeats in results.items():
        out.line()
        out.line(screen.Styled(source, "bold"))
        out.table(
            ["detector", ">prevented", ">right", ">wrong", ">share of recall"],
            [
                [str(row["detector"]), str(row["prevented"]), str(row["right"]), str(row["wrong"]),
                 percent(row["share_of_recall"])]
                for row in merge([one.tally for one in repeats]).rows()
            ],
            none="nothing was prevented",
        )  # fmt: skip


def show_notes(results: Results, skipped: Skipped) -> None:
    """What the figures do not say, on stderr."""
    probes = sum(one.probes for repeats in results.values() for one in repeats)
    if probes:
        print(f"forewarn: {counted(probes, 'call')} let through as probes", file=sys.stderr)
    for at, line in enumerate(skipped.told()):
        print(line if at else f"forewarn: {line}", file=sys.stderr)


def _cell(name: str, value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or "–"
    if name == "false_prevention_rate":
        return percent(value, 2)
    if name in _SHARES:
        return percent(value)
    if name in ("f1", "ece"):
        return f"{value:.3f}"
    return f"{value:.0f}" if float(value).is_integer() or value >= 100 else f"{value:.1f}"

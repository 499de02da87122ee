"""``python -m clients.demo``: the scripted agent, or with ``--traces FOLDER`` a replay of recorded calls."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from forewarn import ForewarnError
from forewarn_cli.faults import EXIT_INTERRUPTED, EXIT_NEGATIVE, EXIT_OK, EXIT_USAGE, Fault
from forewarn_cli.wording import clean


def main(arguments: list[str] | None = None) -> int:
    """Runs it; the exit code is 0, 1 (it went wrong), 2 (usage), 3 (no daemon) or 130 (interrupted)."""
    parser = argparse.ArgumentParser(prog="python -m clients.demo", description="See Forewarn learn from real calls.")
    parser.add_argument(
        "--traces", type=Path, metavar="FOLDER", help="replay a folder's traces instead; further options go to it"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the agent's script (1)")
    parser.add_argument("--sessions", type=_some, default=8, metavar="N", help="in each mode (8)")
    said, others = parser.parse_known_args(arguments)
    if said.traces is not None:
        return replay(said.traces, others)
    if others:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal or file cannot encode is escaped, not fatal
            stream.reconfigure(errors="backslashreplace")
    return _tell(said.seed, said.sessions)


def _tell(seed: int, sessions: int) -> int:
    from .interrupts import Interrupts
    from .story import tell
    from .view import View

    interrupts = Interrupts()
    try:
        with interrupts.handled():
            ending = tell(View(), interrupts, seed, sessions)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _complain("interrupted; the daemon is stopped and its folder removed")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Fault as fault:
        _complain(str(fault))
        return fault.exit_code
    except ForewarnError as error:
        _complain(f"the daemon did not answer as it should: {error}")
        return EXIT_NEGATIVE
    return EXIT_OK if ending.agreed else EXIT_NEGATIVE


def _some(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("between 1 and 1000")
    return number


def replay(folder: Path, options: Sequence[str] = ()) -> int:
    """Every trace file of a folder, each source with a daemon of its own. ``options`` are those of forewarn replay."""
    if not folder.is_dir():
        _complain(f"there is no folder {folder}")
        return EXIT_USAGE
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")])
    if not files:
        _complain(f"there are no trace files (*.jsonl, *.jsonl.gz) in {folder}")
        return EXIT_USAGE
    from forewarn_cli.main import main as forewarn

    print(f"Replaying {len(files)} files of {folder} in shadow, each source with a daemon of its own.", flush=True)
    return forewarn(["replay", "--private", *options, *map(str, files)])


def _complain(text: str) -> None:
    print(clean(f"demo: {text}"), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

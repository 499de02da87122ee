"""Builds and runs the examples of the Go and TypeScript clients against a daemon that it starts.

    python -m tests.conformance_clients [--daemon COMMAND]

Each example is run over every kind of address, once with a file that is there and once with one that is not. What it
prints is checked, and that the daemon counted it. A client whose toolchain is not installed is left out; in CI (CI is
set) that is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import grpc

from forewarn.v1.admin_pb2 import GetStatsRequest
from forewarn.v1.admin_pb2_grpc import AdminServiceStub

from .daemon import Addresses, default_command, running
from .examples import EXAMPLES, Example

RUN_LIMIT = 60.0  # seconds
# What is asked for, and what the example says of it.
CASES = ((__file__, r"recorded \S+: .*success", "success"), ("/no/such/file", r"recorded \S+: .*ENOENT", "failure"))


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", default=default_command(), help="the daemon's command (default: the installed one)")
    options = parser.parse_args()

    passed, failed, skipped = 0, 0, 0
    for example in EXAMPLES:
        if not shutil.which(example.needs):
            print(f"{example.name}: left out, {example.needs} is not installed")
            skipped += 1
            continue
        example.prepare()
        subprocess.run(example.build, check=True)
        # A daemon of its own, so that no example changes another's decisions.
        with running(options.daemon) as addresses:
            for what, problem in (*_runs(example, addresses), *_counts(example, addresses)):
                print(f"{example.name}: {what}: {problem or 'ok'}")
                passed, failed = (passed, failed + 1) if problem else (passed + 1, failed)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or (skipped and os.environ.get("CI")) else 0


def _runs(example: Example, addresses: Addresses) -> Iterator[tuple[str, str]]:
    for address in addresses.guard:
        for path, expected, outcome in CASES:
            done = subprocess.run(
                [*example.run, path],
                env={**os.environ, "FOREWARN_ADDRESS": address},
                capture_output=True,
                text=True,
                timeout=RUN_LIMIT,
                check=False,
            )
            said = done.stdout + done.stderr
            right = done.returncode == 0 and re.fullmatch(expected, done.stdout.strip(), re.IGNORECASE)
            kind = "unix" if address.startswith("unix:") else "tcp"
            yield f"{outcome} over {kind}", "" if right else f"exit {done.returncode}, said: {said}"


def _counts(example: Example, addresses: Addresses) -> Iterator[tuple[str, str]]:
    with grpc.insecure_channel(addresses.admin) as channel:
        stats = AdminServiceStub(channel).GetStats(GetStatsRequest(tool=example.tool), timeout=RUN_LIMIT)
    counts = [tool.counts for tool in stats.tools if tool.tool == example.tool]
    for _, _, outcome in CASES:
        counted = sum(getattr(each, outcome) for each in counts)
        wanted = len(addresses.guard)
        yield f"{outcome} counted", "" if counted == wanted else f"{counted} counted, {wanted} made"


if __name__ == "__main__":
    raise SystemExit(main())

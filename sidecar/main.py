"""``forewarn-sidecar``: reads the settings, starts the daemon, serves until told to stop.

Exit codes: 0 stopped as asked; 1 could not start (the reason is the last line on standard error); 2 usage.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Final

from pydantic import ValidationError
from pydantic_settings import CliApp

from . import __version__
from .config import Settings

#: gRPC's older way of watching sockets, in which the thread that waits for calls also reads them. Its newer one has
#: threads of its own for that, which must wake the first for each call: half as many calls on the same core
#: (docs/decisions/0035). Read when gRPC starts; what the environment says goes before.
GRPC_EXPERIMENTS: Final = "-event_engine_listener,-event_engine_client"

#: Seconds after which the main thread looks whether it was told to stop.
_LOOK_SECONDS = 0.5


def main() -> None:
    """Run the daemon."""
    if "--version" in sys.argv[1:]:
        print(f"forewarn-sidecar {__version__}")
        return
    settings = _settings()
    os.environ.setdefault("GRPC_EXPERIMENTS", GRPC_EXPERIMENTS)
    # What is heavy is imported after the settings are known to be good: --help and mistakes answer at once.
    from .collection import collect_rarely
    from .daemon import Daemon, StartError
    from .logs import configure
    from .paths import SettingError

    log = configure(settings.log_level, settings.log_format)
    stop = threading.Event()
    reasons: list[str] = []

    def on_signal(number: int, _frame: object) -> None:
        if stop.is_set():  # asked twice: somebody is in a hurry
            os._exit(128 + number)
        reasons.append(signal.Signals(number).name)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    try:
        daemon = Daemon(settings)
        daemon.start()
        collect_rarely()
    except StartError as error:
        print(f"forewarn-sidecar: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except SettingError as error:
        print(f"forewarn-sidecar: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    try:
        # Not for ever: a signal that comes just before the thread begins to wait does not wake it, and would be lost.
        while not stop.wait(_LOOK_SECONDS):
            pass
    finally:
        log.info("stopping", reason=reasons[0] if reasons else "error")
        daemon.stop()


def _settings() -> Settings:
    try:
        return CliApp.run(Settings)
    except ValidationError as error:
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"]) or "settings"
            text = problem["msg"].removeprefix("Value error, ")
            print(f"forewarn-sidecar: {field}: {text}", file=sys.stderr)
        raise SystemExit(2) from None
    except ValueError as error:
        print(f"forewarn-sidecar: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()

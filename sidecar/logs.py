"""Structured logs on standard error: for people on a terminal, JSON lines elsewhere. No arguments, no error texts.

All lines have one form and one way out, a handler of the root logger, whoever wrote them: our rooms with structlog or
with ``logging``, libraries with ``logging`` or ``warnings``. Of libraries only warnings and worse are of interest.
"""

from __future__ import annotations

import logging
import sys
from typing import Final, Literal

import structlog

#: Loggers of our own, which ``--log-level`` is about.
_OURS: Final = ("forewarn", "sidecar")
#: Characters of a text in a line; of one that is longer, a traceback say, the beginning and the end are kept.
MAX_TEXT: Final = 16_384


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in stubs only
    """Ours, to be told from others' when logging is set up again."""


def configure(level: str, form: Literal["auto", "console", "json"]) -> structlog.stdlib.BoundLogger:
    """Set up logging for the process and give its logger."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    stamps: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if console:
        last += [_bounded, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    else:
        last += [structlog.processors.format_exc_info, _bounded, structlog.processors.JSONRenderer()]
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *stamps], processors=last
        )
    )
    least: int = getattr(logging, level.upper())
    root = logging.getLogger()
    root.handlers = [*(other for other in root.handlers if not isinstance(other, _Handler)), handler]
    root.setLevel(max(least, logging.WARNING))
    for name in _OURS:
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*stamps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger("forewarn")
    return logger


def _bounded(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Cut texts that are too long for a line, in the middle."""
    for key, value in event.items():
        if isinstance(value, str) and len(value) > MAX_TEXT:
            event[key] = f"{value[: MAX_TEXT // 2]} … {value[-MAX_TEXT // 2 :]}"
    return event

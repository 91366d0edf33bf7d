"""Logs of a process: one JSON object a line on standard error, or plain text at a terminal."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

import structlog


def configure_logs(level: str) -> None:
    """Send structlog and the standard library's loggers to one place at `level`; raises `ValueError` for no level."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"LOG_LEVEL {level!r} is none of {', '.join(logging.getLevelNamesMapping())}")
    at_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _severity,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if at_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_names: _PatientLogger(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


class _PatientLogger(structlog.PrintLogger):
    """Leaves out what cannot be written (a log on a full disk): work never fails for want of a line about it."""

    def msg(self, message: str) -> None:
        """Writes one line where that is possible."""
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def _severity(logger: object, method: str, event_dict: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Cloud Logging's name of the level (https://docs.cloud.google.com/logging/docs/structured-logging)."""
    return {**event_dict, "severity": str(event_dict["level"]).upper()}

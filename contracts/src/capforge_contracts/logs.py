"""How every process logs: one JSON object per line, of one shape, so that one query reads all of them.

- First `time` (UTC), `level`, `component`, `event` (a constant text); then what is known of `request`, `namespace`,
  `capability`, `version`, `dataset`, `run`, `run_digest`, `attempt`; then what belongs to the event.
- A value is told under the same key everywhere: the run of a training pod's line is the run of the operator's line.
- What libraries, warnings and uncaught errors say goes the same way.
- Values of Secrets are never handed to a logger; tests run with known ones and search everything that was written.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import structlog

CONTEXT = ("request", "namespace", "capability", "version", "dataset", "run", "run_digest", "attempt")
"""Keys that mean the same in every component."""
_UTC_OFFSET = "+00:00"
_LIBRARY_LEVELS = {"kopf": logging.WARNING, "aiohttp": logging.WARNING, "botocore": logging.WARNING}
"""What is louder than anybody wants, and the least level that is let through."""


class LineShape:
    """A structlog processor: puts an event into the shape; the last one before it is rendered."""

    def __init__(self, component: str) -> None:
        self._component = component

    def __call__(self, _logger: Any, level: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the line's fields in their order, `time` not rendered yet; the event's own fields win."""
        rest = dict(event)
        return {
            "time": datetime.now(UTC),
            "level": rest.pop("level", None) or _LEVEL_NAMES.get(level, level),
            "component": self._component,
            "event": rest.pop("event", ""),
            **_COMMON,
            **rest,
        }


_COMMON: dict[str, Any] = {}
_LEVEL_NAMES = {"warn": "warning", "exception": "error", "fatal": "critical"}


def bind(**fields: Any) -> None:
    """Add these fields to every line of the process from now on, of all its threads: for one that does one thing."""
    _COMMON.update(fields)


def configure(component: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Log through the standard library to the stream, standard error where none is given."""
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            LineShape(component),
            structlog.processors.JSONRenderer(default=_text),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in _LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelNamesMapping()[level.upper()]))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    catch_the_rest()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").removesuffix(_UTC_OFFSET) + "Z"
    return str(value)


def catch_the_rest() -> None:
    """Let warnings and errors that nobody caught be log lines too."""
    logging.captureWarnings(capture=True)
    log = logging.getLogger("uncaught")

    def main_thread(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("uncaught error", exc_info=(kind, error, trace))

    def other_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            log.critical("uncaught error", exc_info=(told.exc_type, told.exc_value, told.exc_traceback))

    sys.excepthook = main_thread
    threading.excepthook = other_thread

"""Log lines have one shape, whoever says something: our code, a library, a warning, an error that nobody caught."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

_SAYS = {
    "structlog": 'structlog.get_logger().info("said", run="cells-1", number=3)',
    "a library": 'logging.getLogger("some.library").warning("said %s", "so")',
    "a warning": 'warnings.warn("said", stacklevel=1)',
    "a caught error": 'try:\n    1 / 0\nexcept ZeroDivisionError:\n    structlog.get_logger().exception("broke")',
    "an uncaught error": "1 / 0",
    "a thread's uncaught error": "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
}


def said(code: str, level: str = "info") -> list[dict[str, Any]]:
    """Run the code in a process of its own and return what it wrote, line by line."""
    start = "import logging, structlog, threading, warnings\nfrom capforge_contracts import logs\n"
    configured = f'{start}logs.configure("trainer", "{level}")\nlogs.bind(run_digest="abc", attempt=2)\n'
    done = subprocess.run([sys.executable, "-c", configured + code], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize("code", _SAYS.values(), ids=_SAYS)
def test_every_line_has_the_shape(code: str) -> None:
    (line,) = said(code)
    assert list(line)[:6] == ["time", "level", "component", "event", "run_digest", "attempt"]
    assert line["component"] == "trainer"
    assert line["level"] in {"info", "warning", "error", "critical"}
    assert line["time"].endswith("Z")
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)


def test_an_error_brings_its_trace_in_one_line() -> None:
    for name in ("a caught error", "an uncaught error", "a thread's uncaught error"):
        (line,) = said(_SAYS[name])
        assert "ZeroDivisionError" in line["exception"], name


def test_an_events_own_field_wins_over_what_the_process_works_on() -> None:
    (line,) = said('structlog.get_logger().info("said", attempt=1)')
    assert line["attempt"] == 1


def test_what_is_below_the_level_is_not_written() -> None:
    assert said('structlog.get_logger().info("said"); logging.getLogger("a").info("said")', "warning") == []
    assert said('logging.getLogger("kopf.objects").info("said")', "info") == []

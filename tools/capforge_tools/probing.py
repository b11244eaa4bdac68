"""Waiting until something is true."""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from capforge_tools.errors import ToolError

_PAUSE_SECONDS = 0.1
_TIMEOUT_SECONDS = 5.0


def wait_until(is_true: Callable[[], bool], what: str, timeout_seconds: float, log: Path | None = None) -> None:
    """Return as soon as `is_true()`; raise ToolError naming `what` (and quoting the log's end) after the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while not is_true():
        if time.monotonic() > deadline:
            quote = f"; the end of {log}:\n{last_lines(log)}" if log else ""
            raise ToolError(f"{what} did not happen within {timeout_seconds:.0f} s{quote}")
        time.sleep(_PAUSE_SECONDS)


def answers(url: str, authority: Path | None = None) -> bool:
    """Tell whether a GET of the address is answered with 200."""
    context = ssl.create_default_context(cafile=str(authority)) if authority else None
    # Local addresses never go through a proxy that the environment names.
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if context:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=_TIMEOUT_SECONDS) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def last_lines(path: Path, count: int = 15) -> str:
    """Return the end of a log file; empty if there is none."""
    if not path.is_file():
        return ""
    return "\n".join(f"    {line}" for line in path.read_text(errors="replace").splitlines()[-count:])

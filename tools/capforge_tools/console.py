"""Progress on the terminal: every step is named when it starts and timed when it ends."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TICK_SECONDS = 1.0
_HEARTBEAT_SECONDS = 30.0


def say(text: str) -> None:
    """Print one line for people (standard error, so that standard output stays for results)."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show that a step runs, how long it has run, and how it ended."""
    started = time.monotonic()
    ended = threading.Event()
    ticker = threading.Thread(target=_tick, args=(text, started, ended), daemon=True)
    ticker.start()
    mark = "✗"
    try:
        yield
        mark = "✓"
    finally:
        ended.set()
        ticker.join()
        _line(f"  {mark} {text} ({time.monotonic() - started:.1f} s)", last=True)


def _tick(text: str, started: float, ended: threading.Event) -> None:
    """Rewrite the line each second on a terminal; in a log print a line every half minute."""
    live = sys.stderr.isatty()
    while not ended.wait(_TICK_SECONDS if live else _HEARTBEAT_SECONDS):
        _line(f"  … {text} ({time.monotonic() - started:.0f} s)", last=not live)


def _line(text: str, *, last: bool) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="\n" if last else "", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)

"""Waiting for the world to become what a test says it becomes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.05
PATIENCE = float(os.environ.get("CAPFORGE_TEST_PATIENCE", "3"))
"""Times as long as a test says: its figures are a quiet machine's, and only a failing test waits so long."""


def eventually(check: Callable[[], T], timeout_seconds: float = 20.0, pause_seconds: float = _PAUSE_SECONDS) -> T:
    """Call `check` until it neither raises nor answers something false; return its answer.

    `check` says what should hold by `assert` or by a true value. After the timeout its last error is raised.
    """
    timeout_seconds *= PATIENCE
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            answer = check()
            if answer is None or answer:
                return answer
            failure: Exception = AssertionError(f"still {answer!r}")
        except Exception as error:  # noqa: BLE001 - whatever is not yet so may raise anything
            failure = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_seconds} s: {failure}") from failure
        time.sleep(pause_seconds)


async def eventually_async(
    check: Callable[[], Awaitable[T]],
    timeout_seconds: float = 20.0,
    pause_seconds: float = _PAUSE_SECONDS,
) -> T:
    """Like `eventually`, for a coroutine function, without blocking the event loop."""
    timeout_seconds *= PATIENCE
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            answer = await check()
            if answer is None or answer:
                return answer
            failure: Exception = AssertionError(f"still {answer!r}")
        except Exception as error:  # noqa: BLE001 - whatever is not yet so may raise anything
            failure = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_seconds} s: {failure}") from failure
        await asyncio.sleep(pause_seconds)

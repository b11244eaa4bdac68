"""Work that waits for the store, done by several threads, in the order it was given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")
THREADS = 8
_WINDOW = 2 * THREADS
"""Pieces in flight: bounds memory."""


def in_order(work: Callable[[Given], Made], pieces: Iterable[Given]) -> Iterator[tuple[Given, Made]]:
    """Yield each piece with what the work made of it; raises what the work raises."""
    pending: deque[tuple[Given, Future[Made]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for piece in pieces:
                pending.append((piece, pool.submit(work, piece)))
                if len(pending) >= _WINDOW:
                    yield _finished(pending)
            while pending:
                yield _finished(pending)
        finally:
            for _, future in pending:
                future.cancel()


def _finished(pending: deque[tuple[Given, Future[Made]]]) -> tuple[Given, Made]:
    piece, future = pending.popleft()
    return piece, future.result()

"""Batches prepared by threads a few steps before they are asked for, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_AHEAD = 3
"""Batches prepared before they are asked for."""

G = TypeVar("G")
B = TypeVar("B")


def ahead(groups: Sequence[G], make: Callable[[G], B], threads: int) -> Iterator[B]:
    """Yield what `make` returns for each group, in order; raises what it raises."""
    with ThreadPoolExecutor(threads, thread_name_prefix="batches") as pool:
        waiting: deque[Future[B]] = deque()
        for group in groups:
            waiting.append(pool.submit(make, group))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

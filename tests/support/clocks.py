"""A clock that tests move by hand."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count


@dataclass
class HandTimer:
    due: float
    callback: Callable[[], None]
    cancelled: bool = False

    def when(self) -> float:
        return self.due

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class HandScheduler:
    """The event loop's timers on a clock that only `advance` moves."""

    seconds: float = 0.0
    _timers: list[tuple[float, int, HandTimer]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)

    def time(self) -> float:
        return self.seconds

    def call_at(self, when: float, callback: Callable[[], None], /) -> HandTimer:
        timer = HandTimer(when, callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        while self._timers and self._timers[0][0] <= self.seconds:
            timer = heapq.heappop(self._timers)[2]
            if not timer.cancelled:
                timer.callback()


@dataclass
class HandClock:
    """The port Clock, moved by hand."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

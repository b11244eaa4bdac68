"""The queue between the doorbell and the workers, with the semantics of client-go's work queue."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from capforge_operator.keys import Key
from capforge_operator.runtime.backoff import Backoff
from capforge_operator.runtime.idle import IdleLane


class QueueClosed(Exception):  # noqa: N818 - reads as the fact it states
    """The process is ending: no more keys."""


class Timer(Protocol):
    """A wake-up that can be called off; `when` is on the scheduler's clock."""

    def when(self) -> float: ...

    def cancel(self) -> None: ...


class Scheduler(Protocol):
    """The event loop's clock; tests bring one that they move by hand."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer: ...


class WorkQueue:
    """The keys that should be looked at.

    - A key waits at most once, however often it is put.
    - Keys are given out in the order in which they came; those that were put idly only when no other waits, and spread
      over `idle_seconds`.
    - No key is worked on twice at the same time.
    - A key that is put while it is worked on is given out again after `done`, so no ring is lost.
    - Of several delays the earliest wins, and a put without delay beats them all.
    - A key that is given out leaves no delay behind: whoever works on it says anew when to look again.
    - A key that rests after its work is not given out until it has rested; rings in between are kept.
    - `put_backoff` waits longer with every call, with jitter, up to a limit, until `forget`.
    - After `close`, waiting and later `get`s raise QueueClosed and nothing is taken in.

    For one event loop; not for threads.
    """

    def __init__(self, backoff: Backoff, scheduler: Scheduler | None = None, idle_seconds: float = 0.0) -> None:
        """Start empty; without a scheduler, on the running loop's clock."""
        self._backoff = backoff
        self._scheduler: Scheduler = scheduler or asyncio.get_running_loop()
        self._waiting: deque[Key] = deque()
        self._idle = IdleLane(idle_seconds)
        self._idle_timer: Timer | None = None
        self._dirty: set[Key] = set()
        self._active: set[Key] = set()
        self._delayed: dict[Key, Timer] = {}
        self._changed = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        """Return how many keys wait for a worker."""
        return len(self._waiting) + len(self._idle)

    def ring(self, *keys: Key) -> None:
        """Put each key (the port `Bell`)."""
        for key in keys:
            self.put(key)

    def put(self, key: Key) -> None:
        """Have the key looked at as soon as a worker is free."""
        self._call_off(key)
        if self._closed or key in self._dirty:
            return
        self._idle.discard(key)
        self._dirty.add(key)
        if key not in self._active:
            self._waiting.append(key)
            self._changed.set()

    def put_idly(self, key: Key) -> None:
        """Have the key looked at when nothing else is to do: no sign says that anything about it changed."""
        if key in self._active:
            self.put(key)
        elif not self._closed and key not in self._dirty:
            self._idle.put(key)
            self._changed.set()

    def put_after(self, key: Key, seconds: float) -> None:
        """Have the key looked at in so many seconds, unless something earlier is due."""
        if self._closed or key in self._dirty:
            return
        when = self._scheduler.time() + seconds
        earlier = self._delayed.get(key)
        if earlier is not None and earlier.when() <= when:
            return
        self._call_off(key)
        self._delayed[key] = self._scheduler.call_at(when, partial(self.put, key))

    def put_backoff(self, key: Key) -> float:
        """Have the key looked at after its next back-off; returns the seconds."""
        seconds = self._backoff.next(key)
        self.put_after(key, seconds)
        return seconds

    def forget(self, key: Key) -> None:
        """Start the key's back-off anew."""
        self._backoff.forget(key)

    async def get(self) -> Key:
        """Wait for a key and take it; `done` must follow. Raises QueueClosed."""
        while (key := self._next()) is None:
            self._changed.clear()
            await self._changed.wait()
        self._dirty.discard(key)
        self._active.add(key)
        self._call_off(key)
        return key

    def done(self, key: Key, rest_seconds: float = 0.0) -> None:
        """Say that the work on a key ended, and for how long it is not to be given out, whoever rings."""
        if rest_seconds > 0 and not self._closed:
            self._scheduler.call_at(self._scheduler.time() + rest_seconds, partial(self.done, key))
            return
        self._active.discard(key)
        if key in self._dirty:
            self._waiting.append(key)
            self._changed.set()

    def close(self) -> None:
        """End: wake whoever waits, drop what is delayed."""
        self._closed = True
        for key in list(self._delayed):
            self._call_off(key)
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._changed.set()

    def _next(self) -> Key | None:
        """Take the key that comes next; where it is idle and its time has not come, be woken when it has."""
        if self._closed:
            raise QueueClosed
        if self._waiting:
            return self._waiting.popleft()
        key = self._idle.take(self._scheduler.time())
        if key is None and len(self._idle) and self._idle_timer is None:
            self._idle_timer = self._scheduler.call_at(self._idle.due, self._idle_is_due)
        return key

    def _idle_is_due(self) -> None:
        self._idle_timer = None
        self._changed.set()

    def _call_off(self, key: Key) -> None:
        timer = self._delayed.pop(key, None)
        if timer is not None:
            timer.cancel()


@dataclass(frozen=True)
class IdleBell:
    """The port Bell for whoever rings without knowing of a change."""

    queue: WorkQueue

    def ring(self, *keys: Key) -> None:
        """Have each key looked at when nothing else is to do."""
        for key in keys:
            self.queue.put_idly(key)

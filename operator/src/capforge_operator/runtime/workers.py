"""The workers: take a key, reconcile it, and decide when to look again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Protocol

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from capforge_contracts.store import StoreError
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Conflict, Done, PortError, Reconciler
from capforge_operator.runtime.queue import QueueClosed, WorkQueue

_log: structlog.stdlib.BoundLogger = structlog.get_logger("reconcile")


_REST = 5.0
"""A pool is worked on for a sixth of the time at most."""
_LONGEST_REST_SECONDS = 1.0
_OUTSIDE = (PortError, StoreError, TimeoutError)


class Meter(Protocol):
    """What is counted about reconciles."""

    def reconciled(self, kind: Kind, outcome: str, seconds: float) -> None:
        """Count one reconcile: outcome is done, conflict or error."""
        ...


class Workers:
    """A fixed number of tasks that drain the queue.

    Done: back-off starts anew, and the key comes back after the seconds that the reconcile asked for.
    Conflict: the key comes back with back-off, without a word in the log.
    A pool, which everything rings, rests a while after its work, so that what came meanwhile is one piece of work.
    Any other error, and a reconcile that takes too long: logged with its cause, back with back-off.
    """

    def __init__(
        self,
        queue: WorkQueue,
        reconcilers: Mapping[Kind, Reconciler],
        meter: Meter,
        timeout_seconds: float,
    ) -> None:
        """Take one reconciler per kind of key and the longest time one reconcile may take."""
        self._queue = queue
        self._reconcilers = reconcilers
        self._meter = meter
        self._timeout_seconds = timeout_seconds

    async def run(self, count: int) -> None:
        """Work until the queue is closed."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                tasks.create_task(self._work(), name=f"worker-{number}")

    async def _work(self) -> None:
        while True:
            try:
                key = await self._queue.get()
            except QueueClosed:
                return
            started = time.monotonic()
            try:
                await self._work_on(key)
            finally:
                self._queue.done(key, _rest_seconds(key, time.monotonic() - started))
            # A visit that finds all it asks for in memory never pauses: a thousand of them must not hold up a change.
            await asyncio.sleep(0)

    async def _work_on(self, key: Key) -> None:
        started = time.monotonic()
        # Every line that is logged on the way says what it is about.
        clear_contextvars()
        bind_contextvars(**key.told)
        outcome = "error"
        try:
            async with asyncio.timeout(self._timeout_seconds):
                done = await self._reconcilers[key.kind].reconcile(key)
            outcome = "done"
            self._finish(key, done, time.monotonic() - started)
        except Conflict as conflict:
            outcome = "conflict"
            _log.debug("conflict", cause=str(conflict), again_seconds=round(self._queue.put_backoff(key), 1))
        except Exception as error:  # noqa: BLE001 - the worker loop: one object's failure holds up no other
            cause = f"{type(error).__name__}: {error}"
            again = round(self._queue.put_backoff(key), 1)
            # The world's troubles have a message; only our own mistakes need the trace.
            _log.warning("failed", cause=cause, again_seconds=again, exc_info=not isinstance(error, _OUTSIDE))
        finally:
            self._meter.reconciled(key.kind, outcome, time.monotonic() - started)

    def _finish(self, key: Key, done: Done, seconds: float) -> None:
        self._queue.forget(key)
        if done.after_seconds is not None:
            self._queue.put_after(key, done.after_seconds)
        write = _log.debug if done.routine or done.did == Done().did else _log.info  # at rest the log is silent too
        write("reconciled", did=done.did, seconds=round(seconds, 3), again_seconds=done.after_seconds)


def _rest_seconds(key: Key, worked_seconds: float) -> float:
    return min(_REST * worked_seconds, _LONGEST_REST_SECONDS) if key.kind is Kind.SERVING else 0.0

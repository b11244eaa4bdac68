"""What the worker loop makes of each outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Conflict, Done
from capforge_operator.runtime.backoff import Backoff, BackoffLimits
from capforge_operator.runtime.queue import WorkQueue
from capforge_operator.runtime.workers import Workers
from tests.support.clocks import HandScheduler
from tests.support.eventually import eventually_async

KEY = Key(Kind.DATASET, "team", "cells")
OTHER = Key(Kind.DATASET, "team", "other")


@dataclass
class Script:
    """A reconciler that does what it is told, call by call; the last step repeats."""

    steps: list[Callable[[], Any]]
    keys: list[Key] = field(default_factory=list)

    async def reconcile(self, key: Key) -> Done:
        self.keys.append(key)
        answer = self.steps[min(len(self.keys), len(self.steps)) - 1]()
        if asyncio.iscoroutine(answer):
            await answer
            return Done()
        assert isinstance(answer, Done)
        return answer


@dataclass
class Tally:
    counted: list[tuple[Kind, str, float]] = field(default_factory=list)

    @property
    def outcomes(self) -> list[str]:
        return [outcome for _, outcome, _ in self.counted]

    def reconciled(self, kind: Kind, outcome: str, seconds: float) -> None:
        self.counted.append((kind, outcome, seconds))


@dataclass
class Bench:
    script: Script
    tally: Tally = field(default_factory=Tally)
    clock: HandScheduler = field(default_factory=HandScheduler)
    queue: WorkQueue = field(init=False)

    def __post_init__(self) -> None:
        self.queue = WorkQueue(Backoff(BackoffLimits(base_seconds=1, max_seconds=300), lambda: 1.0), self.clock)

    async def until(self, calls: int) -> None:
        """Work until the script was called so often, then stop."""
        workers = Workers(self.queue, {Kind.DATASET: self.script}, self.tally, timeout_seconds=0.2)
        running = asyncio.create_task(workers.run(2))

        await eventually_async(partial(_counted, self, calls), timeout_seconds=5, pause_seconds=0.001)
        self.queue.close()
        await running


def raises(error: Exception) -> Callable[[], Done]:
    def step() -> Done:
        raise error

    return step


async def test_a_key_that_is_done_does_not_come_back():
    bench = Bench(Script([Done]))
    bench.queue.put(KEY)
    await bench.until(1)
    bench.clock.advance(1000)
    assert bench.script.keys == [KEY]
    assert bench.tally.outcomes == ["done"]


@pytest.mark.parametrize(
    ("step", "outcome", "seconds"),
    [
        (lambda: Done(after_seconds=5), "done", 5),
        (raises(Conflict("changed")), "conflict", 1),
        (raises(ValueError("broken")), "error", 1),
        (lambda: asyncio.sleep(60), "error", 1),
    ],
    ids=["asked for", "conflict", "error", "too slow"],
)
async def test_a_key_comes_back_when_it_should(step: Callable[[], Any], outcome: str, seconds: float):
    bench = Bench(Script([step]))
    bench.queue.put(KEY)
    workers = Workers(bench.queue, {Kind.DATASET: bench.script}, bench.tally, timeout_seconds=0.2)
    running = asyncio.create_task(workers.run(1))
    await eventually_async(lambda: _counted(bench, 1), pause_seconds=0.001)
    assert bench.tally.outcomes == [outcome]
    bench.clock.advance(seconds - 0.01)
    assert len(bench.queue) == 0
    bench.clock.advance(0.02)
    assert len(bench.queue) == 1
    bench.queue.close()
    await running


async def _counted(bench: Bench, calls: int) -> bool:
    return len(bench.tally.counted) >= calls


async def test_success_starts_the_back_off_anew():
    bench = Bench(Script([raises(ValueError()), raises(ValueError()), Done]))
    workers = Workers(bench.queue, {Kind.DATASET: bench.script}, bench.tally, timeout_seconds=0.2)
    running = asyncio.create_task(workers.run(1))
    for call in (1, 2, 3):
        bench.queue.put(KEY)
        await eventually_async(partial(_counted, bench, call), pause_seconds=0.001)
    assert bench.tally.outcomes == ["error", "error", "done"]
    assert bench.queue.put_backoff(KEY) == 1
    bench.queue.close()
    await running


async def test_one_keys_failure_does_not_hold_up_another():
    def step() -> Any:
        if bench.script.keys[-1] == KEY:
            raise ValueError("always")
        return Done()

    bench = Bench(Script([step]))
    bench.queue.ring(KEY, OTHER)
    await bench.until(2)
    assert sorted(bench.tally.outcomes) == ["done", "error"]


async def test_a_kind_that_nobody_works_on_is_an_error_not_the_end():
    bench = Bench(Script([Done]))
    bench.queue.ring(Key(Kind.SERVING, "", "cpu"), KEY)
    await bench.until(2)
    assert sorted(bench.tally.outcomes) == ["done", "error"]


async def test_visits_that_never_pause_leave_the_loop_a_turn_each():
    turns: list[int] = []

    def step() -> Done:
        turns.append(turn)
        return Done()

    bench = Bench(Script([step]))
    bench.queue.ring(*(Key(Kind.DATASET, "team", str(number)) for number in range(10)))
    workers = asyncio.create_task(Workers(bench.queue, {Kind.DATASET: bench.script}, bench.tally, 0.2).run(1))
    turn = 0
    while len(turns) < 10:
        turn += 1
        await asyncio.sleep(0)
    assert len(set(turns)) == 10
    bench.queue.close()
    await workers

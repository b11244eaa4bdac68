"""The guarantees in WorkQueue's docstring, one test or more for each bullet."""

from __future__ import annotations

import asyncio

import pytest

from capforge_operator.keys import Key, Kind
from capforge_operator.runtime.backoff import Backoff, BackoffLimits
from capforge_operator.runtime.queue import IdleBell, QueueClosed, WorkQueue
from tests.support.clocks import HandScheduler
from tests.support.eventually import eventually_async

A, B, C = (Key(Kind.DATASET, "team", name) for name in "abc")


@pytest.fixture
def clock() -> HandScheduler:
    return HandScheduler()


@pytest.fixture
def queue(clock: HandScheduler) -> WorkQueue:
    return WorkQueue(Backoff(BackoffLimits(base_seconds=1, max_seconds=8), random=lambda: 1.0), clock)


async def taken(queue: WorkQueue) -> Key:
    return await asyncio.wait_for(queue.get(), 1)


async def test_a_key_waits_at_most_once(queue: WorkQueue):
    queue.ring(A, A, A)
    queue.put(A)
    assert await taken(queue) == A
    queue.done(A)
    assert len(queue) == 0


async def test_keys_are_given_out_in_the_order_in_which_they_came(queue: WorkQueue):
    queue.ring(B, A, C, A)
    assert [await taken(queue) for _ in range(3)] == [B, A, C]


async def test_keys_put_idly_come_when_no_other_waits(queue: WorkQueue):
    IdleBell(queue).ring(A, B)
    queue.put(C)
    assert [await taken(queue) for _ in range(3)] == [C, A, B]


async def test_a_key_put_idly_that_is_put_comes_with_the_others_and_once(queue: WorkQueue):
    IdleBell(queue).ring(A, B)
    queue.put(B)
    IdleBell(queue).ring(B)
    assert [await taken(queue) for _ in range(2)] == [B, A]
    assert len(queue) == 0


async def test_a_key_put_idly_while_worked_on_is_given_out_again(queue: WorkQueue):
    queue.put(A)
    await taken(queue)
    IdleBell(queue).ring(A)
    queue.done(A)
    assert await taken(queue) == A


async def test_keys_put_idly_are_spread_and_whoever_waits_is_woken_for_each(clock: HandScheduler):
    queue = WorkQueue(Backoff(BackoffLimits(), random=lambda: 1.0), clock, idle_seconds=0.06)
    IdleBell(queue).ring(A, B, C)
    assert await taken(queue) == A
    for key in (B, C):
        waiting = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        clock.advance(0.019)
        await asyncio.sleep(0)
        assert not waiting.done()
        clock.advance(0.002)
        assert await asyncio.wait_for(waiting, 1) == key


async def test_what_changed_does_not_wait_for_the_pause_between_idle_keys(clock: HandScheduler):
    queue = WorkQueue(Backoff(BackoffLimits(), random=lambda: 1.0), clock, idle_seconds=0.06)
    IdleBell(queue).ring(A, B)
    assert await taken(queue) == A
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.put(C)
    assert await asyncio.wait_for(waiting, 1) == C
    assert len(queue) == 1


async def test_a_key_that_is_worked_on_is_not_given_out(queue: WorkQueue):
    queue.put(A)
    await taken(queue)
    queue.put(A)
    assert len(queue) == 0


async def test_a_key_put_while_worked_on_is_given_out_again_after_done(queue: WorkQueue):
    queue.put(A)
    await taken(queue)
    queue.ring(A, A)
    queue.done(A)
    assert await taken(queue) == A
    queue.done(A)
    assert len(queue) == 0


async def test_a_delay_that_ends_while_the_key_is_worked_on_is_not_lost(queue: WorkQueue, clock: HandScheduler):
    queue.put(A)
    await taken(queue)
    queue.put_after(A, 1)
    clock.advance(2)
    assert len(queue) == 0
    queue.done(A)
    assert await taken(queue) == A


async def test_a_key_that_rests_is_not_given_out_and_loses_no_ring(queue: WorkQueue, clock: HandScheduler):
    queue.put(A)
    await taken(queue)
    queue.done(A, 5)
    queue.put(A)
    clock.advance(4)
    assert len(queue) == 0
    clock.advance(2)
    assert await taken(queue) == A


@pytest.mark.parametrize("delays", [(5, 2), (2, 5)], ids=["earlier second", "earlier first"])
async def test_of_several_delays_the_earliest_wins(queue: WorkQueue, clock: HandScheduler, delays: tuple[float, ...]):
    for delay in delays:
        queue.put_after(A, delay)
    clock.advance(1.9)
    assert len(queue) == 0
    clock.advance(0.2)
    assert await taken(queue) == A
    queue.done(A)
    clock.advance(10)
    assert len(queue) == 0


async def test_a_put_without_delay_beats_a_delay(queue: WorkQueue, clock: HandScheduler):
    queue.put_after(A, 5)
    queue.put(A)
    assert await taken(queue) == A
    queue.done(A)
    clock.advance(10)
    assert len(queue) == 0


async def test_a_delay_for_a_key_that_waits_already_adds_nothing(queue: WorkQueue, clock: HandScheduler):
    queue.put(A)
    queue.put_after(A, 1)
    await taken(queue)
    queue.done(A)
    clock.advance(2)
    assert len(queue) == 0


async def test_a_given_out_key_leaves_no_delay_behind(queue: WorkQueue, clock: HandScheduler):
    queue.put(A)
    await taken(queue)
    queue.put(A)
    queue.done(A)
    await taken(queue)
    queue.put_after(A, 3)
    queue.put(A)
    queue.done(A)
    await taken(queue)
    queue.done(A)
    clock.advance(10)
    assert len(queue) == 0


async def test_back_off_doubles_up_to_its_limit_until_it_is_forgotten(queue: WorkQueue):
    assert [queue.put_backoff(A) for _ in range(5)] == [1, 2, 4, 8, 8]
    queue.forget(A)
    assert queue.put_backoff(A) == 1


async def test_back_off_is_counted_for_each_key_alone(queue: WorkQueue):
    queue.put_backoff(A)
    assert queue.put_backoff(B) == 1


@pytest.mark.parametrize(("drawn", "seconds"), [(0.0, 2.0), (0.5, 3.0)])
def test_back_off_has_jitter_in_its_upper_half(drawn: float, seconds: float):
    backoff = Backoff(BackoffLimits(base_seconds=4, max_seconds=60), random=lambda: drawn)
    assert backoff.next(A) == seconds


def test_back_off_stays_at_its_limit_however_often_a_key_fails():
    backoff = Backoff(BackoffLimits(base_seconds=1, max_seconds=300), random=lambda: 1.0)
    assert [backoff.next(A) for _ in range(2000)][-1] == 300


async def test_a_backed_off_key_comes_after_its_seconds(queue: WorkQueue, clock: HandScheduler):
    seconds = queue.put_backoff(A)
    clock.advance(seconds - 0.01)
    assert len(queue) == 0
    clock.advance(0.02)
    assert await taken(queue) == A


async def test_whoever_waits_gets_a_key_as_soon_as_there_is_one(queue: WorkQueue):
    waiting = [asyncio.create_task(queue.get()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.ring(A, B)
    assert set(await asyncio.wait_for(asyncio.gather(*waiting), 1)) == {A, B}


async def test_closing_wakes_whoever_waits_and_takes_nothing_in(queue: WorkQueue, clock: HandScheduler):
    waiting = [asyncio.create_task(queue.get()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.put_after(A, 1)
    queue.close()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, QueueClosed) for one in ended)
    queue.put(B)
    queue.put_after(C, 1)
    clock.advance(5)
    assert len(queue) == 0
    with pytest.raises(QueueClosed):
        await queue.get()


async def same(left: object, right: object) -> bool:
    return left == right


async def test_many_workers_never_share_a_key_and_lose_no_ring():
    queue = WorkQueue(Backoff(BackoffLimits(), random=lambda: 1.0))
    active: set[Key] = set()
    seen: dict[Key, int] = {}
    wanted: dict[Key, int] = {}

    async def work() -> None:
        while True:
            key = await queue.get()
            assert key not in active
            active.add(key)
            before = wanted[key]
            await asyncio.sleep(0)
            seen[key] = before
            active.remove(key)
            queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(4)]
    for number in range(200):
        key = (A, B, C)[number % 3]
        wanted[key] = number
        queue.put(key)
        if number % 7 == 0:
            await asyncio.sleep(0)
    await eventually_async(lambda: same(seen, wanted))
    queue.close()
    assert all(isinstance(one, QueueClosed) for one in await asyncio.gather(*workers, return_exceptions=True))

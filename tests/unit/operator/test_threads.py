"""Blocking calls cost threads, never the event loop."""

from __future__ import annotations

import asyncio
from threading import Event, Lock

import pytest

from capforge_operator.runtime.threads import Threads, TooSlow


async def test_a_calls_result_and_error_come_back():
    threads = Threads(2, 5)
    assert await threads.run(sum, [1, 2]) == 3
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)


async def test_a_call_that_takes_too_long_is_given_up_and_named():
    threads, release = Threads(1, 0.05), Event()

    def hang() -> None:
        release.wait(10)

    with pytest.raises(TooSlow, match=r"hang took longer than 0\.05 s"):
        await threads.run(hang)
    release.set()


async def test_a_calls_own_timeout_is_not_mistaken_for_ours():
    def own() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own") as caught:
        await Threads(1, 5).run(own)
    assert not isinstance(caught.value, TooSlow)


async def test_no_more_than_the_limit_run_at_once():
    threads, lock, gate = Threads(3, 5), Lock(), Event()
    running: list[int] = []
    most: list[int] = []

    def work() -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        if len(running) == 3:
            gate.set()
        gate.wait(5)
        with lock:
            running.pop()

    await asyncio.gather(*(threads.run(work) for _ in range(12)))
    assert max(most) == 3


async def test_the_event_loop_turns_while_a_call_blocks():
    threads, release = Threads(1, 5), Event()
    blocked = asyncio.create_task(threads.run(release.wait, 5))
    await asyncio.sleep(0)
    release.set()  # reached only because the loop was free
    assert await blocked

"""When the process is tidied, and what that does."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from capforge_operator.runtime import tidying
from capforge_operator.runtime.tidying import keep_tidy, tidy
from tests.support.eventually import eventually_async


@pytest.fixture
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


class Ring:
    """Garbage that only a collection finds."""

    collected = 0

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        Ring.collected += 1


@pytest.mark.usefixtures("_thawed")
def test_what_stays_is_set_aside_and_garbage_is_not_even_where_it_was_set_aside_before():
    before, ring = Ring.collected, Ring()
    tidy()
    assert gc.get_freeze_count() > 10_000
    del ring
    gc.collect()
    assert Ring.collected == before
    tidy()
    assert Ring.collected == before + 1


async def test_it_waits_for_a_rest_and_then_for_its_period(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tidying, "_GLANCE_SECONDS", 0.001)
    glances, tidied = [False, False, True, True], [0]

    def at_rest() -> bool:
        return glances.pop(0)

    def count() -> None:
        tidied[0] += 1

    running = asyncio.create_task(keep_tidy(at_rest, 3600, count))
    await eventually_async(lambda: _is(tidied, [1]), pause_seconds=0.001)
    for _ in range(10):
        await asyncio.sleep(0)
    running.cancel()
    assert (glances, tidied) == ([True], [1])


async def _is(left: object, right: object) -> bool:
    return left == right

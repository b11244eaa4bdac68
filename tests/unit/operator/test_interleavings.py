"""The capability and its serving pool are worked on at the same time: the pool never misses what was published."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capforge_contracts.names import DESIRED_FILE, desired_config_map
from capforge_contracts.serving import DesiredModels
from capforge_contracts.store import ObjectInfo
from capforge_operator.keys import Key, Kind
from capforge_operator.resource_types import CONFIG_MAPS
from capforge_operator.wiring import reconcilers
from tests.support.twins.world import MemoryStore
from tests.unit.operator.training_world import NAMESPACE, TrainingWorld, capability

CAPABILITY = Key(Kind.CAPABILITY, NAMESPACE, "cells")
PAUSES = st.lists(st.sampled_from([0, 1, 3, 60]), min_size=12, max_size=12)


@dataclass
class TakesTurns(MemoryStore):
    """A store that lets others work for so many turns around each call."""

    pauses: Iterator[int] = field(default_factory=lambda: iter(()))

    async def get(self, key: str) -> bytes:
        await self._pause()
        data = await super().get(key)
        await self._pause()
        return data

    async def list(self, prefix: str) -> list[ObjectInfo]:
        await self._pause()
        return await super().list(prefix)

    async def put_new(self, key: str, data: bytes) -> None:
        await self._pause()
        await super().put_new(key, data)
        await self._pause()

    async def _pause(self) -> None:
        for _ in range(next(self.pauses, 0)):
            await asyncio.sleep(0)


async def served(pauses: Sequence[int], head_start: int) -> list[str]:
    """Work on both at once, then on whatever was rung; return the versions that the pool should load."""
    world = TrainingWorld()
    await world.completed()
    world.twins.resources.put(capability() | {"metadata": {"name": "cells", "namespace": "team-z"}})  # read after ours
    store = TakesTurns(world.twins.store.objects, iter(pauses))
    found = reconcilers(replace(world.world(), store=store), world.twins.bell, world.threads, world.settings)
    pool = Key(Kind.SERVING, "", world.settings.pool)

    async def later(work: Awaitable[object]) -> None:
        for _ in range(head_start):
            await asyncio.sleep(0)
        await work

    world.twins.bell.keys.clear()
    await asyncio.gather(found[Kind.SERVING].reconcile(pool), later(found[Kind.CAPABILITY].reconcile(CAPABILITY)))
    while world.twins.bell.keys:
        key = world.twins.bell.keys.pop(0)
        await found[key.kind].reconcile(key)
    world.threads.close()
    name = desired_config_map(world.settings.pool)
    written = await world.twins.resources.get(CONFIG_MAPS, world.settings.namespace, name)
    return [one.version for one in DesiredModels.from_json(written["data"][DESIRED_FILE]).models] if written else []


@given(pauses=PAUSES, head_start=st.integers(0, 6))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_pool_never_misses_a_version(pauses: list[int], head_start: int):
    assert asyncio.run(served(pauses, head_start)) == ["1.1"]

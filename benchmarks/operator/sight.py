"""Sees statuses appear: a watch of its own, as any dashboard would have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target
from capforge_operator.ports import Json
from capforge_operator.resource_types import CAPABILITIES


@dataclass
class Sight:
    """When the status of each capability first described which generation, by the monotonic clock."""

    seen: dict[tuple[str, int], float] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def saw(self, name: str, generation: int) -> None:
        """Take note."""
        self.seen.setdefault((name, generation), time.monotonic())
        self._news.set()

    async def until(self, *wanted: tuple[str, int], timeout_seconds: float) -> None:
        """Wait until all of these were seen; raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            missing = {one for one in wanted if one not in self.seen}
            while missing:
                self._news.clear()
                await self._news.wait()
                missing = {one for one in missing if one not in self.seen}

    def saw_object(self, document: Json) -> None:
        """Take note of what an object's status describes."""
        generation = (document.get("status") or {}).get("observedGeneration")
        if generation:
            self.saw(document["metadata"]["name"], int(generation))


@asynccontextmanager
async def watching(api: KubernetesApi, namespace: str) -> AsyncIterator[Sight]:
    """Watch the capabilities of a namespace for the block."""
    sight = Sight()
    version = await _list(api, namespace, sight)

    async def follow(version: str) -> None:
        while True:  # a server under load cuts off who reads too slowly
            async with aclosing(_changes(api, namespace, version)) as changes:
                async for event in changes:
                    if event["type"] == "ERROR":
                        break
                    sight.saw_object(event["object"])
            version = await _list(api, namespace, sight)

    task = asyncio.create_task(follow(version))
    try:
        yield sight
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _changes(api: KubernetesApi, namespace: str, version: str) -> AsyncGenerator[Json, None]:
    return api.watch(Target(CAPABILITIES, namespace), {"resourceVersion": version}, 3600)


async def _list(api: KubernetesApi, namespace: str, sight: Sight) -> str:
    """Take note of all objects; returns the version to watch from."""
    page = await api.list(Target(CAPABILITIES, namespace), {})
    for one in page["items"]:
        sight.saw_object(one)
    return str(page["metadata"]["resourceVersion"])

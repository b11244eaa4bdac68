"""What the serving pods say now: asked at most once per moment, whoever wants to know."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from capforge_contracts.serving import PodState
from capforge_operator import labels
from capforge_operator.domain.pool import PodView, Pool
from capforge_operator.ports import Agents, Clock, PodFact, Pods, Unreachable

FRESH = timedelta(seconds=5)
"""An answer of this age is as good as a new one for a status."""


class PoolObserver:
    """Asks every agent of one pool for its state."""

    def __init__(self, pods: Pods, agents: Agents, clock: Clock, namespace: str, pool: str) -> None:
        """Look for the pool's pods in the release namespace."""
        self._pods = pods
        self._agents = agents
        self._clock = clock
        self._namespace = namespace
        self._labels = {labels.COMPONENT: labels.SERVING, labels.POOL: pool}
        self._seen: tuple[datetime, Pool] | None = None

    async def observe(self) -> Pool:
        """Ask now."""
        pods = await self._pods.list(self._namespace, self._labels)
        pool = Pool.of(await asyncio.gather(*(self._view(pod) for pod in pods)))
        self._seen = (self._clock.now(), pool)
        return pool

    async def recent(self) -> Pool:
        """Return what was seen a moment ago, or ask."""
        if self._seen and self._clock.now() - self._seen[0] <= FRESH:
            return self._seen[1]
        return await self.observe()

    async def _view(self, pod: PodFact) -> PodView:
        return PodView(pod.name, pod.ip, pod.ready, pod.deleting, await self._state(pod))

    async def _state(self, pod: PodFact) -> PodState | None:
        if not pod.ip or pod.phase != "Running":
            return None
        try:
            return await self._agents.state(pod.ip)
        except Unreachable:
            return None

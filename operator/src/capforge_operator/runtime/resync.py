"""Every few minutes ring for every object: what an event did not say, this does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Bell, PortError, Resources, ResourceType
from capforge_operator.runtime.liveness import Liveness, Sighting

_log: structlog.stdlib.BoundLogger = structlog.get_logger("resync")


class Resync:
    """Lists our kinds and rings for each object, and for the keys that are always there."""

    def __init__(
        self,
        resources: Resources,
        bell: Bell,
        liveness: Liveness,
        kinds: Mapping[ResourceType, Kind],
        always: tuple[Key, ...],
    ) -> None:
        """Take what to list, and the keys that no object stands for (serving pools)."""
        self._resources = resources
        self._bell = bell
        self._liveness = liveness
        self._kinds = kinds
        self._always = always

    async def run(self, period_seconds: float) -> None:
        """Ring now and then every period, until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(period_seconds)

    async def once(self) -> None:
        """Ring once for everything; a kind that cannot be listed is logged and tried again next time."""
        self._bell.ring(*self._always)
        for resource, kind in self._kinds.items():
            try:
                found = await self._resources.identities(resource)
            except PortError as error:
                _log.warning("not listed", resource=resource.plural, cause=str(error))
                continue
            self._liveness.listed(resource.plural, [Sighting(resource.plural, one.uid, one.version) for one in found])
            self._bell.ring(*(Key(kind, one.namespace, one.name) for one in found))

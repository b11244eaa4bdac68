"""Every few minutes ring for every object: what an event did not say, this does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Bell, PortError, Resources, ResourceType
from capforge_operator.runtime.liveness import Liveness, Sighting

_log: structlog.stdlib.BoundLogger = structlog.get_logger("resync")
_AT_ONCE = 500
"""Keys that are rung for without a pause: 2 ms."""


class Resync:
    """Lists our kinds and rings for each object, and for the keys that are always there."""

    def __init__(
        self,
        resources: Resources,
        bell: Bell,
        liveness: Liveness,
        kinds: Mapping[ResourceType, Kind],
        always: tuple[Key, ...],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what to list, the keys that no object stands for (serving pools), and whom to tell when all is done."""
        self._resources = resources
        self._bell = bell
        self._liveness = liveness
        self._kinds = kinds
        self._always = always
        self._done = done

    async def run(self, period_seconds: float) -> None:
        """Ring every period, until cancelled. At the start only compare: the watches ring for all that they list."""
        await self.once(objects=False)
        while True:
            await asyncio.sleep(period_seconds)
            await self.once()

    async def once(self, *, objects: bool = True) -> None:
        """Ring once for everything; a kind that cannot be listed is logged and tried again next time."""
        complete = True
        self._bell.ring(*self._always)
        for resource, kind in self._kinds.items():
            try:
                found = await self._resources.identities(resource)
            except PortError as error:
                complete = False
                _log.warning("not listed", resource=resource.plural, cause=str(error))
                continue
            self._liveness.listed(resource.plural, [Sighting(resource.plural, one.uid, one.version) for one in found])
            for start in range(0, len(found) if objects else 0, _AT_ONCE):
                await asyncio.sleep(0)
                self._bell.ring(*(Key(kind, one.namespace, one.name) for one in found[start : start + _AT_ONCE]))
        if complete:
            self._done()

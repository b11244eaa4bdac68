"""How many documents are annotated, of all capabilities, by one call to whichever gateway answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from capforge_operator import labels
from capforge_operator.domain.annotation import Count, Counted
from capforge_operator.domain.packed import Name
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Bell, Clock, Done, Gateways, Pods, PortError, Unreachable

KEY = Key(Kind.ANNOTATIONS, "", "gateways")
POLL_SECONDS = 2.0
_FRESH = timedelta(seconds=10)
"""An answer of this age is as good as a new one; at each change the capability is rung anyway."""
_PATIENCE = timedelta(seconds=30)
"""Gateways that start anew are not away yet."""


class AnnotationWatch:
    """Asks the gateways every two seconds, as long as there is any field extractor, and rings those that changed.

    - One call tells about all capabilities; without a field extractor there is none.
    - What was told last stays while nobody answers; after a while that is told too.
    """

    def __init__(self, pods: Pods, gateways: Gateways, bell: Bell, clock: Clock, namespace: str) -> None:
        """Look for the gateways in the release namespace."""
        self._pods = pods
        self._gateways = gateways
        self._bell = bell
        self._clock = clock
        self._namespace = namespace
        self._addresses: list[str] = []
        """Who answered last comes first."""
        self._wanted: set[Name] = set()
        self._counts: Mapping[Name, Count] | None = None
        self._asked: datetime | None = None
        self._silent_since: datetime | None = None
        self._rung_away = False
        """What was rung for last: away comes with time, not with an answer."""
        self._asking = asyncio.Lock()

    async def counted(self, namespace: str, capability: str) -> Counted:
        """Return what is known of a field extractor, and go on looking after it."""
        if (namespace, capability) not in self._wanted:
            self._wanted.add((namespace, capability))
            self._bell.ring(KEY)
        async with self._asking:
            if self._asked is None or self._clock.now() - self._asked > _FRESH:
                await self._ask()
        count = None if self._counts is None else self._counts.get((namespace, capability), Count())
        return Counted(count, self._is_away())

    async def newest_of_images(self, namespace: str) -> int | None:
        """Return the sequence of the newest submission about an image (0: there is none); None where nobody tells."""
        for address in dict.fromkeys([*self._addresses, *await self._found()]):
            try:
                told = await self._gateways.vision(address)
            except Unreachable:
                continue
            return next((one.sequence for one in told.counts if one.namespace == namespace), 0)
        return None

    def forget(self, namespace: str, capability: str) -> None:
        """Stop looking after a capability that is gone."""
        self._wanted.discard((namespace, capability))

    async def reconcile(self, key: Key) -> Done:  # noqa: ARG002 - there is one
        """Ask, and ring whoever is concerned."""
        if not self._wanted:
            return Done()
        async with self._asking:
            before, was_away = self._counts or {}, self._rung_away
            await self._ask()
            now, self._rung_away = self._counts or {}, self._is_away()
        flipped = was_away is not self._rung_away
        changed = [name for name in sorted(self._wanted) if flipped or before.get(name) != now.get(name)]
        self._bell.ring(*(Key(Kind.CAPABILITY, *name) for name in changed))
        return Done(POLL_SECONDS)

    async def _ask(self) -> None:
        self._asked = self._clock.now()
        tried = self._addresses
        answered = await self._asked_any(tried)
        if not answered:
            self._addresses = await self._found()
            answered = await self._asked_any([one for one in self._addresses if one not in tried])
        self._silent_since = None if answered else self._silent_since or self._asked

    async def _found(self) -> list[str]:
        """Return the gateways' addresses; those that are known while the API server does not tell."""
        try:
            found = await self._pods.list(self._namespace, {labels.COMPONENT: labels.GATEWAY})
        except PortError:
            return self._addresses
        return [pod.ip for pod in found if pod.ip and pod.phase == "Running" and not pod.deleting]

    async def _asked_any(self, addresses: list[str]) -> bool:
        for address in addresses:
            try:
                told = await self._gateways.annotations(address)
            except Unreachable:
                continue
            self._counts = {(one.namespace, one.capability): Count(one.documents, one.sequence) for one in told.counts}
            self._addresses = [address, *(one for one in self._addresses if one != address)]
            return True
        return False

    def _is_away(self) -> bool:
        return self._silent_since is not None and self._clock.now() - self._silent_since >= _PATIENCE

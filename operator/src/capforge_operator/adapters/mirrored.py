"""The port Resources where the mirrored kinds come from memory and all else from the API server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.ports import Conflict, Identity, Json, PortError, ResourceType
from capforge_operator.runtime.mirror import Mirror

_PATIENCE_SECONDS = 10.0
"""How long a reconcile waits for the first listing of a kind."""
_AT_ONCE = 1000
"""Objects that are named without a pause: 2 ms."""


class MirroredResources:
    """Reads from the mirror, writes live.

    A write is made on the condition that nothing changed since, so a mirror that lags can cost a try, never a wrong
    status. What shows that it lags (a conflict, a listing) is looked up live at once.
    """

    def __init__(self, live: KubernetesResources, mirror: Mirror) -> None:
        """Take the API server and what the watches hold of it."""
        self._live = live
        self._mirror = mirror

    async def get(self, kind: ResourceType, namespace: str, name: str) -> Json | None:
        """Return the object."""
        if not self._mirror.holds(kind):
            return await self._live.get(kind, namespace, name)
        await self._complete(kind)
        return self._mirror.get(kind, namespace, name)

    async def list(self, kind: ResourceType, namespace: str | None = None, capability: str | None = None) -> list[Json]:
        """Return all objects, of one namespace or one capability if given."""
        if not self._mirror.holds(kind):
            return await self._live.list(kind, namespace, capability)
        await self._complete(kind)
        return self._mirror.list(kind, namespace, capability)

    async def identities(self, kind: ResourceType) -> Sequence[Identity]:
        """Return which objects there are, live; where the mirror says otherwise it is put right."""
        found = await self._live.identities(kind)
        if self._mirror.holds(kind) and self._mirror.complete(kind).is_set():
            listed = {(one.namespace, one.name): int(one.version) for one in found}
            held = {name: one.version for name, one in self._mirror.versions(kind).items()}
            newest = max(listed.values(), default=max(held.values(), default=0))
            behind = [name for name, version in listed.items() if held.get(name, 0) < version]
            gone = [name for name, version in held.items() if name not in listed and version <= newest]
            for namespace, name in sorted({*behind, *gone}):
                await self._refresh(kind, namespace, name)
        return found

    async def known(self, kind: ResourceType) -> Sequence[Identity]:
        """Return which objects the mirror holds."""
        if not self._mirror.holds(kind):
            return await self._live.known(kind)
        await self._complete(kind)
        found = []
        for (namespace, name), held in list(self._mirror.versions(kind).items()):
            found.append(Identity(namespace, name, held.uid, str(held.version), held.generation))
            if len(found) % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    async def version(self, kind: ResourceType, namespace: str, name: str) -> str | None:
        """Return the resourceVersion, live."""
        return await self._live.version(kind, namespace, name)

    async def apply(self, kind: ResourceType, manifest: Json) -> Json:
        """Create or update by server-side apply."""
        applied = await self._live.apply(kind, manifest)
        if self._mirror.holds(kind):
            self._mirror.put(kind, dict(applied))
        return applied

    async def create(self, kind: ResourceType, manifest: Json) -> Json:
        """Create the object, and know it at once."""
        made = await self._live.create(kind, manifest)
        if self._mirror.holds(kind):
            self._mirror.put(kind, dict(made))
        return made

    async def write_status(self, kind: ResourceType, observed: Json, status: Json) -> bool:
        """Write the status, and know at once what it is now."""
        metadata = observed["metadata"]
        try:
            version = await self._live.write_version(kind, observed, status)
        except Conflict:
            if self._mirror.holds(kind):
                await self._refresh(kind, metadata.get("namespace", ""), metadata["name"])
            raise
        if version is None:
            return False
        if self._mirror.holds(kind):
            self._mirror.put_status(kind, observed, status, version)
        return True

    async def _refresh(self, kind: ResourceType, namespace: str, name: str) -> None:
        held = self._mirror.versions(kind).get((namespace, name))
        live = await self._live.get(kind, namespace, name)
        if live is not None:
            self._mirror.put(kind, live)
        elif held is not None:
            self._mirror.remove(kind, namespace, name, held.uid)

    async def _complete(self, kind: ResourceType) -> None:
        complete = self._mirror.complete(kind)
        if complete.is_set():
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await complete.wait()
        except TimeoutError as error:
            raise PortError(f"{kind.plural} are not listed yet") from error

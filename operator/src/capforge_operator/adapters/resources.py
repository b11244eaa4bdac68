"""The port Resources on the API server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from capforge_operator.adapters.kubernetes_api import (
    JSON,
    METADATA_LIST,
    METADATA_ONLY,
    KubernetesApi,
    Missing,
    Target,
    without_managed_fields,
)
from capforge_operator.ports import (
    AlreadyThere,
    Conflict,
    Identity,
    Json,
    ResourceType,
    capability_of,
    controller_uid,
    sorted_by_name,
)

_PAGE_OBJECTS = 100
"""A page is parsed at once: 2 ms, and 2 MB until it is done with."""


class KubernetesResources:
    """Objects as parsed JSON, read live."""

    def __init__(self, api: KubernetesApi, on_status: Callable[[ResourceType, Json], None] | None = None) -> None:
        """Use this connection, and tell the metadata of every object whose status was written."""
        self._api = api
        self._on_status = on_status or (lambda _kind, _metadata: None)
        self._unchanged: dict[str, tuple[str, Json]] = {}
        """By uid: a resourceVersion, and a status that changed nothing of it."""

    async def get(self, kind: ResourceType, namespace: str, name: str) -> Json | None:
        """Return the live object."""
        try:
            return without_managed_fields(await self._api.get(Target(kind, namespace, name)))
        except Missing:
            return None

    async def list(self, kind: ResourceType, namespace: str | None = None, capability: str | None = None) -> list[Json]:
        """Return all live objects, of one namespace or one capability if given."""
        found = [without_managed_fields(one) async for one in self._pages(Target(kind, namespace or ""), JSON)]
        return sorted_by_name(one for one in found if capability in (None, capability_of(one)))

    async def identities(self, kind: ResourceType) -> Sequence[Identity]:
        """Return which objects there are; only their metadata comes over the wire, one page at a time."""
        return [identity(item["metadata"]) async for item in self._pages(Target(kind), METADATA_LIST)]

    async def known(self, kind: ResourceType) -> Sequence[Identity]:
        """Return the same: nothing is known without asking."""
        return await self.identities(kind)

    async def version(self, kind: ResourceType, namespace: str, name: str) -> str | None:
        """Return the resourceVersion; only metadata comes over the wire."""
        try:
            found = await self._api.get(Target(kind, namespace, name), accept=METADATA_ONLY)
        except Missing:
            return None
        return str(found["metadata"]["resourceVersion"])

    async def _pages(self, target: Target, accept: str) -> AsyncIterator[Json]:
        query = {"limit": str(_PAGE_OBJECTS)}
        while True:
            page = await self._api.list(target, query, accept=accept)
            for item in page["items"] or []:  # null where a listing of metadata is empty
                yield item
            following = page["metadata"].get("continue")
            if not following:
                return
            query["continue"] = following

    async def apply(self, kind: ResourceType, manifest: Json) -> Json:
        """Create or update by server-side apply."""
        metadata = manifest["metadata"]
        target = Target(kind, metadata.get("namespace", ""), metadata["name"])
        return without_managed_fields(await self._api.apply(target, manifest))

    async def create(self, kind: ResourceType, manifest: Json) -> Json:
        """Create the object; an existing one is fine if it has the same controller."""
        metadata = manifest["metadata"]
        try:
            made = await self._api.create(Target(kind, metadata["namespace"]), manifest)
        except AlreadyThere:
            existing = await self.get(kind, metadata["namespace"], metadata["name"])
            if existing is None:
                raise Conflict(f"{kind.kind} {metadata['name']} came and went") from None
            if controller_uid(existing) != controller_uid(manifest):
                raise
            return existing
        return without_managed_fields(made)

    async def write_status(self, kind: ResourceType, observed: Json, status: Json) -> bool:
        """Apply the status with the observed object's uid and resourceVersion as preconditions."""
        return await self.write_version(kind, observed, status) is not None

    async def write_version(self, kind: ResourceType, observed: Json, status: Json) -> str | None:
        """Write the status and return the resourceVersion that this made; None if there was nothing to write.

        A field that somebody else wrote into the status is not ours to take away: applying ours leaves it, and changes
        nothing. That is tried once for each version of the object.
        """
        metadata = observed["metadata"]
        uid, before = metadata["uid"], metadata["resourceVersion"]
        if observed.get("status", {}) == status or self._unchanged.get(uid) == (before, status):
            return None
        kept = {name: metadata[name] for name in ("name", "namespace", "uid", "resourceVersion") if name in metadata}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": kept, "status": status}
        target = Target(kind, metadata.get("namespace", ""), metadata["name"], "status")
        try:
            written = await self._api.apply(target, body, accept=METADATA_ONLY)
        except Missing as error:
            raise Conflict(str(error)) from error
        version = str(written["metadata"]["resourceVersion"])
        if version == before:
            self._unchanged[uid] = (before, status)
            return None
        self._unchanged.pop(uid, None)
        self._on_status(kind, written["metadata"])
        return version


def identity(metadata: Json) -> Identity:
    """Return which object this is the metadata of."""
    return Identity(
        metadata.get("namespace", ""),
        metadata["name"],
        metadata["uid"],
        metadata["resourceVersion"],
        metadata.get("generation", 0),
    )

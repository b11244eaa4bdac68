"""The port Resources on the API server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from capforge_operator.adapters.kubernetes_api import (
    JSON,
    METADATA_LIST,
    KubernetesApi,
    Missing,
    Target,
    without_managed_fields,
)
from capforge_operator.ports import Conflict, Identity, Json, ResourceType, sorted_by_name

_PAGE_OBJECTS = 250


class KubernetesResources:
    """Objects as parsed JSON, read live."""

    def __init__(self, api: KubernetesApi, on_status: Callable[[ResourceType, Json], None] | None = None) -> None:
        """Use this connection, and tell the metadata of every object whose status was written."""
        self._api = api
        self._on_status = on_status or (lambda _kind, _metadata: None)

    async def get(self, kind: ResourceType, namespace: str, name: str) -> Json | None:
        """Return the live object."""
        try:
            return without_managed_fields(await self._api.get(Target(kind, namespace, name)))
        except Missing:
            return None

    async def list(self, kind: ResourceType, namespace: str | None = None) -> list[Json]:
        """Return all live objects."""
        return sorted_by_name(
            [without_managed_fields(one) async for one in self._pages(Target(kind, namespace or ""), JSON)]
        )

    async def identities(self, kind: ResourceType) -> Sequence[Identity]:
        """Return which objects there are; only their metadata comes over the wire, one page at a time."""
        return [
            Identity(one.get("namespace", ""), one["name"], one["uid"], one["resourceVersion"])
            async for one in (item["metadata"] async for item in self._pages(Target(kind), METADATA_LIST))
        ]

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

    async def write_status(self, kind: ResourceType, observed: Json, status: Json) -> bool:
        """Apply the status with the observed object's uid and resourceVersion as preconditions."""
        if observed.get("status", {}) == status:
            return False
        metadata = observed["metadata"]
        kept = {name: metadata[name] for name in ("name", "namespace", "uid", "resourceVersion") if name in metadata}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": kept, "status": status}
        target = Target(kind, metadata.get("namespace", ""), metadata["name"], "status")
        try:
            written = await self._api.apply(target, body)
        except Missing as error:
            raise Conflict(str(error)) from error
        self._on_status(kind, written["metadata"])
        return True

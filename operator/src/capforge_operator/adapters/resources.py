"""The port Resources on the API server."""

from __future__ import annotations

from capforge_operator.adapters.kubernetes_api import KubernetesApi, Missing, Target, without_managed_fields
from capforge_operator.ports import Conflict, Json, ResourceType, sorted_by_name

_PAGE_OBJECTS = 250


class KubernetesResources:
    """Objects as parsed JSON, read live."""

    def __init__(self, api: KubernetesApi) -> None:
        """Use this connection."""
        self._api = api

    async def get(self, kind: ResourceType, namespace: str, name: str) -> Json | None:
        """Return the live object."""
        try:
            return without_managed_fields(await self._api.get(Target(kind, namespace, name)))
        except Missing:
            return None

    async def list(self, kind: ResourceType, namespace: str | None = None) -> list[Json]:
        """Return all live objects, page by page so that no answer is large."""
        found: list[Json] = []
        query = {"limit": str(_PAGE_OBJECTS)}
        while True:
            page = await self._api.list(Target(kind, namespace or ""), query)
            found += [without_managed_fields(one) for one in page["items"]]
            following = page["metadata"].get("continue")
            if not following:
                return sorted_by_name(found)
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
            await self._api.apply(target, body)
        except Missing as error:
            raise Conflict(str(error)) from error
        return True

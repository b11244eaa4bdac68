"""Twin of the port Resources: objects with uids, resource versions, generations and preconditions."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

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


@dataclass
class MemoryResources:
    """`put` and `remove` are what people do; the port's methods are what the operator does. Counts its writes."""

    objects: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    _versions: Iterator[int] = field(default_factory=lambda: count(1))

    def put(self, document: Json) -> Json:
        """Create an object or replace its spec, as a person does."""
        key = (document["kind"], document["metadata"].get("namespace", ""), document["metadata"]["name"])
        before = self.objects.get(key)
        stored = copy.deepcopy(document)
        version = str(next(self._versions))
        metadata = stored["metadata"]
        metadata["resourceVersion"] = version
        metadata["uid"] = before["metadata"]["uid"] if before else f"uid-{version}"
        metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
        changed = before is not None and before.get("spec") != stored.get("spec")
        metadata["generation"] = (before["metadata"]["generation"] if before else 1) + int(changed)
        if before and "status" in before:
            stored["status"] = before["status"]
        self.objects[key] = stored
        return copy.deepcopy(stored)

    def remove(self, kind: ResourceType, namespace: str, name: str) -> None:
        del self.objects[kind.kind, namespace, name]

    async def get(self, kind: ResourceType, namespace: str, name: str) -> Json | None:
        return copy.deepcopy(self.objects.get((kind.kind, namespace, name)))

    async def list(self, kind: ResourceType, namespace: str | None = None, capability: str | None = None) -> list[Json]:
        found = [
            one
            for (its_kind, its_namespace, _), one in self.objects.items()
            if its_kind == kind.kind and namespace in (None, its_namespace) and capability in (None, capability_of(one))
        ]
        return sorted_by_name(copy.deepcopy(found))

    async def identities(self, kind: ResourceType) -> list[Identity]:
        found = [one["metadata"] for one in await self.list(kind)]
        return [
            Identity(one.get("namespace", ""), one["name"], one["uid"], one["resourceVersion"], one["generation"])
            for one in found
        ]

    async def known(self, kind: ResourceType) -> list[Identity]:
        return await self.identities(kind)

    async def version(self, kind: ResourceType, namespace: str, name: str) -> str | None:
        found = await self.get(kind, namespace, name)
        return found["metadata"]["resourceVersion"] if found else None

    async def apply(self, kind: ResourceType, manifest: Json) -> Json:
        metadata = manifest["metadata"]
        before = self.objects.get((kind.kind, metadata.get("namespace", ""), metadata["name"]))
        same = before is not None and all(before.get(name) == manifest.get(name) for name in ("spec", "data"))
        if before is not None and same:
            return copy.deepcopy(before)
        self.writes.append(f"apply {kind.plural} {metadata['name']}")
        return self.put(manifest)

    async def create(self, kind: ResourceType, manifest: Json) -> Json:
        metadata = manifest["metadata"]
        before = self.objects.get((kind.kind, metadata.get("namespace", ""), metadata["name"]))
        if before is not None:
            if controller_uid(before) != controller_uid(manifest):
                raise AlreadyThere(f"{kind.kind} {metadata['name']} already exists")
            return copy.deepcopy(before)
        self.writes.append(f"create {kind.plural} {metadata['name']}")
        return self.put(manifest)

    async def write_status(self, kind: ResourceType, observed: Json, status: Json) -> bool:
        if observed.get("status", {}) == status:
            return False
        metadata = observed["metadata"]
        live = self.objects.get((kind.kind, metadata.get("namespace", ""), metadata["name"]))
        if live is None or live["metadata"]["resourceVersion"] != metadata["resourceVersion"]:
            raise Conflict(f"{kind.kind} {metadata['name']} changed")
        live["status"] = copy.deepcopy(status)
        live["metadata"]["resourceVersion"] = str(next(self._versions))
        self.writes.append(f"status {kind.plural} {metadata['name']}")
        return True

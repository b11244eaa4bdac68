"""What the watches brought, packed: so a reconcile asks the API server for nothing that it has told already."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from capforge_operator.ports import Json, ResourceType, capability_of
from capforge_operator.runtime import nesting
from capforge_operator.runtime.packing import Packing

Name = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Held:
    """One object: packed JSON takes a hundredth of the same as dictionaries."""

    uid: str
    version: int
    generation: int
    packed: bytes
    packing: Packing
    group: str
    """What it belongs to within its namespace: a training run's capability."""

    def document(self) -> Json:
        """Return the object, unpacked anew for whoever asks: it may be changed."""
        document: Json = orjson.loads(self.packing.unpack(self.packed))
        return document


@dataclass
class _Kind:
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    packing: Packing = field(default_factory=Packing)
    held: dict[Name, Held] = field(default_factory=dict)
    names: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By namespace."""
    groups: defaultdict[Name, tuple[str, ...]] = field(default_factory=lambda: defaultdict(tuple))
    """By namespace and group: mostly one name, for which a set would take five times as much."""


class Mirror:
    """Objects of some kinds in the newest version that anybody told.

    - An older version never replaces a newer one, whoever brings it: a watch, a listing, the answer to our own write.
    - What is not of the same uid is another object: the newer version wins.
    - Before a kind's first complete listing nothing is said about it (`complete`).
    - Managed fields are dropped, nothing else: what a decision may read is there.

    Resource versions are compared as the numbers that they are (KEP-5504).
    """

    def __init__(self, kinds: Iterable[ResourceType]) -> None:
        """Hold nothing yet of these kinds."""
        self._kinds = {kind: _Kind() for kind in kinds}

    def holds(self, kind: ResourceType) -> bool:
        """Tell whether this kind is mirrored at all."""
        return kind in self._kinds

    @property
    def is_complete(self) -> bool:
        """Tell whether all objects of every kind are there."""
        return all(one.complete.is_set() for one in self._kinds.values())

    def complete(self, kind: ResourceType) -> asyncio.Event:
        """Return what is set once all objects of the kind are there."""
        return self._kinds[kind].complete

    def get(self, kind: ResourceType, namespace: str, name: str) -> Json | None:
        """Return one object."""
        held = self._kinds[kind].held.get((namespace, name))
        return held.document() if held else None

    def versions(self, kind: ResourceType) -> Mapping[Name, Held]:
        """Return what is held, for comparison."""
        return self._kinds[kind].held

    def list(self, kind: ResourceType, namespace: str | None = None, group: str | None = None) -> list[Json]:
        """Return objects sorted by namespace and name: all, those of a namespace, those of a group in it."""
        mirrored = self._kinds[kind]
        if namespace is None:
            names: Iterable[Name] = mirrored.held
        elif group is None:
            names = [(namespace, name) for name in mirrored.names.get(namespace, ())]
        else:
            names = [(namespace, name) for name in mirrored.groups.get((namespace, group), ())]
        return [mirrored.held[name].document() for name in sorted(names)]

    def put(self, kind: ResourceType, document: Json) -> bool:
        """Take an object if it is newer than what is held; True if it was."""
        metadata = document["metadata"]
        name, version = _name(metadata), int(metadata["resourceVersion"])
        before, packing = self._kinds[kind].held.get(name), self._kinds[kind].packing
        if before is not None and before.version >= version:
            return False
        metadata.pop("managedFields", None)
        group = sys.intern(capability_of(document))
        packed = packing.pack(nesting.dumps(document))
        held = Held(metadata["uid"], version, metadata.get("generation", 0), packed, packing, group)
        self._enter(kind, name, held)
        return True

    def put_status(self, kind: ResourceType, observed: Json, status: Json, version: str) -> None:
        """Take what our own write made of an object that had not changed since it was observed."""
        metadata = {**observed["metadata"], "resourceVersion": version}
        self.put(kind, {**observed, "metadata": metadata, "status": status})

    def remove(self, kind: ResourceType, namespace: str, name: str, uid: str) -> bool:
        """Drop an object that is gone; True if it was held. Another one of the same name stays."""
        held = self._kinds[kind].held.get((namespace, name))
        if held is None or held.uid != uid:
            return False
        self._leave(kind, (namespace, name))
        return True

    def _enter(self, kind: ResourceType, name: Name, held: Held) -> None:
        mirrored = self._kinds[kind]
        before = mirrored.held.get(name)
        if before is None or before.group != held.group:
            self._leave(kind, name)
            mirrored.names[name[0]].add(name[1])
            if held.group:
                mirrored.groups[name[0], held.group] += (name[1],)
        mirrored.held[name] = held

    def _leave(self, kind: ResourceType, name: Name) -> None:
        mirrored = self._kinds[kind]
        before = mirrored.held.pop(name, None)
        if before is None:
            return
        mirrored.names[name[0]].discard(name[1])
        if not mirrored.names[name[0]]:
            del mirrored.names[name[0]]
        if before.group:
            self._leave_group(kind, (name[0], before.group), name[1])

    def _leave_group(self, kind: ResourceType, group: Name, name: str) -> None:
        groups = self._kinds[kind].groups
        groups[group] = tuple(one for one in groups[group] if one != name)
        if not groups[group]:
            del groups[group]


def _name(metadata: Mapping[str, str]) -> Name:
    return sys.intern(metadata.get("namespace", "")), sys.intern(metadata["name"])

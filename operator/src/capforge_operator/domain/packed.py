"""Both serving documents, kept as the bytes of their parts: one change costs one part, not the whole document again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from capforge_contracts.serving import DesiredModel, DesiredModels, RoutedCapability, RoutingTable

Name = tuple[str, str]
"""Namespace and name of a capability."""
P = TypeVar("P")


def interned(namespace: str, name: str) -> Name:
    """Return the name of a capability that is kept in many places, its texts once."""
    return sys.intern(namespace), sys.intern(name)


@dataclass(frozen=True, slots=True)
class DesiredPart:
    """One model of one capability."""

    model: str
    version: str
    required: bool
    packed: bytes

    @classmethod
    def of(cls, one: DesiredModel) -> DesiredPart:
        """Pack a model."""
        return cls(sys.intern(one.model), sys.intern(one.version), one.required, one.to_json())

    def as_required(self) -> DesiredPart:
        """Return the same model, required."""
        if self.required:
            return self
        return DesiredPart.of(DesiredModel.from_json(self.packed).model_copy(update={"required": True}))


@dataclass
class PackedRoutes:
    """The routing table; `to_json` gives exactly the bytes of RoutingTable.to_json."""

    generation: int = 0
    parts: dict[Name, bytes] = field(default_factory=dict)
    _currents: dict[Name, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: RoutingTable | None) -> PackedRoutes:
        """Pack a table; none is an empty one."""
        packed = cls()
        if table is not None:
            packed.generation = table.generation
            packed.put((), table.capabilities)
        return packed

    def capability(self, namespace: str, name: str) -> RoutedCapability | None:
        """Return one capability's routes."""
        packed = self.parts.get((namespace, name))
        return RoutedCapability.from_json(packed) if packed is not None else None

    def current(self, name: Name) -> str | None:
        """Return the version of a capability that answers."""
        return self._currents.get(name)

    def only(self, names: Iterable[Name]) -> RoutingTable | None:
        """Return the table with these capabilities alone; none if there was no table yet."""
        if not self.generation:
            return None
        found = [self.capability(*name) for name in names]
        return RoutingTable(generation=self.generation, capabilities=[one for one in found if one])

    def put(self, names: Iterable[Name], routes: Iterable[RoutedCapability]) -> bool:
        """Replace what these capabilities have; True if anything differs."""
        found = {interned(one.namespace, one.name): one for one in routes}
        for name in names:
            self._currents.pop(name, None)
        self._currents.update({name: one.current for name, one in found.items() if one.current})
        return _put(self.parts, names, {name: one.to_json() for name, one in found.items()})

    def to_json(self) -> bytes:
        """Return the whole document."""
        parts = b",".join(self.parts[name] for name in sorted(self.parts))
        return b'{"capabilities":[%s],"generation":%d}' % (parts, self.generation)


@dataclass
class PackedDesired:
    """The desired models of a pool; `to_json` gives exactly the bytes of DesiredModels.to_json."""

    pool: str
    generation: int = 0
    parts: dict[Name, tuple[DesiredPart, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: str, document: DesiredModels | None) -> PackedDesired:
        """Pack a document; none is an empty one."""
        packed = cls(pool)
        if document is not None:
            packed.generation = document.generation
            packed.put({(one.namespace, one.capability) for one in document.models}, document.models)
        return packed

    def only(self, names: Iterable[Name]) -> DesiredModels | None:
        """Return the document with the models of these capabilities alone; none if there was no document yet."""
        if not self.generation:
            return None
        found = [DesiredModel.from_json(part.packed) for name in names for part in self.parts.get(name, ())]
        return DesiredModels(pool=self.pool, generation=self.generation, models=found)

    def put(self, names: Iterable[Name], models: Iterable[DesiredModel]) -> bool:
        """Replace what these capabilities have; True if anything differs."""
        found: dict[Name, tuple[DesiredPart, ...]] = {}
        for one in models:
            name = interned(one.namespace, one.capability)
            found[name] = (*found.get(name, ()), DesiredPart.of(one))
        return _put(self.parts, names, found)

    @property
    def model_names(self) -> frozenset[str]:
        """All that should be loaded, by Triton's name."""
        return frozenset(part.model for parts in self.parts.values() for part in parts)

    def to_json(self) -> bytes:
        """Return the whole document: one entry per model, though two capabilities may share one."""
        models = b",".join(part.packed for part in self._each_once())
        return b'{"generation":%d,"models":[%s],"pool":"%s"}' % (self.generation, models, self.pool.encode())

    def _each_once(self) -> Iterator[DesiredPart]:
        ordered = sorted(
            ((part.model, *name, part.version, part) for name, parts in self.parts.items() for part in parts),
            key=lambda one: one[:-1],
        )
        merged: dict[str, DesiredPart] = {}
        for model, *_, part in ordered:
            first = merged.setdefault(model, part)
            if part.required:
                merged[model] = first.as_required()
        return iter(merged.values())


def _put(parts: dict[Name, P], names: Iterable[Name], found: Mapping[Name, P]) -> bool:
    differs = False
    for name in {*names, *found}:
        if parts.get(name) == found.get(name):
            continue
        differs = True
        if name in found:
            parts[name] = found[name]
        else:
            del parts[name]
    return differs

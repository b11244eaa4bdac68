"""The serving documents of one pool between two visits: what was last decided, from what, and what is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from capforge_contracts.names import DESIRED_FILE, ROUTES_CONFIG_MAP, ROUTES_FILE, desired_config_map
from capforge_contracts.serving import DesiredModels, RoutedCapability, RoutingTable
from capforge_operator.children.config_maps import PLAIN_BYTES, PROOFS_FILE, desired_manifest, routes_manifest
from capforge_operator.controllers.documents import parsed, text
from capforge_operator.domain.desired import Proofs, next_generation
from capforge_operator.domain.packed import Name, PackedDesired, PackedRoutes
from capforge_operator.domain.serving_plan import ServingPlan
from capforge_operator.ports import Json, Resources
from capforge_operator.resource_types import CONFIG_MAPS


@dataclass(frozen=True, slots=True)
class Look:
    """What a capability's part of the documents was decided from. Equal looks give equal parts."""

    uid: str
    generation: int
    extent: int
    """How many entries its ledger has."""
    current: str | None
    """The version that answered before."""
    models: tuple[str, ...]
    """All models that were considered."""
    pool: object
    """How the pods stand towards them."""


@dataclass
class _Written:
    """One ConfigMap."""

    name: str
    version: str | None = None
    """Its resourceVersion when this process last read or wrote it; None before."""
    due: bool = False
    """Something was decided that it does not hold yet."""


@dataclass
class ServingBook:
    """Both documents and where they come from. The ConfigMaps are the truth at restart; whoever changes them is seen.

    - `open` reads a ConfigMap only if its resourceVersion is not the one that is known.
    - `take` replaces the parts of some capabilities; a generation goes up only if a part differs.
    - `write_…` writes only what is due, and once it is written it is no longer due.
    """

    resources: Resources
    namespace: str
    pool: str
    routes: PackedRoutes = field(default_factory=PackedRoutes)
    desired: PackedDesired = field(init=False)
    proofs: Proofs = field(default_factory=Proofs)
    looks: dict[Name, Look] = field(default_factory=dict)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _routes_map: _Written = field(default_factory=lambda: _Written(ROUTES_CONFIG_MAP))
    _desired_map: _Written = field(init=False)

    def __post_init__(self) -> None:
        """Begin with empty documents."""
        self.desired = PackedDesired(self.pool)
        self._desired_map = _Written(desired_config_map(self.pool))

    @property
    def names(self) -> set[Name]:
        """The capabilities that have a part in either document."""
        return {*self.routes.parts, *self.desired.parts}

    async def routed(self, namespace: str, name: str) -> RoutedCapability | None:
        """Return what the gateways were told about a capability."""
        async with self._opening:
            if self._routes_map.version is None:
                await self._open_routes()
        return self.routes.capability(namespace, name)

    async def open(self) -> None:
        """Take in what the ConfigMaps hold, where somebody else changed them."""
        async with self._opening:
            await self._open_routes()
            await self._open_desired()

    async def _open_routes(self) -> None:
        found, live = await self._changed(self._routes_map)
        if found:
            self.routes = PackedRoutes.of(parsed(RoutingTable, live, ROUTES_FILE))
            self._routes_map.due = not self.routes.generation
            self.looks.clear()

    async def _open_desired(self) -> None:
        found, live = await self._changed(self._desired_map)
        if found:
            self.desired = PackedDesired.of(self.pool, parsed(DesiredModels, live, DESIRED_FILE))
            self.proofs = Proofs.from_json(text(live, PROOFS_FILE))
            self._desired_map.due = not self.desired.generation
            self.looks.clear()

    async def _changed(self, written: _Written) -> tuple[bool, Json | None]:
        version = await self.resources.version(CONFIG_MAPS, self.namespace, written.name) or ""
        if version == written.version:
            return False, None
        live = await self.resources.get(CONFIG_MAPS, self.namespace, written.name)
        written.version = live["metadata"]["resourceVersion"] if live else ""
        return True, live

    def take(self, names: Iterable[Name], decided: ServingPlan) -> None:
        """Replace what these capabilities have by what was decided for them."""
        names = list(names)
        self._routes_map.due |= self.routes.put(names, decided.routes.capabilities)
        self._desired_map.due |= self.desired.put(names, decided.desired.models)

    def forget(self, names: Iterable[Name]) -> None:
        """Take out capabilities that are gone."""
        names = list(names)
        self._routes_map.due |= self.routes.put(names, ())
        self._desired_map.due |= self.desired.put(names, ())
        for name in names:
            self.looks.pop(name, None)

    def prove(self, proofs: Proofs) -> None:
        """Take new proofs; they lie beside the desired models."""
        if proofs != self.proofs:
            self.proofs = proofs
            self._desired_map.due = True

    async def write_routes(self, now: datetime) -> bool:
        """Write the table if it is due; True if it was."""
        if not self._routes_map.due:
            return False
        self.routes.generation = next_generation(self.routes.generation, now)
        table = self.routes.to_json()
        await self._write(self._routes_map, await _made(partial(routes_manifest, self.namespace, table), table))
        return True

    async def write_desired(self, now: datetime, at_least: int) -> bool:
        """Write the desired models if they are due, or if an agent has seen a newer generation; True if written."""
        behind = at_least > self.desired.generation
        if not self._desired_map.due and not behind:
            return False
        self.desired.generation = next_generation(self.desired.generation, now, at_least=at_least)
        document = self.desired.to_json()
        manifest = partial(desired_manifest, self.namespace, self.pool, document, self.proofs.to_json())
        self._desired_map.due = True
        await self._write(self._desired_map, await _made(manifest, document))
        return True

    async def _write(self, written: _Written, manifest: Json) -> None:
        applied = await self.resources.apply(CONFIG_MAPS, manifest)
        written.version = applied["metadata"]["resourceVersion"]
        written.due = False


async def _made(manifest: Callable[[], Json], document: bytes) -> Json:
    """Return the manifest of a document; packing a large one takes 0.1 s, during which others want the event loop."""
    return manifest() if len(document) <= PLAIN_BYTES else await asyncio.to_thread(manifest)

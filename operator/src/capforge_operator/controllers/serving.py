"""One serving pool: what its agents load and where the gateways send requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from capforge_contracts.names import DESIRED_FILE, ROUTES_CONFIG_MAP, ROUTES_FILE, desired_config_map
from capforge_contracts.serving import DesiredModels, RoutedCapability, RoutingTable
from capforge_contracts.store import StoreError
from capforge_operator import labels
from capforge_operator.api.capability import Capability
from capforge_operator.children.config_maps import PROOFS_FILE, desired_manifest, routes_manifest
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.documents import parsed, text
from capforge_operator.controllers.pool_observer import PoolObserver
from capforge_operator.domain.desired import Proofs
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.pool import ModelView, Pool
from capforge_operator.domain.routes import Known, contract_outputs
from capforge_operator.domain.serving_plan import (
    ServedCapability,
    ServingFacts,
    ServingPlan,
    is_settled,
    plan,
    wish_of,
)
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Agents, Bell, Clock, Done, Gateways, Json, Pods, Resources, Unreachable
from capforge_operator.resource_types import CAPABILITIES, CONFIG_MAPS

UNSETTLED_SECONDS = 2.0
"""How soon the pods are asked again while something is being loaded or a pod did not answer."""
SETTLED_SECONDS = 15.0
"""How often they are asked at rest: a model server that started anew says so to nobody."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("serving")


@dataclass(frozen=True)
class ServingParts:
    """What the controller works with."""

    resources: Resources
    pods: Pods
    agents: Agents
    gateways: Gateways
    bell: Bell
    clock: Clock
    catalogue: Catalogue
    observer: PoolObserver


@dataclass(frozen=True)
class _Observed:
    facts: ServingFacts
    desired_map: Json | None
    routes_map: Json | None


class ServingController:
    """Looks at all capabilities and all serving pods, writes both documents, and sends them.

    - A ConfigMap is written only when its content changes; an unchanged document keeps its generation.
    - Routes go out before models are taken away: no request is sent to a model that is about to be unloaded.
    - What cannot be read of one capability leaves that one as it was and does not hold up the others.
    - Capabilities whose standing changed are rung.
    """

    def __init__(self, parts: ServingParts, namespace: str) -> None:
        """Work in the release namespace."""
        self._parts = parts
        self._namespace = namespace
        self._rung: dict[Key, object] = {}

    async def reconcile(self, key: Key) -> Done:
        """Bring one pool (the key's name) to what the capabilities ask for."""
        observed = await self._observe(key.name)
        decided = plan(observed.facts, self._parts.clock.now())
        did = await self._write_routes(observed, decided)
        reached = await self._send_routes(decided.routes)
        did += await self._write_desired(observed, decided)
        behind = [one.ip for one in observed.facts.pool.pods if one.is_behind(decided.desired.generation)]
        reached &= await self._send_desired(behind, decided.desired)
        did += ["SentDesired"] if behind else []
        self._ring_changed(decided, observed.facts)
        settled = reached and is_settled(decided.desired, observed.facts.pool)
        return Done(SETTLED_SECONDS if settled else UNSETTLED_SECONDS, ", ".join(did) or Done().did)

    async def _observe(self, pool_name: str) -> _Observed:
        resources = self._parts.resources
        desired_map = await resources.get(CONFIG_MAPS, self._namespace, desired_config_map(pool_name))
        routes_map = await resources.get(CONFIG_MAPS, self._namespace, ROUTES_CONFIG_MAP)
        desired = parsed(DesiredModels, desired_map, DESIRED_FILE)
        routes = parsed(RoutingTable, routes_map, ROUTES_FILE)
        known = Known.of(routes)
        capabilities, unreadable = _parsed_each(await resources.list(CAPABILITIES))
        facts = ServingFacts(
            pool_name=pool_name,
            pool=await self._parts.observer.observe(),
            capabilities=tuple([await self._served(one, known) for one in capabilities]),
            desired=desired,
            proofs=Proofs.from_json(text(desired_map, PROOFS_FILE)),
            routes=routes,
            unreadable=unreadable,
        )
        return _Observed(facts, desired_map, routes_map)

    async def _served(self, capability: Capability, known: Known) -> ServedCapability:
        namespace, name = capability.metadata.namespace, capability.metadata.name
        before = known.capability(namespace, name)
        try:
            ledger = await self._parts.catalogue.known(namespace, name)
            releases = await self._parts.catalogue.releases(
                namespace, ledger, contract_outputs(capability), wish_of(capability), before.current if before else None
            )
        except (StoreError, ValidationError) as error:
            _log.warning("kept as it was", namespace=namespace, name=name, cause=f"{type(error).__name__}: {error}")
            return ServedCapability(capability, Ledger(), None)
        return ServedCapability(capability, ledger, tuple(releases))

    async def _write_routes(self, observed: _Observed, decided: ServingPlan) -> list[str]:
        manifest = routes_manifest(self._namespace, decided.routes)
        return await self._write(observed.routes_map, manifest, "WroteRoutes")

    async def _write_desired(self, observed: _Observed, decided: ServingPlan) -> list[str]:
        manifest = desired_manifest(self._namespace, decided.desired, decided.proofs.to_json())
        return await self._write(observed.desired_map, manifest, "WroteDesired")

    async def _write(self, live: Json | None, manifest: Json, did: str) -> list[str]:
        if live is not None and live.get("data") == manifest["data"]:
            return []
        await self._parts.resources.apply(CONFIG_MAPS, manifest)
        return [did]

    async def _send_routes(self, table: RoutingTable) -> bool:
        """Send the table to every gateway, each time: one that is not newer is ignored there. True if all have it."""
        found = await self._parts.pods.list(self._namespace, {labels.COMPONENT: labels.GATEWAY})
        addresses = [pod.ip for pod in found if pod.ip and pod.phase == "Running" and not pod.deleting]
        return all(
            await asyncio.gather(*(self._reach(self._parts.gateways.put_routes(one, table)) for one in addresses))
        )

    async def _send_desired(self, behind: list[str], desired: DesiredModels) -> bool:
        """Send the document to these agents; True if all have it."""
        return all(await asyncio.gather(*(self._reach(self._parts.agents.put_desired(one, desired)) for one in behind)))

    async def _reach(self, call: Awaitable[None]) -> bool:
        try:
            await call
        except Unreachable:
            return False
        return True

    def _ring_changed(self, decided: ServingPlan, facts: ServingFacts) -> None:
        now = dict(_standings(decided.routes.capabilities, facts.pool))
        changed = [key for key, standing in now.items() if self._rung.get(key) != standing]
        self._rung = now
        self._parts.bell.ring(*changed)


def _parsed_each(documents: Iterable[Json]) -> tuple[list[Capability], frozenset[tuple[str, str]]]:
    """Parse what can be parsed, and name the others: objects that an older schema let in."""
    parsed_ones, unreadable = [], set()
    for document in documents:
        try:
            parsed_ones.append(Capability.parse(document))
        except ValidationError as error:
            metadata = document["metadata"]
            unreadable.add((metadata["namespace"], metadata["name"]))
            _log.warning("kept as it was", namespace=metadata["namespace"], name=metadata["name"], cause=str(error))
    return parsed_ones, frozenset(unreadable)


def _standings(routes: Iterable[RoutedCapability], pool: Pool) -> Iterator[tuple[Key, object]]:
    """Yield what a capability's status depends on; only compared, so a restart merely rings once more."""
    for one in routes:
        views: list[ModelView] = [pool.view(version.model) for version in one.versions]
        yield Key(Kind.CAPABILITY, one.namespace, one.name), (one, views)

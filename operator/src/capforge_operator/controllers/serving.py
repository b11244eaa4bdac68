"""One serving pool: what its agents load and where the gateways send requests."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from pydantic import ValidationError

from capforge_contracts.serving import RoutedCapability
from capforge_contracts.store import StoreError
from capforge_operator import labels
from capforge_operator.api.capability import Capability
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.pool_observer import PoolObserver
from capforge_operator.controllers.serving_book import Look, ServingBook
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.levels import ledger_figures
from capforge_operator.domain.packed import Name, interned
from capforge_operator.domain.pool import Pool
from capforge_operator.domain.serving_plan import (
    ServedCapability,
    ServingFacts,
    ServingPlan,
    is_settled,
    plan,
    wish_of,
)
from capforge_operator.domain.shape import shape_of
from capforge_operator.figures import Board, NoBoard
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import (
    Agents,
    Bell,
    Clock,
    Done,
    Gateways,
    Identity,
    Json,
    Pods,
    Resources,
    Unreachable,
)
from capforge_operator.resource_types import CAPABILITIES

UNSETTLED_SECONDS = 2.0
"""How soon the pods are asked again while something is being loaded or a pod did not answer."""
SETTLED_SECONDS = 15.0
"""How often they are asked at rest: a model server that started anew says so to nobody."""

_BATCH = 32
"""Capabilities that are decided about without a pause: about 5 ms."""
_GLANCES = 256
"""Capabilities that are looked over for changes without a pause: about 1 ms."""

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
    book: ServingBook
    board: Board = field(default_factory=NoBoard)


class ServingController:
    """Looks at all capabilities and all serving pods, writes both documents, and sends them.

    - Only capabilities about which something changed are decided about anew; the others keep their parts.
    - A ConfigMap is written only when its content changes; an unchanged document keeps its generation.
    - Routes go out before models are taken away: no request is sent to a model that is about to be unloaded.
    - What cannot be read of one capability leaves that one as it was and does not hold up the others.
    - Capabilities whose standing changed are rung once the gateways have been sent the routes that they tell of.
    """

    def __init__(self, parts: ServingParts, namespace: str) -> None:
        """Work in the release namespace."""
        self._parts = parts
        self._namespace = namespace
        self._book = parts.book
        self._rung: dict[Name, object] = {}
        self._to_ring: set[Name] = set()

    async def reconcile(self, key: Key) -> Done:  # noqa: ARG002 - there is one pool, the book's
        """Bring the pool to what the capabilities ask for."""
        await self._book.open()
        pool = await self._parts.observer.observe()
        await self._decide(pool)
        now = self._parts.clock.now()
        did = ["WroteRoutes"] if await self._book.write_routes(now) else []
        reached = await self._send_routes()
        self._ring_changed()
        did += ["WroteDesired"] if await self._book.write_desired(now, pool.newest_generation) else []
        behind = [one.ip for one in pool.pods if one.is_behind(self._book.desired.generation)]
        reached &= await self._send_desired(behind)
        did += ["SentDesired"] if behind else []
        settled = reached and is_settled(self._book.desired.generation, self._book.desired.model_names, pool)
        return Done(SETTLED_SECONDS if settled else UNSETTLED_SECONDS, ", ".join(did) or Done().did)

    async def _decide(self, pool: Pool) -> None:
        """Decide about what changed, some at a time: others want the event loop too."""
        known = {(one.namespace, one.name): one for one in await self._parts.resources.known(CAPABILITIES)}
        self._forget(known.keys())
        changed = [one async for one in self._news(known, pool)]
        for start in range(0, len(changed), _BATCH):
            await self._decide_about(changed[start : start + _BATCH], pool)
            await asyncio.sleep(0)
        self._book.prove(self._book.proofs.updated(pool, self._book.desired.model_names))

    async def _news(self, known: Mapping[Name, Identity], pool: Pool) -> AsyncIterator[Name]:
        for number, (name, one) in enumerate(known.items(), 1):
            if self._is_news(name, one, pool):
                yield name
            if number % _GLANCES == 0:
                await asyncio.sleep(0)

    def _is_news(self, name: Name, one: Identity, pool: Pool) -> bool:
        before = self._book.looks.get(name)
        if before is None:
            return True
        version = (one.uid, one.generation, self._parts.catalogue.extent(*name))
        return before != self._look(name, version, before.models, pool)

    def _look(self, name: Name, version: tuple[str, int, int], models: tuple[str, ...], pool: Pool) -> Look:
        proofs = self._book.proofs
        standing = (pool.shape, *((pool.standing.get(one), proofs.holds(one)) for one in models)) if models else None
        return Look(*version, self._book.routes.current(name), models, standing)

    async def _decide_about(self, names: Sequence[Name], pool: Pool) -> None:
        book = self._book
        before = {name: book.routes.current(name) for name in names}
        found = [await self._parts.resources.get(CAPABILITIES, *name) for name in names]
        capabilities, unreadable = _parsed_each(one for one in found if one is not None)
        served = [await self._served(one, before[one.metadata.namespace, one.metadata.name]) for one in capabilities]
        facts = ServingFacts(
            pool_name=book.pool,
            pool=pool,
            capabilities=tuple(served),
            desired=book.desired.only(names),
            proofs=book.proofs,
            routes=book.routes.only(names),
            elsewhere=book.desired.model_names,
            unreadable=unreadable,
        )
        decided = plan(facts, self._parts.clock.now())
        # What was looked at is noted as it was before: a decision that changes who answers is followed by another look.
        looked = {one.name: self._looked(one, pool) for one in served if one.releases is not None}
        book.take(names, decided)
        book.prove(decided.proofs)
        for name in names:
            book.looks.pop(name, None)
        book.looks.update(looked)
        self._note_changed(names, decided, pool)
        self._show(decided, facts)

    def _looked(self, one: ServedCapability, pool: Pool) -> Look:
        metadata = one.capability.metadata
        models = tuple(sys.intern(release.model) for release in one.releases or ())
        # The ledger that was decided from, not the one there is now: it may have grown meanwhile.
        version = (metadata.uid, metadata.generation, len(one.ledger.entries))
        return self._look(one.name, version, models, pool)

    def _forget(self, known: Collection[Name]) -> None:
        """Take out what is gone."""
        gone = [name for name in self._book.names if name not in known]
        self._book.forget(gone)
        for name in gone:
            self._rung.pop(name, None)
            self._parts.board.ledger(*name, None)

    async def _served(self, capability: Capability, before: str | None) -> ServedCapability:
        namespace, name = capability.metadata.namespace, capability.metadata.name
        try:
            ledger = await self._parts.catalogue.known(namespace, name)
            releases = await self._parts.catalogue.releases(
                namespace, ledger, shape_of(capability), wish_of(capability), before
            )
        except (StoreError, ValidationError) as error:
            _log.warning(
                "kept as it was", namespace=namespace, capability=name, cause=f"{type(error).__name__}: {error}"
            )
            return ServedCapability(capability, Ledger(), None)
        return ServedCapability(capability, ledger, tuple(releases))

    async def _send_routes(self) -> bool:
        """Send the table to every gateway, each time: one that is not newer is ignored there. True if all have it."""
        found = await self._parts.pods.list(self._namespace, {labels.COMPONENT: labels.GATEWAY})
        addresses = [pod.ip for pod in found if pod.ip and pod.phase == "Running" and not pod.deleting]
        table = self._book.routes.to_json() if addresses else b""
        return all(
            await asyncio.gather(*(self._reach(self._parts.gateways.put_routes(one, table)) for one in addresses))
        )

    async def _send_desired(self, behind: list[str]) -> bool:
        """Send the document to these agents; True if all have it."""
        desired = self._book.desired.to_json() if behind else b""
        return all(await asyncio.gather(*(self._reach(self._parts.agents.put_desired(one, desired)) for one in behind)))

    async def _reach(self, call: Awaitable[None]) -> bool:
        try:
            await call
        except Unreachable:
            return False
        return True

    def _show(self, decided: ServingPlan, facts: ServingFacts) -> None:
        routes = {(one.namespace, one.name): one for one in decided.routes.capabilities}
        for one in facts.capabilities:
            figures = ledger_figures(one, routes.get(one.name))
            if figures is not None:  # what could not be read now stays as it was
                self._parts.board.ledger(*one.name, figures)

    def _standing(self, one: RoutedCapability, pool: Pool) -> object:
        """Return what a capability's status depends on; only compared, so a restart merely rings once more."""
        views = tuple(pool.view(version.model) for version in one.versions)
        return hash((self._book.routes.parts[one.namespace, one.name], views))

    def _note_changed(self, names: Iterable[Name], decided: ServingPlan, pool: Pool) -> None:
        now = {interned(one.namespace, one.name): self._standing(one, pool) for one in decided.routes.capabilities}
        self._to_ring |= {name for name, standing in now.items() if self._rung.get(name) != standing}
        for name in names:
            self._rung.pop(name, None)
        self._rung.update(now)

    def _ring_changed(self) -> None:
        self._parts.bell.ring(*(Key(Kind.CAPABILITY, *name) for name in sorted(self._to_ring)))
        self._to_ring.clear()


def _parsed_each(documents: Iterable[Json]) -> tuple[list[Capability], frozenset[tuple[str, str]]]:
    """Parse what can be parsed, and name the others: objects that an older schema let in."""
    parsed_ones, unreadable = [], set()
    for document in documents:
        try:
            parsed_ones.append(Capability.parse(document))
        except ValidationError as error:
            metadata = document["metadata"]
            unreadable.add((metadata["namespace"], metadata["name"]))
            where = {"namespace": metadata["namespace"], "capability": metadata["name"]}
            _log.warning("kept as it was", **where, cause=str(error))
    return parsed_ones, frozenset(unreadable)

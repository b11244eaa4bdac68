"""Capability: publishes what was trained and tells how it is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from capforge_operator.api.capability import Capability, Gates
from capforge_operator.api.capability_status import CapabilityStatus
from capforge_operator.api.conditions import ConditionStatus
from capforge_operator.api.training_run import Deploy, TrainingRun
from capforge_operator.controllers.automatic import AutomaticTrainer, Visit
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.input_reader import upstream_of
from capforge_operator.controllers.pool_observer import PoolObserver
from capforge_operator.controllers.serving_book import ServingBook
from capforge_operator.domain.annotation import Counted
from capforge_operator.domain.capability_news import capability_news
from capforge_operator.domain.capability_status import CapabilityFacts, capability_status
from capforge_operator.domain.ledger import Entry, Ledger
from capforge_operator.domain.levels import annotation_levels
from capforge_operator.domain.publishing import Demand, EndedRun, TrainedModel, is_unaware, next_entry
from capforge_operator.domain.serving import Release
from capforge_operator.domain.serving_plan import wish_of
from capforge_operator.domain.shape import shape_of
from capforge_operator.figures import Board, NoBoard
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Bell, Clock, Conflict, Done, Events, Json, Resources, Tenants
from capforge_operator.resource_types import CAPABILITIES, TRAINING_RUNS

_TAKEN_SECONDS = 30.0
"""Nothing rings when somebody else's object goes."""
_APPENDS = 100
"""More entries than this in one visit are left to the next."""


@dataclass(frozen=True)
class CapabilityParts:
    """What the controller works with."""

    resources: Resources
    tenants: Tenants
    events: Events
    bell: Bell
    clock: Clock
    catalogue: Catalogue
    observer: PoolObserver
    book: ServingBook
    automatic: AutomaticTrainer
    board: Board = field(default_factory=NoBoard)


@dataclass(frozen=True)
class CapabilityPlace:
    """Where things are."""

    pool: str
    base_url: str
    """Where clients reach the gateway, without a slash at the end."""


class CapabilityController:
    """Reads the runs and the ledger, appends what is missing, rings the pool, and writes the status last.

    - A result is published once: the ledger is asked first, and its next number is taken by a conditional write.
    - The status repeats the ledger, the routes that the gateways were sent, and what the serving pods say.
    """

    def __init__(self, parts: CapabilityParts, place: CapabilityPlace) -> None:
        """Take parts and place."""
        self._parts = parts
        self._place = place

    async def reconcile(self, key: Key) -> Done:
        """Publish, then tell."""
        observed = await self._parts.resources.get(CAPABILITIES, key.namespace, key.name)
        if observed is None:
            self._parts.automatic.watch.forget(key.namespace, key.name)
            self._parts.board.annotations(key, None)
            self._ring_pool()
            return Done()
        capability = Capability.parse(observed)
        runs = await self._runs(key)
        ledger, appended = await self._publish(capability, runs)
        visit = await self._train(capability, runs, ledger)
        if visit is not None:
            ledger = visit.ledger
            appended += visit.recorded
        facts = await self._facts(capability, runs, ledger, visit)
        status = capability_status(facts, self._parts.clock.now())
        self._parts.board.annotations(key, annotation_levels(status))
        did: list[str] = [entry.kind for entry in appended]
        did += await self._write(observed, status)
        if did:
            self._ring_pool()
        self._ring_runs(runs, ledger)
        for event in capability_news(observed, capability.status, status, appended):
            await self._parts.events.emit(event)
        return Done(_seconds_until(visit, self._parts.clock.now()), ", ".join(did) or Done().did)

    async def _train(self, capability: Capability, runs: Sequence[TrainingRun], ledger: Ledger) -> Visit | None:
        """Train a field extractor by itself, unless it is on its way out or nothing can be made in its namespace."""
        metadata = capability.metadata
        if capability.spec.data_model is None:
            return None
        if metadata.deletion_timestamp or await self._parts.tenants.missing(metadata.namespace):
            return Visit(Counted(None), None, ledger)
        return await self._parts.automatic.visit(capability, runs, ledger)

    async def _write(self, observed: Json, status: CapabilityStatus) -> list[str]:
        wrote = await self._parts.resources.write_status(CAPABILITIES, observed, status.to_document())
        return ["WroteStatus"] if wrote else []

    async def _runs(self, key: Key) -> list[TrainingRun]:
        found = await self._parts.resources.list(TRAINING_RUNS, key.namespace, key.name)
        return [TrainingRun.parse(one) for one in found]

    async def _publish(self, capability: Capability, runs: Sequence[TrainingRun]) -> tuple[Ledger, list[Entry]]:
        namespace, name = capability.metadata.namespace, capability.metadata.name
        demand = _demand(capability)
        appended: list[Entry] = []
        ledger = await self._parts.catalogue.read(namespace, name)
        ended = await self._ended(namespace, runs, ledger)
        for _ in range(_APPENDS):
            entry = next_entry(ledger, ended, demand, self._parts.clock.now())
            if entry is None:
                return ledger, appended
            if not await self._parts.catalogue.append(namespace, name, entry):
                raise Conflict(f"ledger entry {entry.sequence} of {namespace}/{name} is taken")
            appended.append(entry)
            ledger = await self._parts.catalogue.read(namespace, name)
        raise Conflict(f"the ledger of {namespace}/{name} has more to take in")

    async def _ended(self, namespace: str, runs: Sequence[TrainingRun], ledger: Ledger) -> list[EndedRun]:
        ended = [
            await self._ended_run(namespace, run, ledger)
            for run in runs
            if run.spec.deploy is Deploy.AUTOMATIC and run.status.completion_time
        ]
        return [run for run in ended if run is not None]

    async def _ended_run(self, namespace: str, run: TrainingRun, ledger: Ledger) -> EndedRun | None:
        succeeded, digest = run.status.condition("Succeeded"), run.status.run_digest
        ended = run.status.completion_time or ""
        if succeeded is None or succeeded.status is ConditionStatus.UNKNOWN:
            return None
        if succeeded.status is ConditionStatus.FALSE:
            return EndedRun(run.metadata.name, digest, ended, None, succeeded.reason, succeeded.message)
        if digest is None or ledger.version_of(digest) or ledger.held(digest):
            return None
        model: TrainedModel | None = await self._parts.catalogue.trained(namespace, digest)
        return EndedRun(run.metadata.name, digest, ended, model)

    async def _facts(
        self, capability: Capability, runs: Sequence[TrainingRun], ledger: Ledger, visit: Visit | None
    ) -> CapabilityFacts:
        namespace = capability.metadata.namespace
        routed = await self._parts.book.routed(namespace, capability.metadata.name)
        target = await self._target(capability, ledger, routed.current if routed else None)
        pool = await self._parts.observer.recent()
        return CapabilityFacts(
            capability=capability,
            missing=tuple(await self._parts.tenants.missing(namespace)),
            ledger=ledger,
            target=target,
            target_view=pool.view(target.model) if target else None,
            routed=routed,
            active_runs=tuple(sorted({*(run.metadata.name for run in runs if _is_active(run)), *_just_made(visit)})),
            lost=tuple(await self._parts.catalogue.lost(namespace, ledger, wish_of(capability), target)),
            base_url=self._place.base_url,
            counted=visit.counted if visit else None,
            outlook=visit.outlook if visit else None,
            upstream=await upstream_of(self._parts.resources, capability),
        )

    async def _target(self, capability: Capability, ledger: Ledger, before: str | None) -> Release | None:
        wish = wish_of(capability)
        shape, namespace = shape_of(capability), capability.metadata.namespace
        releases = await self._parts.catalogue.releases(namespace, ledger, shape, wish, before)
        if wish.pinned:
            return next((one for one in releases if one.version == wish.pinned), None)
        return next(iter(releases), None)

    def _ring_pool(self) -> None:
        self._parts.bell.ring(Key(Kind.SERVING, "", self._place.pool))

    def _ring_runs(self, runs: Sequence[TrainingRun], ledger: Ledger) -> None:
        """Ring the runs whose status does not tell yet what became of their model."""
        unaware = [run.metadata for run in runs if is_unaware(run, ledger)]
        self._parts.bell.ring(*(Key(Kind.TRAINING_RUN, one.namespace, one.name) for one in unaware))


def _is_active(run: TrainingRun) -> bool:
    """Neither ended nor refused."""
    succeeded = run.status.condition("Succeeded")
    return succeeded is None or succeeded.status is ConditionStatus.UNKNOWN


def _just_made(visit: Visit | None) -> list[str]:
    """Return the run that is under way: it may be younger than the list of runs."""
    return [visit.outlook.runs.under_way] if visit and visit.outlook and visit.outlook.runs.under_way else []


def _seconds_until(visit: Visit | None, now: datetime) -> float | None:
    if visit is None or visit.outlook is None:
        return None
    if visit.outlook.runs.taken:
        return _TAKEN_SECONDS
    until = visit.outlook.decision.until
    return max((until - now).total_seconds(), 0.0) if until else None


def _demand(capability: Capability) -> Demand:
    gates = capability.spec.rollout.gates or Gates()
    return Demand(shape_of(capability), gates.max_regression_percent)

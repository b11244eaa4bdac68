"""The serving side around a real API server: the controllers, with agents and gateways as small state machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from capforge_contracts import layout
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.names import ROUTES_CONFIG_MAP, ROUTES_FILE, desired_config_map
from capforge_contracts.run import CapabilityType, DatasetSelection, ModelCard, RunDatasets, RunResult, RunSpec
from capforge_contracts.serving import (
    DesiredModels,
    LoadState,
    ModelState,
    PodState,
    RoutedCapability,
    RoutingTable,
)
from capforge_contracts.store import ObjectInfo, ObjectStore, StoreError
from capforge_contracts.submissions import AnnotationCounts
from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.controllers.annotation_watch import AnnotationWatch
from capforge_operator.controllers.automatic import AutomaticTrainer
from capforge_operator.controllers.capability import CapabilityController, CapabilityParts, CapabilityPlace
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.pool_observer import PoolObserver
from capforge_operator.controllers.serving import ServingController, ServingParts
from capforge_operator.controllers.serving_book import ServingBook
from capforge_operator.keys import Key, Kind
from capforge_operator.labels import COMPONENT, GATEWAY, SERVING
from capforge_operator.ports import Done, Event, Json, PodFact, Unreachable
from capforge_operator.resource_types import CAPABILITIES, CONFIG_MAPS, TRAINING_RUNS
from tests.support.clocks import HandClock
from tests.support.eventually import eventually_async
from tests.unit.operator.serving_world import OUTPUTS, SERVER, card, sha

POOL = "cpu"
NOW = "2026-01-01T00:00:00Z"


@dataclass
class MemoryStore:
    """The port Store over the in-memory twin (or, blocking for the moment, a real store)."""

    twin: ObjectStore = field(default_factory=MemoryObjectStore)
    down: bool = False

    @property
    def uri(self) -> str:
        return self.twin.uri

    async def get(self, key: str) -> bytes:
        self._up()
        return self.twin.get(key)

    async def put(self, key: str, data: bytes) -> None:
        self._up()
        self.twin.put(key, data)

    async def put_new(self, key: str, data: bytes) -> None:
        self._up()
        self.twin.put_new(key, data)

    async def exists(self, key: str) -> bool:
        self._up()
        return self.twin.exists(key)

    async def list(self, prefix: str) -> list[ObjectInfo]:
        self._up()
        return list(self.twin.list(prefix))

    def _up(self) -> None:
        if self.down:
            raise StoreError("the object store is down")


@dataclass
class TwinAgent:
    """Keeps the newest document and loads what the test lets it load."""

    generation: int = 0
    models: dict[str, LoadState] = field(default_factory=dict)
    breaks: set[str] = field(default_factory=set)
    """Versions that do not load."""
    holds: set[str] = field(default_factory=set)
    """Versions that stay on their way."""
    silent: bool = False
    required: set[str] = field(default_factory=set)

    def put(self, desired: DesiredModels) -> None:
        if desired.generation <= self.generation:
            return
        self.generation = desired.generation
        self.models = {one.model: self._state(one.version) for one in desired.models}
        self.required = {one.version for one in desired.models if one.required}

    def _state(self, version: str) -> LoadState:
        if version in self.breaks:
            return LoadState.FAILED
        return LoadState.PULLING if version in self.holds else LoadState.READY

    def state(self) -> PodState:
        return PodState(
            pool=POOL,
            generation=self.generation,
            server_version=SERVER,
            models=[
                ModelState(
                    model=name,
                    state=state,
                    reason="LoadFailed" if state is LoadState.FAILED else "",
                    message="bad graph" if state is LoadState.FAILED else "",
                )
                for name, state in self.models.items()
            ],
        )


@dataclass
class TwinPods:
    """The ports Pods, Agents and Gateways: pods by IP."""

    agents: dict[str, TwinAgent] = field(default_factory=dict)
    tables: dict[str, RoutingTable] = field(default_factory=dict)
    """By gateway IP."""

    async def list(self, namespace: str, labels: dict[str, str]) -> list[PodFact]:
        addresses = {SERVING: self.agents, GATEWAY: self.tables}[labels[COMPONENT]]
        return [PodFact(namespace, f"pod-{ip}", f"uid-{ip}", "Running", ip, ready=True) for ip in addresses]

    async def state(self, address: str) -> PodState:
        if self.agents[address].silent:
            raise Unreachable(address)
        return self.agents[address].state()

    async def put_desired(self, address: str, desired: bytes) -> None:
        self.agents[address].put(DesiredModels.from_json(desired))

    async def annotations(self, address: str) -> AnnotationCounts:
        raise Unreachable(address)

    async def put_routes(self, address: str, packed: bytes) -> None:
        table = RoutingTable.from_json(packed)
        if table.generation > self.tables[address].generation:
            self.tables[address] = table


@dataclass
class Ringing:
    """The ports Bell, Events and Tenants, remembered."""

    keys: list[Key] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)

    def ring(self, *keys: Key) -> None:
        self.keys += [key for key in keys if key not in self.keys]

    async def emit(self, event: Event) -> None:
        self.events.append(event)

    async def missing(self, _namespace: str) -> list[str]:
        return self.lacks


@dataclass
class ServingCluster:
    """One tenant namespace and one release namespace on the API server."""

    resources: KubernetesResources
    tenant: str
    release: str
    store: MemoryStore = field(default_factory=MemoryStore)
    pods: TwinPods = field(default_factory=TwinPods)
    ringing: Ringing = field(default_factory=Ringing)
    clock: HandClock = field(default_factory=HandClock)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """What an operator that starts anew has in memory: nothing."""
        catalogue = Catalogue(self.store)
        observer = PoolObserver(self.pods, self.pods, self.clock, self.release, POOL)
        book = ServingBook(self.resources, self.release, POOL)
        watch = AnnotationWatch(self.pods, self.pods, self.ringing, self.clock, self.release)
        automatic = AutomaticTrainer(self.resources, self.store, self.clock, catalogue, watch)
        self.capability = CapabilityController(
            CapabilityParts(
                self.resources,
                self.ringing,
                self.ringing,
                self.ringing,
                self.clock,
                catalogue,
                observer,
                book,
                automatic,
            ),
            CapabilityPlace(POOL, "http://gateway"),
        )
        self.serving = ServingController(
            ServingParts(
                self.resources, self.pods, self.pods, self.pods, self.ringing, self.clock, catalogue, observer, book
            ),
            self.release,
        )

    async def apply_capability(self, name: str = "cells", **spec: Any) -> None:
        outputs = [{"position": one.position, "name": one.name} for one in OUTPUTS]
        body = {"type": "DetectorElement", "modelParameters": {"outputs": outputs}, **spec}
        await self.resources.apply(CAPABILITIES, self._manifest("Capability", name, body))

    async def finish_run(
        self,
        name: str,
        number: int,
        *,
        deploy: str = "Automatic",
        capability: str = "cells",
        files: tuple[bytes, bytes] | None = None,
    ) -> None:
        """A training run that succeeded, with what it leaves in the store: `files` are the model and golden request."""
        digest = sha(1000 + number)
        if not self.store.twin.exists(layout.run_result(self.tenant, digest)):
            left = card(sha(number), OUTPUTS, capability)
            self._leave(digest, name, left if files is None else self._leave_files(digest, left, files))
        await self._run(name, deploy, capability, digest, "True", "Completed", "Done.")

    async def fail_run(self, name: str, reason: str) -> None:
        await self._run(name, "Automatic", "cells", sha(9), "False", reason, "It went wrong.")

    async def settle(self, rounds: int = 12) -> list[Done]:
        """Work on everything that rings until nothing rings, as the queue would; the pool is asked again each round."""
        done = []
        for _ in range(rounds):
            keys, self.ringing.keys = sorted({*self.ringing.keys, Key(Kind.SERVING, "", POOL)}), []
            did = []
            for key in keys:
                try:
                    did.append(await self._work(key))
                except StoreError:
                    self.ringing.ring(key)
            done += did
            self.clock.advance(10)
            if not self.ringing.keys and all(one.did == Done().did for one in did) and len(did) == len(keys) == 1:
                break
        return done

    async def _work(self, key: Key) -> Done:
        if key.kind is Kind.CAPABILITY:
            return await self.capability.reconcile(key)
        return await self.serving.reconcile(key) if key.kind is Kind.SERVING else Done()

    async def visit(self, name: str = "cells") -> list[Done]:
        self.ringing.ring(Key(Kind.CAPABILITY, self.tenant, name))
        return await self.settle()

    async def status(self, name: str = "cells") -> Json:
        found = await self.resources.get(CAPABILITIES, self.tenant, name)
        assert found is not None
        return found["status"]

    async def reasons(self, name: str = "cells") -> dict[str, str]:
        conditions = (await self.status(name))["conditions"]
        return {one["type"]: f"{one['status']} {one['reason']}" for one in conditions}

    def routed(self, ip: str = "gateway", name: str = "cells") -> RoutedCapability | None:
        """What a gateway was told about the tenant's capability."""
        found = [one for one in self.pods.tables[ip].capabilities if (one.namespace, one.name) == (self.tenant, name)]
        return found[0] if found else None

    async def written(self) -> tuple[Json | None, Json | None]:
        """Both ConfigMaps."""
        names = (desired_config_map(POOL), ROUTES_CONFIG_MAP)
        desired, routes = [await self.resources.get(CONFIG_MAPS, self.release, name) for name in names]
        return desired, routes

    async def table(self) -> RoutingTable:
        _, routes = await self.written()
        assert routes is not None
        return RoutingTable.from_json(routes["data"][ROUTES_FILE])

    def ledger(self, name: str = "cells") -> list[str]:
        return [info.key for info in self.store.twin.list(layout.ledger_prefix(self.tenant, name))]

    def _leave_files(self, digest: str, left: ModelCard, files: tuple[bytes, bytes]) -> ModelCard:
        model, golden = files
        self.store.twin.put(layout.attempt_file(self.tenant, digest, 1, layout.MODEL), model)
        self.store.twin.put(layout.attempt_file(self.tenant, digest, 1, layout.GOLDEN), golden)
        return left.model_copy(update={"model_sha256": sha256_hex(model), "golden_sha256": sha256_hex(golden)})

    def _leave(self, digest: str, name: str, left: ModelCard) -> None:
        chosen = [DatasetSelection(name="cells-2026", digest=sha(77))]
        spec = RunSpec(
            namespace=self.tenant,
            capability=left.capability,
            capability_type=CapabilityType.DETECTOR,
            run=name,
            digest=digest,
            outputs=list(OUTPUTS),
            datasets=RunDatasets(train=chosen, dev=chosen),
            template="anchor-free-detector",
            parameters={},
            seed=0,
            time_budget_seconds=60,
            image="trainer:dev",
        )
        result = RunResult(attempt=1, model_sha256=left.model_sha256, card_sha256=sha256_hex(left.to_json()))
        store = self.store.twin
        store.put_new(layout.run_spec(self.tenant, digest), spec.to_json())
        store.put_new(layout.attempt_file(self.tenant, digest, 1, layout.CARD), left.to_json())
        store.put_new(layout.run_result(self.tenant, digest), result.to_json())

    async def _run(
        self, name: str, deploy: str, capability: str, digest: str, succeeded: str, reason: str, message: str
    ) -> None:
        spec = {
            "capabilityRef": {"name": capability},
            "datasets": {"train": [{"name": "d"}], "dev": [{"name": "d"}]},
            "templateRef": {"name": "anchor-free-detector"},
            "deploy": deploy,
        }
        made = await self.resources.apply(TRAINING_RUNS, self._manifest("TrainingRun", name, spec))
        ended = {
            "type": "Succeeded",
            "status": succeeded,
            "reason": reason,
            "message": message,
            "lastTransitionTime": NOW,
        }
        status = {"conditions": [ended], "runDigest": digest, "completionTime": NOW}
        await self.resources.write_status(TRAINING_RUNS, made, status)

    def _manifest(self, kind: str, name: str, spec: Json) -> Json:
        metadata = {"name": name, "namespace": self.tenant}
        return {"apiVersion": "capforge.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


async def delete(api: KubernetesApi, cluster: ServingCluster, name: str = "cells") -> None:
    """Delete the capability and wait until it is gone."""

    async def gone() -> bool:
        return await cluster.resources.get(CAPABILITIES, cluster.tenant, name) is None

    await api.delete(Target(CAPABILITIES, cluster.tenant, name), {})
    await eventually_async(gone)

"""All ports in memory, ready to be wired."""

from __future__ import annotations

from dataclasses import dataclass, field

from capforge_contracts.layout import most_bytes
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.serving import DesiredModels, PodState, RoutingTable
from capforge_contracts.store import ObjectInfo, read_at_most
from capforge_contracts.submissions import AnnotationCount, AnnotationCounts
from capforge_contracts.vision import VisionCount, VisionCounts
from capforge_operator.keys import Key
from capforge_operator.ports import Event, Unreachable
from tests.support.clocks import HandClock
from tests.support.twins.jobs import MemoryJobs, MemoryPods
from tests.support.twins.resources import MemoryResources


@dataclass
class MemoryStore:
    """Twin of the port Store: no threads."""

    objects: MemoryObjectStore = field(default_factory=lambda: MemoryObjectStore("capforge"))

    @property
    def uri(self) -> str:
        return self.objects.uri

    async def get(self, key: str) -> bytes:
        return read_at_most(self.objects, key, most_bytes(key))

    async def put(self, key: str, data: bytes) -> None:
        self.objects.put(key, data)

    async def put_new(self, key: str, data: bytes) -> None:
        self.objects.put_new(key, data)

    async def exists(self, key: str) -> bool:
        return self.objects.exists(key)

    async def sha256(self, key: str, at_most_bytes: int) -> str | None:
        data = self.objects.get(key)
        return sha256_hex(data) if len(data) <= at_most_bytes else None

    async def list(self, prefix: str) -> list[ObjectInfo]:
        return list(self.objects.list(prefix))


@dataclass
class MemoryTenants:
    lacking: dict[str, list[str]] = field(default_factory=dict)

    async def missing(self, namespace: str) -> list[str]:
        return self.lacking.get(namespace, [])


@dataclass
class MemoryEvents:
    events: list[Event] = field(default_factory=list)

    async def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def reasons(self) -> list[str]:
        return [event.reason for event in self.events]


@dataclass
class MemoryAgents:
    states: dict[str, PodState] = field(default_factory=dict)
    sent: dict[str, DesiredModels] = field(default_factory=dict)

    async def state(self, address: str) -> PodState:
        if address not in self.states:
            raise Unreachable(address)
        return self.states[address]

    async def put_desired(self, address: str, desired: bytes) -> None:
        self.sent[address] = DesiredModels.from_json(desired)


@dataclass
class MemoryGateways:
    tables: dict[str, RoutingTable] = field(default_factory=dict)
    counts: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Annotated documents and newest submission, by namespace and capability."""
    images: dict[str, int] = field(default_factory=dict)
    """Newest submission about an image, by namespace."""
    away: bool = False
    asked: int = 0

    async def vision(self, address: str) -> VisionCounts:
        if self.away:
            raise Unreachable(address)
        return VisionCounts(counts=[VisionCount(namespace=one, sequence=at) for one, at in self.images.items()])

    async def annotations(self, address: str) -> AnnotationCounts:
        self.asked += 1
        if self.away:
            raise Unreachable(address)
        return AnnotationCounts(
            counts=[
                AnnotationCount(namespace=namespace, capability=name, documents=documents, sequence=sequence)
                for (namespace, name), (documents, sequence) in self.counts.items()
            ]
        )

    async def put_routes(self, address: str, table: bytes) -> None:
        self.tables[address] = RoutingTable.from_json(table)


@dataclass
class HeardBell:
    """A bell that only remembers."""

    keys: list[Key] = field(default_factory=list)

    def ring(self, *keys: Key) -> None:
        self.keys.extend(keys)


@dataclass
class MemoryWorld:
    """Everything outside the controllers."""

    clock: HandClock = field(default_factory=HandClock)
    resources: MemoryResources = field(default_factory=MemoryResources)
    tenants: MemoryTenants = field(default_factory=MemoryTenants)
    pods: MemoryPods = field(default_factory=MemoryPods)
    store: MemoryStore = field(default_factory=MemoryStore)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    agents: MemoryAgents = field(default_factory=MemoryAgents)
    gateways: MemoryGateways = field(default_factory=MemoryGateways)
    bell: HeardBell = field(default_factory=HeardBell)
    jobs: MemoryJobs = field(init=False)

    def __post_init__(self) -> None:
        self.jobs = MemoryJobs(self.clock)

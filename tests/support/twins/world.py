"""All ports in memory, ready to be wired."""

from __future__ import annotations

from dataclasses import dataclass, field

from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.serving import DesiredModels, PodState, RoutingTable
from capforge_contracts.store import ObjectInfo
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
        return self.objects.get(key)

    async def put(self, key: str, data: bytes) -> None:
        self.objects.put(key, data)

    async def put_new(self, key: str, data: bytes) -> None:
        self.objects.put_new(key, data)

    async def exists(self, key: str) -> bool:
        return self.objects.exists(key)

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

    async def put_desired(self, address: str, desired: DesiredModels) -> None:
        self.sent[address] = desired


@dataclass
class MemoryGateways:
    tables: dict[str, RoutingTable] = field(default_factory=dict)

    async def put_routes(self, address: str, table: RoutingTable) -> None:
        self.tables[address] = table


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

"""The question to the gateways: one at a time, whoever answers, and nobody without need."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from capforge_contracts.submissions import AnnotationCount, AnnotationCounts
from capforge_operator.controllers.annotation_watch import KEY, AnnotationWatch
from capforge_operator.domain.annotation import Count
from capforge_operator.facts import PodFact
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import PortError, Unreachable
from tests.support.clocks import HandClock
from tests.support.twins.world import HeardBell

RECEIPTS = Key(Kind.CAPABILITY, "team-a", "receipts")


@dataclass
class Site:
    """The ports Pods and Gateways: gateways by IP, some of them down."""

    ips: list[str] = field(default_factory=lambda: ["10.0.0.1", "10.0.0.2"])
    down: set[str] = field(default_factory=set)
    documents: int = 3
    asked: list[str] = field(default_factory=list)
    listings: int = 0
    api_away: bool = False

    async def list(self, namespace: str, labels: dict[str, str]) -> list[PodFact]:
        self.listings += 1
        if self.api_away:
            raise PortError("the API server is away")
        return [PodFact(namespace, f"pod-{ip}", ip, "Running", ip, ready=True, labels=labels) for ip in self.ips]

    async def annotations(self, address: str) -> AnnotationCounts:
        self.asked.append(address)
        if address in self.down or address not in self.ips:
            raise Unreachable(address)
        count = AnnotationCount(namespace="team-a", capability="receipts", documents=self.documents, sequence=9)
        return AnnotationCounts(counts=[count])

    async def put_routes(self, address: str, table: bytes) -> None:
        raise AssertionError((address, table))


@dataclass
class Bench:
    site: Site = field(default_factory=Site)
    bell: HeardBell = field(default_factory=HeardBell)
    clock: HandClock = field(default_factory=HandClock)

    def __post_init__(self) -> None:
        self.watch = AnnotationWatch(self.site, self.site, self.bell, self.clock, "capforge-system")

    async def poll(self, seconds: float = 2) -> list[Key]:
        """Let time pass and ask; return who was rung."""
        self.clock.advance(seconds)
        self.bell.keys.clear()
        await self.watch.reconcile(KEY)
        return list(self.bell.keys)


@pytest.fixture
async def bench() -> Bench:
    """One field extractor has been looked at."""
    made = Bench()
    assert (await made.watch.counted("team-a", "receipts")).count == Count(3, 9)
    return made


async def test_the_first_to_be_counted_starts_the_polling(bench: Bench):
    assert bench.bell.keys == [KEY]
    assert (await bench.watch.reconcile(KEY)).after_seconds == 2


async def test_who_has_no_documents_counts_none(bench: Bench):
    assert (await bench.watch.counted("team-a", "letters")).count == Count(0, 0)


async def test_at_rest_one_gateway_is_asked_and_no_pods_are_listed(bench: Bench):
    bench.site.asked.clear()
    for _ in range(5):
        assert await bench.poll() == []
    assert bench.site.asked == ["10.0.0.1"] * 5
    assert bench.site.listings == 1


async def test_a_change_rings(bench: Bench):
    bench.site.documents = 4
    assert await bench.poll() == [RECEIPTS]


async def test_another_gateway_answers_for_one_that_is_down_and_is_asked_first_from_then_on(bench: Bench):
    bench.site.down = {"10.0.0.1"}
    await bench.poll()
    bench.site.asked.clear()
    await bench.poll()
    assert bench.site.asked == ["10.0.0.2"]


async def test_gateways_that_were_replaced_are_found(bench: Bench):
    bench.site.ips = ["10.0.0.7"]
    bench.site.documents = 5
    assert await bench.poll() == [RECEIPTS]
    assert (await bench.watch.counted("team-a", "receipts")).count == Count(5, 9)


@pytest.mark.parametrize("api_away", [False, True], ids=["the API server answers", "it is away too"])
async def test_away_is_told_after_half_a_minute_and_so_is_the_return(bench: Bench, api_away: bool):
    bench.site.down, bench.site.api_away = set(bench.site.ips), api_away
    assert await bench.poll() == []
    assert not (await bench.watch.counted("team-a", "receipts")).away
    assert await bench.poll(31) == [RECEIPTS]
    told = await bench.watch.counted("team-a", "receipts")
    assert (told.count, told.away) == (Count(3, 9), True)
    assert await bench.poll() == []
    bench.site.down = set()
    assert await bench.poll() == [RECEIPTS]
    assert not (await bench.watch.counted("team-a", "receipts")).away


async def test_a_capability_that_is_gone_is_rung_no_more(bench: Bench):
    bench.watch.forget("team-a", "receipts")
    bench.site.asked.clear()
    bench.site.documents = 4
    assert await bench.poll() == []
    assert bench.site.asked == []

"""A content is read once for each engine: shared while under way, remembered, kept with its document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import make_url

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord
from capforge_gateway.documents.ports import ReaderAway, StorageAway, UnknownDocument
from capforge_gateway.storage.blobs import StoreBlobs
from capforge_gateway.storage.database import Database, Patience
from capforge_gateway.storage.figures import StorageFigures
from capforge_gateway.storage.memory import Memory
from capforge_gateway.storage.off import Off
from capforge_gateway.storage.reading_index import ReadingIndex
from capforge_gateway.storage.readings import CachedReadings
from tests.support.eventually import eventually_async
from tests.support.labelled import digest
from tests.support.objectstore import S3Server
from tests.support.twins.blobs import MemoryBlobs

ENGINE = "tesseract-5+values-1"


class OneReader:
    """Counts how often it reads; waits where a test says so."""

    def __init__(self, content: str = "a", words: int = 1) -> None:
        self.calls = 0
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.fault: Exception | None = None
        box = [0.1, 0.1, 0.2, 0.2]
        said = [ReadWord(text=f"{content}{number}", box=box, line=0) for number in range(words)]
        page = ReadPage(page_id=0, width=100, height=100, words=said)
        self.reading = Reading(sha256=digest(content), engine=Engine.TESSERACT, engine_version=ENGINE, pages=[page])

    async def is_asked(self) -> bool:
        return self.calls > 0

    async def __call__(self) -> Reading:
        self.calls += 1
        await self.may_end.wait()
        if self.fault is not None:
            raise self.fault
        return self.reading


class World:
    """Gateways that share one database and one store."""

    def __init__(self, url: str) -> None:
        self.figures = StorageFigures(CollectorRegistry())
        self.database = Database(make_url(url), Patience(), self.figures)
        self.blobs = MemoryBlobs()

    def gateway(self, memory_bytes: int = 10**6) -> CachedReadings:
        return CachedReadings(ReadingIndex(self.database), self.blobs, memory_bytes, self.figures)


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    world = World(database)
    yield world
    await world.database.aclose()


async def test_those_who_ask_at_once_share_one_reading(world: World) -> None:
    readings, reader = world.gateway(), OneReader()
    reader.may_end.clear()
    asked = [
        asyncio.create_task(readings.of("acme", digest("a"), ENGINE, reader, keep=number % 2 == 0))
        for number in range(10)
    ]
    await eventually_async(reader.is_asked)
    asked[0].cancel()
    reader.may_end.set()
    found = await asyncio.gather(*asked[1:])
    assert {one.sha256 for one in found} == {sha256_hex(reader.reading.to_json())}
    assert all(one.reading == reader.reading for one in found)
    assert reader.calls == 1


async def test_what_is_kept_is_known_to_other_gateways(world: World) -> None:
    reader = OneReader()
    kept = await world.gateway().of("acme", digest("a"), ENGINE, reader, keep=True)
    other = world.gateway()
    assert await other.of("acme", digest("a"), ENGINE, reader, keep=False) == kept
    assert await other.named("acme", kept.sha256) == reader.reading
    assert reader.calls == 1
    with pytest.raises(UnknownDocument):
        await other.named("other", kept.sha256)


async def test_what_is_not_kept_stays_in_memory_until_it_is(world: World) -> None:
    readings, reader = world.gateway(), OneReader()
    first = await readings.of("acme", digest("a"), ENGINE, reader, keep=False)
    assert world.blobs.blobs == {}
    assert await readings.of("acme", digest("a"), ENGINE, reader, keep=True) == first
    assert list(world.blobs.blobs) == [("acme", first.sha256)]
    assert reader.calls == 1


async def test_tenants_contents_and_engines_are_apart(world: World) -> None:
    readings, reader = world.gateway(), OneReader()
    for key in (("acme", "a", "1"), ("acme", "a", "2"), ("acme", "b", "1"), ("other", "a", "1")):
        await readings.of(key[0], digest(key[1]), key[2], reader, keep=True)
    assert reader.calls == 4


async def test_a_reading_that_was_purged_is_made_and_kept_anew(world: World) -> None:
    reader = OneReader()
    readings = world.gateway()
    kept = await readings.of("acme", digest("a"), ENGINE, reader, keep=True)
    world.blobs.blobs.clear()
    assert await readings.of("acme", digest("a"), ENGINE, reader, keep=True) == kept
    assert list(world.blobs.blobs) == [("acme", kept.sha256)]
    world.blobs.blobs.clear()
    assert await world.gateway().of("acme", digest("a"), ENGINE, reader, keep=True) == kept
    assert list(world.blobs.blobs) == [("acme", kept.sha256)]
    assert reader.calls == 2


async def test_a_reader_that_fails_fails_those_who_wait_and_nobody_after(world: World) -> None:
    readings, reader = world.gateway(), OneReader()
    reader.fault = ReaderAway("away")
    asked = [readings.of("acme", digest("a"), ENGINE, reader, keep=True) for _ in range(3)]
    assert [type(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [ReaderAway] * 3
    reader.fault = None
    assert (await readings.of("acme", digest("a"), ENGINE, reader, keep=True)).reading == reader.reading
    assert reader.calls == 2


async def test_a_storage_that_is_away_stops_only_what_must_be_kept(world: World) -> None:
    readings, reader = world.gateway(), OneReader()
    world.blobs.away = True
    with pytest.raises(StorageAway):
        await readings.of("acme", digest("a"), ENGINE, reader, keep=True)
    assert (await readings.of("acme", digest("a"), ENGINE, reader, keep=False)).reading == reader.reading
    world.blobs.away = False
    await readings.of("acme", digest("a"), ENGINE, reader, keep=True)
    assert reader.calls == 1


async def test_without_storage_readings_are_remembered_and_not_kept() -> None:
    off = Off()
    readings = CachedReadings(off, off, 10**6, StorageFigures(CollectorRegistry()))  # type: ignore[arg-type] # says no to all
    reader = OneReader()
    for _ in range(2):
        await readings.of("acme", digest("a"), ENGINE, reader, keep=False)
    assert reader.calls == 1
    with pytest.raises(StorageAway, match="CAPFORGE_DATABASE_URL"):
        await readings.of("acme", digest("a"), ENGINE, reader, keep=True)
    with pytest.raises(StorageAway, match="CAPFORGE_DATABASE_URL"):
        await readings.named("acme", digest("a"))


async def test_memory_is_bounded_and_forgets_what_was_not_used(world: World) -> None:
    one = len(OneReader("a", 50).reading.to_json())
    readings = world.gateway(memory_bytes=3 * one + 20)
    readers = {content: OneReader(content, 50) for content in "abcd"}
    for content in "abcad":
        await readings.of("acme", digest(content), ENGINE, readers[content], keep=False)
    for content in "acd":
        await readings.of("acme", digest(content), ENGINE, readers[content], keep=False)
    assert {content: reader.calls for content, reader in readers.items()} == {"a": 1, "b": 1, "c": 1, "d": 1}
    await readings.of("acme", digest("b"), ENGINE, readers["b"], keep=False)
    assert readers["b"].calls == 2


def test_memory_holds_no_more_than_it_may() -> None:
    memory = Memory(10)
    for number in range(5):
        memory.put(number, b"x" * 4)
        assert memory.held_bytes <= 10
    assert [memory.get(number) is not None for number in range(5)] == [False, False, False, True, True]
    memory.put(4, b"y" * 11)
    assert memory.get(4) is None
    assert memory.held_bytes == 4


async def test_blobs_are_written_once_and_damaged_ones_given_to_nobody(s3: S3Server) -> None:
    blobs = StoreBlobs(s3.store(), 4, 10, StorageFigures(CollectorRegistry()))
    twin = MemoryBlobs()
    for port in (blobs, twin):
        names = await asyncio.gather(*(port.put("blobs-test", b"same") for _ in range(8)))
        assert set(names) == {sha256_hex(b"same")}
        assert await port.get("blobs-test", names[0]) == b"same"
        assert await port.has("blobs-test", names[0])
        assert not await port.has("other", names[0])
        with pytest.raises(UnknownDocument):
            await port.get("other", names[0])
    s3.store().put(layout.blob("blobs-test", digest("x")), b"not x")
    with pytest.raises(StorageAway, match="damaged"):
        await blobs.get("blobs-test", digest("x"))
    blobs.close()

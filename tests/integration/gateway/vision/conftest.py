"""Real PostgreSQL and S3 for annotated images; a gateway in front of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import make_url

from capforge_contracts.serving import RoutedCapability
from capforge_gateway.storage.database import Database, Patience
from capforge_gateway.storage.figures import StorageFigures
from capforge_gateway.storage.vision import PostgresVision
from tests.integration.gateway.process import capability, gateway_process, opened, version
from tests.integration.gateway.vision.world import VisionGateway
from tests.support.objectstore import S3Server
from tests.support.postgres import Postgres

OpenGateway = Callable[..., VisionGateway]


@asynccontextmanager
async def open_vision(url: str, patience: Patience | None = None) -> AsyncIterator[PostgresVision]:
    """A gateway's view of a database."""
    database = Database(make_url(url), patience or Patience(), StorageFigures(CollectorRegistry()))
    try:
        yield PostgresVision(database)
    finally:
        await database.aclose()


@pytest.fixture
async def vision(database: str) -> AsyncIterator[PostgresVision]:
    async with open_vision(database) as store:
        yield store


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for tests that ask the database many times."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="session")
def environment(postgres: Postgres, template: str, s3: S3Server) -> dict[str, str]:
    """What a gateway needs to know, with a database for all who share it."""
    return {**s3.environment, "CAPFORGE_DATABASE_URL": postgres.url(postgres.create_database(template))}


@pytest.fixture(scope="session")
def shared(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisionGateway]:
    """A gateway that nobody reconfigures or empties."""
    with gateway_process(tmp_path_factory.mktemp("vision"), plain=environment) as process:
        yield VisionGateway(opened(process, detector()), environment)


@pytest.fixture
def open_gateway(
    environment: dict[str, str], postgres: Postgres, template: str, tmp_path: Path
) -> Iterator[OpenGateway]:
    """Start gateways of a test's own on one database of its own: `open_gateway(MAX_IMAGE_BYTES=1000)`."""
    database = postgres.url(postgres.create_database(template))
    with ExitStack() as stack:
        started: list[VisionGateway] = []

        def start(plain: Mapping[str, str] | None = None, **settings: object) -> VisionGateway:
            changed = {f"CAPFORGE_{name}": str(value) for name, value in settings.items()}
            given = {**environment, "CAPFORGE_DATABASE_URL": database, **changed, **(plain or {})}
            process = stack.enter_context(gateway_process(tmp_path / f"gateway-{len(started)}", plain=given))
            started.append(VisionGateway(opened(process, detector()), given))
            return started[-1]

        yield start


def detector() -> RoutedCapability:
    """The keys of a namespace are known where it has a capability."""
    return capability([version("1.1", "some-model", ["127.0.0.1:1"])], "1.1")

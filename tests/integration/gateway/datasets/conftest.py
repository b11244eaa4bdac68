"""A gateway with an object store and without a database: datasets need none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.gateway.datasets.world import Reader, Shelves
from tests.integration.gateway.process import NAMESPACE, capability, gateway_process, opened, version
from tests.support.objectstore import S3Server, s3_server
from tests.support.ports import free_port

TENANTS = (NAMESPACE, "rival", "listed")


@pytest.fixture(scope="session")
def datasets_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Nobody else writes there."""
    with s3_server(tmp_path_factory.mktemp("datasets-store"), free_port()) as running:
        yield running


@pytest.fixture(scope="session")
def shelves(datasets_store: S3Server) -> Shelves:
    return Shelves(datasets_store.store())


@pytest.fixture(scope="session")
def reader(datasets_store: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    environment = {**datasets_store.environment, "CAPFORGE_DOCUMENT_REQUESTS_PER_MINUTE": "0"}
    with gateway_process(tmp_path_factory.mktemp("datasets"), plain=environment) as process:
        found = [capability([version("1.1", "m", ["127.0.0.1:1"])], "1.1", namespace=one) for one in TENANTS]
        yield Reader(opened(process, *found))

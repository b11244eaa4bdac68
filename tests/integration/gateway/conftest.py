"""A real model server with a few small models, tables to copy, and gateways in front of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from capforge_gateway.storage.migrate import migrate
from tests.integration.gateway.bright_box import bright_box
from tests.integration.gateway.process import GatewayProcess, capability, gateway_process, opened, version
from tests.support.onnx_models import FixedDetector
from tests.support.postgres import Postgres
from tests.support.triton import Triton, triton_server

FIXED = "cells--000000000001"
BRIGHT = "cells--000000000002"
BRIGHT_SIZE = 320
BATCHED = 'backend: "onnxruntime"\nmax_batch_size: 8\ndynamic_batching {}\n'

StartGateway = Callable[..., GatewayProcess]


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """A database with all tables, to copy."""
    name = postgres.create_database()
    migrate(make_url(postgres.url(name)))
    return name


@pytest.fixture
def database(postgres: Postgres, template: str) -> str:
    """The address of a database of the test's own, with empty tables."""
    return postgres.url(postgres.create_database(template))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """One model server for all tests that leave it running; v1.1 is the fixed detector, v1.2 the one that looks."""
    with triton_server(tmp_path_factory.mktemp("triton")) as server:
        server.serve(FIXED, FixedDetector().onnx())
        server.serve(BRIGHT, bright_box(BRIGHT_SIZE, BRIGHT_SIZE))
        yield server


@pytest.fixture(scope="session")
def gateway(models: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway that nobody reconfigures: v1 = v1.2 looks, v1.1 is fixed, v1.0 had no model."""
    with gateway_process(tmp_path_factory.mktemp("gateway")) as process:
        fixed = version("1.1", FIXED, [models.address])
        looking = version("1.2", BRIGHT, [models.address], (BRIGHT_SIZE, BRIGHT_SIZE))
        yield opened(process, capability([fixed, looking], "1.2"))


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[StartGateway]:
    """Start gateways of a test's own: `start_gateway(MAX_REQUESTS="2")`."""
    with ExitStack() as stack:
        started: list[GatewayProcess] = []

        def start(**environment: str) -> GatewayProcess:
            folder = tmp_path / f"gateway-{len(started)}"
            process = stack.enter_context(gateway_process(folder, _texts(environment)))
            started.append(process)
            return process

        yield start


def _texts(environment: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in environment.items()}

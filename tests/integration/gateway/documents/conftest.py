"""Real PostgreSQL, real S3, the real candidates service, a real model server; gateways in front of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from capforge_contracts.serving import RoutedCapability
from tests.integration.candidates.conftest import Service, service
from tests.integration.gateway.documents.world import FIELDS, DocumentGateway, extractor, trained
from tests.integration.gateway.process import TOKEN, capability, gateway_process, opened, version
from tests.support.field_models import linear_extractor
from tests.support.objectstore import S3Server
from tests.support.postgres import Postgres
from tests.support.triton import Triton, triton_server

LINEAR = "receipts--000000000001"
SECOND = "receipts--000000000002"
TRAINED = "trained"
"""A capability with versions 1.1 and 1.2, where RECEIPTS has none."""
STALE = "stale"
"""A capability whose version 1.1 is no longer loaded and whose version 1.2 nobody answers for."""

OpenGateway = Callable[..., DocumentGateway]


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One candidates service for all tests that do not harm it."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "gateway-token").write_text(f"{TOKEN}\n")
    with service(folder, internal_token_file=folder / "gateway-token") as running:
        yield running


@pytest.fixture(scope="session")
def field_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A model server with two versions: they differ in the class that they tell."""
    with triton_server(tmp_path_factory.mktemp("field-models")) as server:
        server.serve(LINEAR, linear_extractor(FIELDS))
        server.serve(SECOND, linear_extractor(FIELDS, class_index=1))
        yield server


@pytest.fixture(scope="session")
def environment(postgres: Postgres, template: str, s3: S3Server, reader: Service) -> dict[str, str]:
    """What a gateway needs to know, with a database for all who share it."""
    database = postgres.url(postgres.create_database(template))
    return {**s3.environment, "CAPFORGE_DATABASE_URL": database, "CAPFORGE_CANDIDATES_URL": reader.url}


@pytest.fixture(scope="session")
def documents(
    environment: dict[str, str], field_models: Triton, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DocumentGateway]:
    """A gateway that nobody reconfigures: see RECEIPTS, TRAINED, STALE; `cells` is a detector."""
    with gateway_process(tmp_path_factory.mktemp("documents"), plain=environment) as process:
        both = [trained("1.1", LINEAR, [field_models.address]), trained("1.2", SECOND, [field_models.address])]
        nowhere = extractor([trained("1.2", "some-model", ["127.0.0.1:1"])], "1.2", name=STALE)
        detector = capability([version("1.1", "some-model", ["127.0.0.1:1"])], "1.1")
        opened(process, extractor(), extractor(both, "1.2", name=TRAINED), nowhere, detector)
        yield DocumentGateway(process, environment=environment)


@pytest.fixture
def open_gateway(
    environment: dict[str, str], postgres: Postgres, template: str, tmp_path: Path
) -> Iterator[OpenGateway]:
    """Start gateways of a test's own on one database of its own: `open_gateway(CANDIDATES_URL="…")`."""
    database = postgres.url(postgres.create_database(template))
    with ExitStack() as stack:
        started: list[DocumentGateway] = []

        def start(
            routed: Sequence[RoutedCapability] = (), plain: Mapping[str, str] | None = None, **settings: object
        ) -> DocumentGateway:
            changed = {f"CAPFORGE_{name}": str(value) for name, value in settings.items()}
            given = {**environment, "CAPFORGE_DATABASE_URL": database, **changed, **(plain or {})}
            process = stack.enter_context(gateway_process(tmp_path / f"gateway-{len(started)}", plain=given))
            gateway = DocumentGateway(opened(process, *(routed or [extractor()])), environment=given)
            started.append(gateway)
            return gateway

        yield start


@pytest.fixture(autouse=True)
def client_at_the_gateway(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the public client at the shared gateway, as its documentation says."""
    if "documents" in request.fixturenames:
        gateway = request.getfixturevalue("documents")
        monkeypatch.setenv("MINDEE_BASE_URL", f"{gateway.process.url}/v1")
        monkeypatch.setenv("NO_PROXY", "*")

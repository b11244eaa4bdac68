"""A real API server and S3 server with the operator's rights, and the operator as a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.operator.process import Installation, OperatorProcess, install
from tests.support.apiserver import KubeApi
from tests.support.objectstore import S3Server


@pytest.fixture(scope="session")
def installation(kube: KubeApi, s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(kube, s3, tmp_path_factory.mktemp("operator"))


@pytest.fixture
def operator(installation: Installation) -> Iterator[OperatorProcess]:
    process = OperatorProcess(installation)
    process.start()
    yield process
    process.close()


@pytest.fixture
def tenant(installation: Installation) -> str:
    return installation.tenant()

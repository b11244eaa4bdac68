"""A serving pod whose models lie in a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agent import ServingPod, serving_pod
from tests.support.objectstore import S3Server


@pytest.fixture
def pod(tmp_path: Path, s3: S3Server) -> Iterator[ServingPod]:
    with serving_pod(tmp_path / "pod", s3.environment) as running:
        yield running

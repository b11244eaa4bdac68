"""Every component at once, as real processes with known secrets: one story, told in logs and metrics."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from capforge_contracts.apikeys import hash_key, new_key
from capforge_contracts.dataset import CocoSource
from capforge_contracts.serving import DesiredModel, LoadState
from tests.integration.gateway import process as gateways
from tests.integration.gateway.process import (
    ANSWER_SECONDS,
    GatewayProcess,
    capability,
    gateway_process,
    opened,
    version,
)
from tests.integration.operator.process import Installation, OperatorProcess, install
from tests.integration.snapshot.test_snapshot_process import Job
from tests.support import agent as agents
from tests.support.agent import ServingPod, publish
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually
from tests.support.objectstore import S3Server
from tests.support.onnx_models import FixedDetector
from tests.support.triton import Triton
from tests.unit.operator import training_world
from tests.unit.snapshot.cocofolder import CocoFolder

COMPONENTS = ("gateway", "agent", "operator", "snapshot")
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class VerboseTriton(Triton):
    """Says what it does with each request."""

    def command(self) -> list[str]:
        return [*super().command(), "--log-verbose=1"]


@dataclass
class Whole:
    """All components, and what each of them wrote."""

    pod: ServingPod
    gateway: GatewayProcess
    operator: OperatorProcess
    installation: Installation
    snapshot: Path
    model: DesiredModel
    tenant: str
    wrong_key: str

    def logs(self) -> dict[str, str]:
        """Return what each component wrote."""
        return {
            "gateway": self.gateway.log.read_text(),
            "agent": self.pod.log.read_text(),
            "operator": self.operator.log,
            "snapshot": self.snapshot.read_text(),
            "triton": self.pod.triton.log.read_text(),
        }

    def pages(self) -> dict[str, str]:
        """Scrape every component."""
        addresses = {
            "gateway": f"{self.gateway.internal_url}/metrics",
            "agent": f"{self.pod.url}/metrics",
            "operator": f"http://127.0.0.1:{self.operator.port}/metrics",
            "triton": f"http://127.0.0.1:{self.pod.triton.metrics_port}/metrics",
        }
        return {name: _read(address) for name, address in addresses.items()}

    def families(self, component: str) -> list[Metric]:
        """Scrape one component and parse it."""
        return list(text_string_to_metric_families(self.pages()[component]))

    def secrets(self) -> dict[str, str]:
        """Return every secret value of the story by what it is."""
        return {
            "API key": self.gateway.key,
            "hash of the API key": hash_key(self.gateway.key),
            "API key that is wrong here": self.wrong_key,
            "internal token of the gateway": gateways.TOKEN,
            "internal token of the agent": agents.TOKEN,
            "internal token of the operator": "internal-token",
            "Triton's control value": self.pod.triton.control,
            "secret key of the object store": self.installation.s3.secret_key,
            "secret key of the tenant": "very-secret",
        }


@pytest.fixture(scope="module")
def whole(kube: KubeApi, s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Ends with the module: its operator would work on the objects of everybody else's tests too."""
    folder = tmp_path_factory.mktemp("whole")
    pod = ServingPod(folder / "pod", s3.environment, {"CAPFORGE_LOG_LEVEL": "debug"})
    pod.triton = VerboseTriton(pod.triton.home, pod.folder, pod.triton.control)
    operator = OperatorProcess(install(kube, s3, tmp_path_factory.mktemp("operator")))
    with gateway_process(folder / "gateway", {"LOG_LEVEL": "debug"}) as gateway:
        try:
            pod.triton.start()
            pod.start_agent()
            operator.start()
            yield _story(pod, gateway, operator, s3, folder)
        finally:
            operator.close()
            pod.kill_agent()
            pod.triton.kill()


def _story(pod: ServingPod, gateway: GatewayProcess, operator: OperatorProcess, s3: S3Server, folder: Path) -> Whole:
    """Something goes well and something goes wrong everywhere."""
    good = publish(s3.store(), FixedDetector())
    bad = publish(s3.store(), FixedDetector(scores=(0.8, 0.4)), capability="wrong").model_copy(
        update={"golden_sha256": "0" * 64}
    )
    pod.put(1, good, bad)
    pod.until(good, LoadState.READY)
    pod.until(bad, LoadState.FAILED, "DigestMismatch")
    opened(gateway, capability([version("1.1", good.model, [pod.triton.address])], "1.1"))
    tenant = operator.installation.tenant()
    _apply(operator.installation.kube, tenant)
    eventually(lambda: operator.metric("capforge_dataset_not_ready", namespace=tenant) == 1, 60)
    return Whole(pod, gateway, operator, operator.installation, _snapshot(s3, folder), good, tenant, _refusals(gateway))


def _apply(kube: KubeApi, tenant: str) -> None:
    for document in (training_world.capability(), training_world.dataset(), training_world.run()):
        document["metadata"]["namespace"] = tenant
        kube.apply(document)


def _snapshot(s3: S3Server, folder: Path) -> Path:
    """Take one snapshot, and fail to take another; return what both wrote."""
    (folder / "snapshot").mkdir()
    coco = CocoFolder(prefix="observed/uploads/cells")
    coco.upload(s3.store())
    source = CocoSource(annotations_uri=f"s3://{s3.bucket}/{coco.prefix}/train.json")
    assert Job(s3, folder / "snapshot", "observed", source).run() == 0
    written = (folder / "snapshot" / "stderr").read_bytes()
    unreachable = Job(s3, folder / "snapshot", "observed", CocoSource(annotations_uri="s3://elsewhere/a.json"))
    unreachable.run(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    both = folder / "snapshot.log"
    both.write_bytes(written + (folder / "snapshot" / "stderr").read_bytes())
    return both


def _refusals(gateway: GatewayProcess) -> str:
    """Ask wrongly in many ways; return a key that is none."""
    wrong = new_key()
    gateway.http.post(gateway.predict_url(), headers={"Authorization": f"Token {wrong}"}, content=b"x")
    gateway.http.get(f"{gateway.url}/nowhere?key={wrong}", headers={"Authorization": f"Token {gateway.key}"})
    gateway.http.get(f"{gateway.url}/v1/products/acme/cells/v1/openapi.json", headers={"Authorization": wrong})
    assert gateway.predict(b"no image").status_code == httpx.codes.BAD_REQUEST
    gateway.put_routes(b"{}", token=wrong)
    gateway.put_routes(b"no table")
    return wrong


def _read(address: str) -> str:
    with _OPENER.open(address, timeout=ANSWER_SECONDS) as answer:
        text: str = answer.read().decode()
    return text

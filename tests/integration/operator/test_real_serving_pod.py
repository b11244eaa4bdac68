"""The serving controller with a real agent beside a real Triton: what the operator asks for is loaded and proven."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from capforge_contracts.model import sha256_hex
from capforge_contracts.names import model_name
from capforge_contracts.serving import LoadState, RoutingTable
from capforge_operator.adapters.kubernetes_api import connect
from capforge_operator.adapters.pod_http import HttpAgents, PodHttp
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.labels import COMPONENT, SERVING
from capforge_operator.ports import Done, Json, PodFact
from tests.integration.operator.serving_cluster import MemoryStore, ServingCluster, TwinPods, delete
from tests.support.agent import ServingPod, serving_pod
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually_async
from tests.support.objectstore import S3Server
from tests.support.onnx_models import FixedDetector, golden_file


@dataclass
class OnePod(TwinPods):
    """The real agent on loopback; gateways stay twins."""

    real: HttpAgents | None = None

    def __post_init__(self) -> None:
        assert self.real is not None
        self.state = self.real.state  # type: ignore[method-assign]
        self.put_desired = self.real.put_desired  # type: ignore[method-assign]

    async def list(self, namespace: str, labels: dict[str, str]) -> list[PodFact]:
        if labels[COMPONENT] == SERVING:
            return [PodFact(namespace, "serving-0", "uid", "Running", "127.0.0.1", ready=True)]
        return await super().list(namespace, labels)


@pytest.fixture
def pod(tmp_path: Path, s3: S3Server) -> Iterator[ServingPod]:
    with serving_pod(tmp_path / "pod", s3.environment, CAPFORGE_POD="serving-0") as running:
        yield running


@pytest.fixture
async def cluster(kube: KubeApi, s3: S3Server, pod: ServingPod) -> AsyncIterator[ServingCluster]:
    kube.apply_crds()
    api = await connect(kube.kubeconfig)
    async with aiohttp.ClientSession() as session:
        agents = HttpAgents(PodHttp(session, pod.folder / "token"), pod.agent_port)
        made = ServingCluster(
            KubernetesResources(api),
            kube.create_namespace("tenant"),
            kube.create_namespace("release"),
            store=MemoryStore(s3.store()),
            pods=OnePod(tables={"gateway": RoutingTable(generation=0)}, real=agents),
        )
        yield made
        await delete(api, made)
    await api.close()


def trained(detector: FixedDetector) -> tuple[bytes, bytes]:
    model = detector.onnx()
    return model, golden_file(model, {"image": detector.images(4)})


def loaded(cluster: ServingCluster, pod: ServingPod) -> list[LoadState]:
    """The states of this capability's models; the pool serves those that other tests left as well."""
    routed = cluster.routed()
    assert routed is not None
    states = {one.model: one.state for one in pod.state().models}
    return [states[version.model] for version in routed.versions]


async def answers_with(cluster: ServingCluster, version: str) -> Json:
    async def answered() -> Json:
        await cluster.visit()
        status = await cluster.status()
        assert status["version"] == version, status["conditions"]
        return status

    return await eventually_async(answered, 60)


async def test_versions_are_loaded_and_proven_one_after_the_other(cluster: ServingCluster, pod: ServingPod):
    first = trained(FixedDetector())
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1, files=first)
    status = await answers_with(cluster, "1.1")
    assert status["traffic"] == [{"version": "1.1", "percent": 100, "readyReplicas": 1}]
    await cluster.finish_run("cells-2", 2, files=trained(FixedDetector(scores=(0.8, 0.4))))
    await answers_with(cluster, "1.2")
    assert loaded(cluster, pod) == [LoadState.READY, LoadState.READY]
    routed = cluster.routed()
    assert routed is not None
    assert routed.versions[1].model == model_name("cells", sha256_hex(first[0]))
    await eventually_async(lambda: _settled(cluster))


async def test_a_model_that_does_not_do_what_it_did_never_answers(cluster: ServingCluster):
    good = trained(FixedDetector())
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1, files=good)
    await answers_with(cluster, "1.1")
    await cluster.finish_run("cells-2", 2, files=(FixedDetector(scores=(0.1, 0.1)).onnx(), good[1]))

    async def blocked() -> None:
        await cluster.visit()
        assert (await cluster.reasons())["RolloutBlocked"] == "True LoadFailed"

    await eventually_async(blocked, 60)
    status = await cluster.status()
    assert (status["version"], status["targetVersion"]) == ("1.1", "1.2")
    assert status["lastFailure"]["message"].startswith("GoldenMismatch")
    assert (await cluster.reasons())["ModelServing"] == "True Serving"


async def test_a_pod_that_starts_anew_gets_everything_back(cluster: ServingCluster, pod: ServingPod):
    await cluster.apply_capability()
    await cluster.finish_run("cells-1", 1, files=trained(FixedDetector()))
    await answers_with(cluster, "1.1")
    await eventually_async(lambda: _settled(cluster))
    pod.kill_agent()
    pod.triton.kill()
    desired, _ = await cluster.written()
    assert desired is not None
    pod.desired_file.write_text(desired["data"]["desired.json"])  # what the mounted ConfigMap is
    pod.triton.start()
    pod.start_agent()
    await eventually_async(lambda: _settled(cluster), 60)
    assert (await cluster.reasons())["Ready"] == "True Serving"
    assert pod.ready()
    assert loaded(cluster, pod) == [LoadState.READY]


async def _settled(cluster: ServingCluster) -> bool:
    done: list[Done] = await cluster.visit()
    return {one.did for one in done} == {"nothing"} and (done[-1].after_seconds or 0) > 10

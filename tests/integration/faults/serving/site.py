"""A whole serving side on loopback: operator, API server, object store, serving pods, gateways, a node that keeps them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from capforge_contracts.apikeys import new_key
from tests.integration.faults.serving.node import SiteNode
from tests.integration.faults.serving.pods import GatewayPod, PodProcesses
from tests.integration.faults.serving.story import Served
from tests.integration.operator.process import Installation, OperatorProcess, install
from tests.support.agent import TOKEN
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually
from tests.support.kubeclient import KubeClient
from tests.support.objectstore import S3Server, s3_server
from tests.support.ports import free_port
from tests.support.traffic.driver import Traffic, traffic

DRAIN_SECONDS = 1.5
_AGENT = {
    "CAPFORGE_LINGER_SECONDS": "2",
    "CAPFORGE_LOAD_TIMEOUT_SECONDS": "12",
    "CAPFORGE_RETRY_SECONDS": "0.3",
    "CAPFORGE_REFUSED_RETRY_SECONDS": "5",
}


@dataclass
class Site:
    """Pods have addresses in one random network of 127.0.0.0/8 and the product's own ports."""

    installation: Installation
    client: KubeClient
    tenant: str
    operator: OperatorProcess
    folder: Path
    s3_port: int
    network: str = field(default_factory=lambda: f"127.{10 + secrets.randbelow(240)}.{secrets.randbelow(250)}")
    key: str = field(default_factory=new_key)
    driver: Traffic | None = None
    _s3: ExitStack = field(default_factory=ExitStack)
    _addresses: Iterator[int] = field(default_factory=lambda: iter(range(1, 250)))

    def __post_init__(self) -> None:
        self.node = SiteNode(self.client, self.installation.namespace, self._service_changed)

    @property
    def pods(self) -> list[PodProcesses]:
        return list(self.node.pods.values())

    @property
    def gateways(self) -> list[GatewayPod]:
        return list(self.node.gateways.values())

    def add_pod(self) -> PodProcesses:
        """Start a serving pod, which then finds out by itself what to serve."""
        number = next(self._addresses)
        name = f"serving-{number}"
        pod = PodProcesses.start(
            name,
            f"{self.network}.{number}",
            self.folder,
            self.installation.s3.environment,
            CAPFORGE_POD=name,
            **_AGENT,
        )
        self.node.add_pod(pod)
        return pod

    def remove_pod(self, pod: PodProcesses) -> None:
        """Take a pod away as a scale-down does: marked, left a moment (preStop), then ended."""
        self.node.mark_deleted(pod.name)
        eventually(lambda: not self.is_routed(pod), 20)
        pod.end()
        self.node.forget(pod.name)

    def add_gateway(self) -> GatewayPod:
        """Start a gateway, which knows the tenant's key."""
        number = next(self._addresses)
        gateway = GatewayPod(f"{self.network}.{number}", self.folder / f"gateway-{number}", DRAIN_SECONDS)
        gateway.allow(self.tenant, self.key)
        gateway.start()
        self.node.add_gateway(gateway)
        return gateway

    def roll_gateway(self, old: GatewayPod) -> GatewayPod:
        """Replace a gateway as a Deployment does: the new one is ready before the old one is told to go."""
        new = self.add_gateway()
        eventually(new.is_ready, 30)
        self.node.mark_deleted(old.name)
        old.terminate()
        assert old.wait() == 0
        self.node.forget(old.name)
        return new

    def ring(self) -> None:
        """Let the operator look at the pool now, not when it next would by itself (within 15 s)."""
        change = {"metadata": {"annotations": {"touched": secrets.token_hex(4)}}}
        self.client.patch("Pod", self.installation.namespace, self.pods[0].name, change)

    def is_routed(self, pod: PodProcesses) -> bool:
        """Tell whether the routing table names a pod's address: 127.1.1.1 is not 127.1.1.12."""
        return re.search(rf"\b{re.escape(pod.ip)}\b", self.routes()) is not None

    def routes(self) -> str:
        """Return the routing table's text."""
        found = self.client.get("ConfigMap", self.installation.namespace, "capforge-routes")
        return str((found or {}).get("data", {}))

    @contextmanager
    def s3_away(self) -> Iterator[None]:
        """Stop the object store for the block."""
        self._s3.close()
        try:
            yield
        finally:
            self.start_s3()

    def start_s3(self) -> S3Server:
        return self._s3.enter_context(s3_server(self.folder / "s3", self.s3_port))

    @contextmanager
    def traffic(
        self, served: Served, version: str = "v1", gateways: Sequence[GatewayPod] | None = None
    ) -> Iterator[Traffic]:
        """Send predictions for the block to whichever gateways are ready."""
        urls = [one.url for one in gateways or self.gateways]
        with traffic(urls, served.namespace, served.name, self.key, version=version) as driver:
            self.driver = driver if gateways is None else None
            try:
                yield driver
            finally:
                self.driver = None

    def close(self) -> None:
        self.node.stop()
        for pod in self.pods:
            pod.end()
        for gateway in self.gateways:
            gateway.end()
        self.operator.close()
        self._s3.close()

    def _service_changed(self, urls: list[str]) -> None:
        if self.driver is not None:
            self.driver.use(urls)


@contextmanager
def serving_site(kube: KubeApi, folder: Path) -> Iterator[Site]:
    """Two serving pods, two gateways, an operator."""
    port = free_port()
    with ExitStack() as stack:
        s3 = ExitStack()
        server = s3.enter_context(s3_server(folder / "s3", port))
        installation = install(kube, server, folder)
        (folder / "internal-token").write_text(TOKEN)
        operator = OperatorProcess(installation, {"CAPFORGE_INTERNAL_TOKEN_FILE": str(folder / "internal-token")})
        client = KubeClient.of(kube.kubeconfig)
        site = Site(installation, client, installation.tenant(), operator, folder, port, _s3=s3)
        stack.callback(site.close)
        operator.launch()
        for _ in range(2):
            site.add_pod()
            site.add_gateway()
        site.node.start()
        eventually(lambda: operator.health()[0] == 200, 90)
        yield site

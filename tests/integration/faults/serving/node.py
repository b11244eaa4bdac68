"""What kubelets and kube-proxy do for the site's pods, as far as operator, agents, gateways and clients can see it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from capforge_contracts.names import DESIRED_FILE, ROUTES_CONFIG_MAP, ROUTES_FILE, desired_config_map
from capforge_operator.labels import COMPONENT, GATEWAY, PART_OF, POOL, PRODUCT, SERVING
from tests.integration.faults.serving.pods import GatewayPod, PodProcesses
from tests.support.kubeclient import KubeClient

_TURN_SECONDS = 0.2
_CPU = "cpu"


@dataclass
class SiteNode:
    """Restarts what ends, tells the API server who is ready, mounts ConfigMaps, points the Service at ready gateways."""

    client: KubeClient
    namespace: str
    on_service: Callable[[list[str]], None]
    pods: dict[str, PodProcesses] = field(default_factory=dict)
    gateways: dict[str, GatewayPod] = field(default_factory=dict)
    mounts: bool = True
    """Whether changed ConfigMaps reach the pods."""
    _told: dict[str, bool] = field(default_factory=dict)
    _service: list[str] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="node")
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join()

    def add_pod(self, pod: PodProcesses) -> None:
        """Tell the API server of a serving pod."""
        self._create(pod.name, pod.ip, {COMPONENT: SERVING, POOL: _CPU})
        self.pods[pod.name] = pod

    def add_gateway(self, gateway: GatewayPod) -> None:
        """Tell the API server of a gateway."""
        self._create(gateway.name, gateway.ip, {COMPONENT: GATEWAY})
        self.gateways[gateway.name] = gateway

    def mark_deleted(self, name: str) -> None:
        """Begin a pod's deletion: it has a deletionTimestamp until it is `forget`-ed."""
        self.client._call(
            "DELETE", f"api/v1/namespaces/{self.namespace}/pods/{name}", {"gracePeriodSeconds": 30}, missing_ok=True
        )

    def forget(self, name: str) -> None:
        """End a pod's deletion: the object is gone."""
        self.pods.pop(name, None)
        self.gateways.pop(name, None)
        self._told.pop(name, None)
        self.client.delete("Pod", self.namespace, name)

    def _run(self) -> None:
        while not self._stopped.wait(_TURN_SECONDS):
            try:
                self._turn()
            except Exception:  # noqa: BLE001 - a test ends processes under it; what is not yet so is so a turn later
                traceback.print_exc()

    def _turn(self) -> None:
        for pod in list(self.pods.values()):
            pod.keep_running()
            self._tell(pod.name, ready=pod.is_ready())
        ready = {gateway.name: gateway.is_ready() for gateway in list(self.gateways.values())}
        for name, is_ready in ready.items():
            self._tell(name, ready=is_ready)
        urls = [gateway.url for gateway in list(self.gateways.values()) if ready.get(gateway.name)]
        if urls and urls != self._service:
            self._service = urls
            self.on_service(urls)
        if self.mounts:
            self._mount()

    def _tell(self, name: str, *, ready: bool) -> None:
        if self._told.get(name) == ready:
            return
        condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": None}
        self.client.patch("Pod", self.namespace, name, {"status": {"conditions": [condition]}}, "status")
        self._told[name] = ready

    def _mount(self) -> None:
        desired = self._content(desired_config_map(_CPU), DESIRED_FILE)
        routes = self._content(ROUTES_CONFIG_MAP, ROUTES_FILE)
        for pod in list(self.pods.values()):
            _place(pod.serving.desired_file, desired)
        for gateway in list(self.gateways.values()):
            _place(gateway.routes_file, routes)

    def _content(self, config_map: str, name: str) -> str | None:
        found = self.client.get("ConfigMap", self.namespace, config_map)
        return ((found or {}).get("data") or {}).get(name)

    def _create(self, name: str, ip: str, labels: dict[str, str]) -> None:
        container = {"name": "one", "image": "one:1"}
        metadata = {"name": name, "namespace": self.namespace, "labels": {PART_OF: PRODUCT, **labels}}
        spec: dict[str, Any] = {"containers": [container], "nodeName": "node-1"}
        self.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]}
        self.client.patch("Pod", self.namespace, name, {"status": status}, "status")


def _place(file: Path, content: str | None) -> None:
    """Change a mounted file as a kubelet does: whole. A ConfigMap that is gone leaves what was mounted."""
    if content is None or (file.exists() and file.read_text() == content):
        return
    partial = file.with_name(f".{file.name}")
    partial.write_text(content)
    partial.rename(file)

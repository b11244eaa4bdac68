"""The local cluster, for real: a second one is brought up beside the one that people use, and taken down again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from capforge_tools import debian
from capforge_tools.cluster.down import down
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.survey import leftovers, problems
from capforge_tools.cluster.up import up
from capforge_tools.commands import run
from capforge_tools.errors import CommandFailedError
from capforge_tools.images.build import build_all
from capforge_tools.images.buildah import BuildahEngine
from capforge_tools.images.deliver import to_local_nodes
from capforge_tools.images.table import Table
from capforge_tools.places import REPOSITORY, Places
from tests.support.eventually import eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the local cluster needs root")

FIRST_NUMBER = 3
NO_OP_SECONDS = 2.0


@dataclass(frozen=True)
class Running:
    layout: Layout
    image: str
    """Has Python."""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        program = self.layout.places.binaries / "kubectl"
        return run(program, "--kubeconfig", self.layout.kubeconfig, *arguments, stdin=stdin)

    def apply(self, *objects: dict[str, object]) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def namespace(self, name: str) -> str:
        enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": enforce}})
        return name

    def pod_spec(self, script: str, **more: object) -> dict[str, object]:
        """A pod that PodSecurity "restricted" admits."""
        container = {
            "name": "main",
            "image": self.image,
            "command": ["python3", "-c", script],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": more.pop("mounts", []),
        }
        security = {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        return {
            "securityContext": security,
            "containers": [container],
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            **more,
        }

    def run_pod(self, namespace: str, name: str, script: str, **more: object) -> str:
        """Run a pod to its end and return what it printed."""
        spec = self.pod_spec(script, **more)
        self.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
        )
        wait = "--for=jsonpath={.status.phase}=Succeeded"
        self.kubectl("wait", wait, "-n", namespace, f"pod/{name}", "--timeout=60s")
        return self.kubectl("logs", "-n", namespace, name)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Running]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    # Short: the sockets below it may have 108 characters.
    state = Path(tempfile.mkdtemp(prefix="cf-"))
    places = Places(Places.from_environment().cache, state)
    layout = Layout(places, FIRST_NUMBER + worker)
    before = world()
    try:
        up(layout)
        yield Running(layout, deliver_base_image(layout))
    finally:
        down(layout)
        shutil.rmtree(state)
    assert leftovers(layout) == []
    assert [line for line in world() - before if layout.name in line or str(state) in line] == []


def deliver_base_image(layout: Layout) -> str:
    debian.install_missing(debian.IMAGES)
    engine = BuildahEngine(layout.places)
    images = build_all(Table.load(REPOSITORY), engine, ("base",), layout.places)
    to_local_nodes(layout, engine, images)
    return images[-1].reference


def world() -> set[str]:
    """Everything that a cluster can leave on a machine, a line each."""
    commands = (
        ("ip", "-oneline", "link"),
        ("ip", "route"),
        ("ip", "netns"),
        ("iptables-save",),
        ("ps", "-eo", "args"),
        ("find", "/sys/fs/cgroup", "-type", "d"),
        ("find", "/run/containerd", "/var/lib/cni", "/var/log/containers", "/run/netns"),
        ("cat", "/proc/mounts"),
    )
    outputs = (subprocess.run(words, capture_output=True, text=True, check=False).stdout for words in commands)
    return {line for output in outputs for line in output.splitlines()}


def test_two_nodes_are_ready(cluster: Running) -> None:
    lines = cluster.kubectl("get", "nodes", "--no-headers").splitlines()
    assert [line.split()[:2] for line in lines] == [["node-1", "Ready"], ["node-2", "Ready"]]


def test_a_service_is_reached_by_name_from_pods_and_by_address_from_the_host(cluster: Running) -> None:
    namespace = cluster.namespace("services")
    labels = {"app": "echo"}
    serve = (
        "import http.server as h, os\n"
        "class E(h.BaseHTTPRequestHandler):\n"
        " def do_GET(s): s.send_response(200); s.end_headers(); s.wfile.write(os.environ['NODE'].encode())\n"
        "h.ThreadingHTTPServer(('', 8000), E).serve_forever()"
    )
    spec = cluster.pod_spec(serve, restartPolicy="Always")
    container = spec["containers"][0]  # type: ignore[index]
    container["env"] = [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]
    container["readinessProbe"] = {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1}
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}
    spec["topologySpreadConstraints"] = [{**spread, "labelSelector": {"matchLabels": labels}}]
    metadata = {"name": "echo", "namespace": namespace}
    cluster.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8000}]},
        },
    )
    cluster.kubectl("rollout", "status", "-n", namespace, "deployment/echo", "--timeout=60s")
    address = cluster.kubectl("get", "service", "echo", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}")

    seen: set[str] = set()

    def both_nodes_answer() -> bool:
        with urllib.request.urlopen(f"http://{address}/", timeout=5) as response:
            seen.add(response.read().decode())
        return seen == {"node-1", "node-2"}

    eventually(both_nodes_answer)
    # Twenty requests from a pod of either node: also those that the Service sends back to the asking pod's own node.
    ask = (
        "import urllib.request as u\n"
        "print(*sorted({u.urlopen('http://echo.services.svc.cluster.local/', timeout=5).read().decode() "
        "for _ in range(20)}))"
    )
    for node in ("node-1", "node-2"):
        assert cluster.run_pod(namespace, f"ask-from-{node}", ask, nodeName=node) == "node-1 node-2\n"


def test_a_name_outside_the_cluster_is_refused_at_once(cluster: Running) -> None:
    namespace = cluster.namespace("outside")
    look = (
        "import socket, time; start = time.monotonic()\n"
        "try: socket.getaddrinfo('example.invalid', 80)\n"
        "except OSError: print(time.monotonic() - start < 5)"
    )
    assert cluster.run_pod(namespace, "look", look) == "True\n"


def test_a_pod_with_too_many_rights_is_refused(cluster: Running) -> None:
    namespace = cluster.namespace("rights")
    spec: dict[str, object] = {
        "containers": [{"name": "main", "image": cluster.image, "securityContext": {"runAsUser": 0}}]
    }
    metadata = {"name": "rude", "namespace": namespace}
    with pytest.raises(CommandFailedError, match="violates PodSecurity"):
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def test_a_volume_keeps_its_data_between_pods_and_is_offered_empty_after_its_claim(cluster: Running) -> None:
    namespace = cluster.namespace("volumes")
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": "data", "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim})
    mounted = {
        "mounts": [{"name": "data", "mountPath": "/data"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    }
    cluster.run_pod(namespace, "write", "open('/data/word', 'w').write('kept')", **mounted)
    assert cluster.run_pod(namespace, "read", "print(open('/data/word').read())", **mounted) == "kept\n"

    volume = cluster.kubectl("get", "pvc", "data", "-n", namespace, "-o", "jsonpath={.spec.volumeName}")
    cluster.kubectl("delete", "namespace", namespace)

    def offered_again() -> bool:
        return cluster.kubectl("get", "pv", volume, "-o", "jsonpath={.status.phase}") == "Available"

    eventually(offered_again)
    assert list((cluster.layout.volumes / volume).iterdir()) == []


def test_a_job_completes(cluster: Running) -> None:
    namespace = cluster.namespace("jobs")
    job = {"template": {"spec": cluster.pod_spec("print('done')")}, "backoffLimit": 0}
    metadata = {"name": "once", "namespace": namespace}
    cluster.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job})
    cluster.kubectl("wait", "--for=condition=Complete", "-n", namespace, "job/once", "--timeout=60s")
    assert cluster.kubectl("logs", "-n", namespace, "job/once") == "done\n"


def test_up_on_a_running_cluster_does_nothing_at_once(cluster: Running) -> None:
    before = cluster.layout.register.all()
    start = time.monotonic()
    up(cluster.layout)
    assert time.monotonic() - start < NO_OP_SECONDS
    assert cluster.layout.register.all() == before


@pytest.mark.parametrize("name", ["etcd", "kube-apiserver", "volumes", "node-1-containerd", "node-2-kubelet"])
def test_up_repairs_a_killed_process_and_leaves_pods_running(cluster: Running, name: str) -> None:
    record = cluster.layout.register.find(name)
    assert record is not None
    pods = "jsonpath={.items[*].metadata.uid}"
    before = cluster.kubectl("get", "pods", "-n", "kube-system", "-o", pods)
    os.kill(record.pid, signal.SIGKILL)
    eventually(lambda: not record.is_alive())
    assert problems(cluster.layout)
    up(cluster.layout)
    assert problems(cluster.layout) == []
    assert cluster.kubectl("get", "pods", "-n", "kube-system", "-o", pods) == before

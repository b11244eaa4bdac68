"""The local cluster, for real: a second one is brought up beside the one that people use, and taken down again."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request

import pytest

from capforge_tools.cluster import cgroups, network
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.losing import lose, node_named
from capforge_tools.cluster.survey import mounts, node_processes, problems, unmount
from capforge_tools.cluster.up import up
from capforge_tools.errors import CommandFailedError, ToolError
from tests.support.eventually import PATIENCE, eventually
from tests.support.localcluster import Running, kill_everything

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the local cluster needs root")

NO_OP_SECONDS = 2.0 * PATIENCE


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


def test_after_a_reboot_the_same_cluster_comes_back(cluster: Running) -> None:
    namespace = cluster.namespace("survivor")
    pod = {
        "metadata": {"name": "long", "namespace": namespace},
        "spec": cluster.pod_spec("import time; time.sleep(3600)", restartPolicy="Always"),
    }
    cluster.apply({"apiVersion": "v1", "kind": "Pod", **pod})
    cluster.kubectl("wait", "--for=condition=Ready", "-n", namespace, "pod/long", "--timeout=60s")
    lose_all_that_a_reboot_loses(cluster.layout)
    assert problems(cluster.layout)
    up(cluster.layout)
    assert cluster.kubectl("get", "namespace", namespace, "-o", "name") == f"namespace/{namespace}\n"

    def runs_again() -> bool:
        path = "jsonpath={.status.containerStatuses[0].restartCount}"
        return int(cluster.kubectl("get", "pod", "long", "-n", namespace, "-o", path) or 0) > 0

    eventually(runs_again, 60)


def lose_all_that_a_reboot_loses(layout: Layout) -> None:
    kill_everything(layout)
    unmount(mounts(layout))
    network.remove(layout)
    cgroups.remove(layout)
    (layout.folder / "boot-id").write_text("an earlier boot")
    for path in layout.register.folder.iterdir():
        path.write_text(json.dumps(json.loads(path.read_text()) | {"boot_id": "an earlier boot"}))


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


def test_a_lost_node_is_noticed_and_comes_back_with_its_pods(cluster: Running) -> None:
    namespace, node = cluster.namespace("lost"), node_named(cluster.layout, "node-2")
    pod = {
        "metadata": {"name": "long", "namespace": namespace},
        "spec": cluster.pod_spec("import time; time.sleep(3600)", restartPolicy="Always", nodeName=node.name),
    }
    cluster.apply({"apiVersion": "v1", "kind": "Pod", **pod})
    cluster.kubectl("wait", "--for=condition=Ready", "-n", namespace, "pod/long", "--timeout=60s")
    lose(cluster.layout, node)
    assert node_processes(cluster.layout, node) == set()
    cluster.kubectl("wait", "--for=condition=Ready=unknown", f"node/{node.name}", "--timeout=60s")
    cluster.kubectl("wait", "--for=condition=Ready=false", "-n", namespace, "pod/long", "--timeout=60s")
    up(cluster.layout)
    cluster.kubectl("wait", "--for=condition=Ready", "-n", namespace, "pod/long", "--timeout=60s")
    assert problems(cluster.layout) == []


def test_a_node_that_is_not_there_is_named_with_those_that_are(cluster: Running) -> None:
    with pytest.raises(ToolError, match=r"'node-9'.*node-1, node-2"):
        node_named(cluster.layout, "node-9")

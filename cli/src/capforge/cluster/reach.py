"""A Service of the cluster from outside of it: directly where it answers, else through the API server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from kubernetes import client
from kubernetes.stream import portforward

from capforge.cluster.connection import Cluster, explained
from capforge.errors import CliError

_CONNECT_SECONDS = 1.5
_PIECE_BYTES = 256 * 1024
_PORTS = {"http": 80, "https": 443}
_SERVICE_PARTS = 2


@contextmanager
def reachable(url: str, cluster: Cluster | None) -> Iterator[str]:
    """Yield an address for `url` that works from here while the block runs.

    Tried in this order: the address itself; the Service's cluster IP (works on a node and on local clusters); a port
    forwarded through the API server. Raises CliError where nothing works.
    """
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 80)
    service = _service(parts.hostname or "")
    if _connects(parts.hostname or "", port) or service is None or cluster is None:
        yield url
        return
    if parts.scheme != "http":
        hint = "Set AWS_ENDPOINT_URL or CAPFORGE_GATEWAY_URL to its address outside of the cluster."
        raise CliError(f"{url} answers only inside the cluster, and its certificate holds only there", hint)
    name, namespace = service
    with explained(f"find Service {namespace}/{name}"):
        found = cluster.core.read_namespaced_service(name, namespace)
    if _connects(found.spec.cluster_ip or "", port):
        yield f"http://{found.spec.cluster_ip}:{port}{parts.path}"
        return
    with _forwarded(cluster, namespace, found, port) as local:
        yield f"http://127.0.0.1:{local}{parts.path}"


def _service(host: str) -> tuple[str, str] | None:
    """Return (name, namespace) of a Service's DNS name `<name>.<namespace>.svc[.…]`."""
    parts = host.split(".")
    return (parts[0], parts[1]) if len(parts) > _SERVICE_PARTS and parts[2] == "svc" else None


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), _CONNECT_SECONDS).close()
    except (OSError, UnicodeError):
        return False
    return True


@contextmanager
def _forwarded(cluster: Cluster, namespace: str, service: Any, port: int) -> Iterator[int]:
    """Listen on a free local port and hand each connection to a ready pod of the Service."""
    target = next((one for one in service.spec.ports if one.port == port), None)
    pod = _ready_pod(cluster, namespace, service)
    if target is None or pod is None:
        name = f"{namespace}/{service.metadata.name}"
        raise CliError(f"Service {name} has no ready pod for port {port}", f"Look at: kubectl get pods -n {namespace}")
    pod_port = _number(target.target_port, pod)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(
            target=_serve, args=(listener, cluster, namespace, pod.metadata.name, pod_port), daemon=True
        )
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who waits for a connection


def _ready_pod(cluster: Cluster, namespace: str, service: Any) -> Any | None:
    selector = ",".join(f"{key}={value}" for key, value in (service.spec.selector or {}).items())
    with explained(f"list the pods of Service {namespace}/{service.metadata.name}"):
        pods = cluster.core.list_namespaced_pod(namespace, label_selector=selector).items
    return next((pod for pod in pods if _is_ready(pod)), None)


def _is_ready(pod: Any) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or [])


def _number(target: Any, pod: Any) -> int:
    """Return a target port's number; it may be named in the pod."""
    if isinstance(target, int):
        return target
    ports = [one for container in pod.spec.containers for one in container.ports or []]
    return next((int(one.container_port) for one in ports if one.name == target), 0)


def _serve(listener: socket.socket, cluster: Cluster, namespace: str, pod: str, port: int) -> None:
    while True:
        try:
            local, _ = listener.accept()
        except OSError:  # the listener was shut down: the block has ended
            return
        # portforward bends its ApiClient while it connects: it gets one of its own.
        core = client.CoreV1Api(client.ApiClient(cluster.api.configuration))
        try:
            forward = portforward(core.connect_get_namespaced_pod_portforward, pod, namespace, ports=str(port))
        except client.ApiException:  # the pod went away: its caller is hung up on, as the pod would do it
            local.close()
            continue
        remote = forward.socket(port)
        remote.setblocking(True)
        for source, sink in ((local, remote), (remote, local)):
            threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: Any, sink: Any) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE_BYTES):
            sink.sendall(piece)
    for end in (sink, source):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)

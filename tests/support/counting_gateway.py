"""A gateway as operator and snapshot Jobs see it: counts of annotated documents, and the stream of their annotations.

It listens at a loopback address of its own on the product's internal port, and has a pod that says so.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from capforge_contracts.names import GATEWAY_INTERNAL_PORT
from capforge_contracts.submissions import AnnotationCount, AnnotationCounts, Submission
from tests.support.kubeclient import KubeClient

_COUNTS, _STREAM = "/internal/annotations", "/internal/submissions/"
_POD = "capforge-gateway-twin"


@dataclass
class CountingGateway:
    """Current annotations by namespace and capability."""

    ip: str
    submissions: dict[tuple[str, str], list[Submission]] = field(default_factory=dict)
    asked: int = 0
    """How often the counts were asked for."""
    status: int = 200
    """What it answers with."""

    @property
    def url(self) -> str:
        return f"http://{self.ip}:{GATEWAY_INTERNAL_PORT}"

    def counts(self) -> bytes:
        self.asked += 1
        found = [
            AnnotationCount(namespace=namespace, capability=name, documents=len(ones), sequence=ones[-1].sequence)
            for (namespace, name), ones in self.submissions.items()
            if ones
        ]
        return AnnotationCounts(counts=found).to_json()

    def stream(self, path: str) -> bytes:
        place, _, query = path.removeprefix(_STREAM).partition("?asOf=")
        namespace, _, name = place.partition("/")
        ones = [one for one in self.submissions.get((namespace, name), []) if one.sequence <= int(query)]
        return b"".join([*(one.to_json() + b"\n" for one in ones), b'{"end": true, "count": %d}\n' % len(ones)])

    @contextmanager
    def pod(self, kube: KubeClient, namespace: str) -> Iterator[None]:
        """Have a pod of this address in the release namespace."""
        labels = {"app.kubernetes.io/part-of": "capforge", "app.kubernetes.io/component": "gateway"}
        spec = {"containers": [{"name": "gateway", "image": "gateway:1"}]}
        head = {"name": _POD, "namespace": namespace, "labels": labels}
        kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": head, "spec": spec})
        kube.patch("Pod", namespace, _POD, {"status": {"phase": "Running", "podIP": self.ip}}, "status")
        try:
            yield
        finally:
            kube.delete("Pod", namespace, _POD)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: the operator was killed."""


@contextmanager
def counting_gateway() -> Iterator[CountingGateway]:
    """Serve until the block ends."""
    ip = ".".join(["127", *(str(random.randint(2, 250)) for _ in range(3))])  # noqa: S311 - any free address will do
    gateway = CountingGateway(ip)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(gateway.counts() if self.path == _COUNTS else gateway.stream(self.path))

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._send(b"{}")

        def _send(self, body: bytes) -> None:
            self.send_response(gateway.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server((ip, GATEWAY_INTERNAL_PORT), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()

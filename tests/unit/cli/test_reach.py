from __future__ import annotations

import socket
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes import client

from capforge.cluster import reach
from capforge.cluster.connection import Cluster
from capforge.cluster.reach import _forwarded, _service, reachable
from tests.support.eventually import PATIENCE, eventually


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("capforge-gateway.capforge-system.svc", ("capforge-gateway", "capforge-system")),
        ("store.team.svc.cluster.local", ("store", "team")),
        ("s3.eu-central-1.amazonaws.com", None),
        ("svc.example.com", None),
        ("localhost", None),
    ],
)
def test_names_of_services_are_told_from_others(host: str, service: tuple[str, str] | None):
    assert _service(host) == service


def test_an_address_that_answers_is_used_as_it_is():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        with reachable(url, None) as address:
            assert address == url


def test_an_address_outside_of_a_cluster_is_left_to_the_caller():
    with reachable("http://store.invalid:9000", None) as address:
        assert address == "http://store.invalid:9000"


READY = SimpleNamespace(
    metadata=SimpleNamespace(name="gateway-x"),
    status=SimpleNamespace(conditions=[SimpleNamespace(type="Ready", status="True")]),
)
SERVICE = SimpleNamespace(
    metadata=SimpleNamespace(name="gateway"),
    spec=SimpleNamespace(ports=[SimpleNamespace(port=80, target_port=8080)], selector={"app": "gateway"}),
)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    # The module of the real one takes seconds to load, once a connection asks for it.
    forwarding = SimpleNamespace(connect_get_namespaced_pod_portforward=None)
    monkeypatch.setattr(client, "CoreV1Api", lambda _api: forwarding)
    core = SimpleNamespace(list_namespaced_pod=lambda *_, **__: SimpleNamespace(items=[READY]))
    return cast("Cluster", SimpleNamespace(core=core, api=SimpleNamespace(configuration=client.Configuration())))


def refused(*_: Any, **__: Any) -> None:
    raise client.ApiException(status=0, reason="Handshake status 404 Not Found")


def test_a_connection_to_a_pod_that_is_gone_is_hung_up_on_and_the_next_one_is_tried(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    with _forwarded(cluster, "team", SERVICE, 80) as port:
        monkeypatch.setattr(reach, "portforward", refused)
        with socket.create_connection(("127.0.0.1", port), 10 * PATIENCE) as caller:
            assert caller.recv(1) == b""
        near, far = socket.socketpair()
        monkeypatch.setattr(reach, "portforward", lambda *_, **__: SimpleNamespace(socket=lambda _port: near))
        with far, socket.create_connection(("127.0.0.1", port), 10 * PATIENCE) as caller:
            far.sendall(b"word")
            assert caller.recv(4) == b"word"


def test_nobody_listens_and_no_thread_waits_when_the_block_has_ended(cluster: Cluster):
    before = threading.active_count()
    with _forwarded(cluster, "team", SERVICE, 80) as port:
        assert threading.active_count() == before + 1
    eventually(lambda: threading.active_count() == before)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))

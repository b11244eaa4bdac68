from __future__ import annotations

import socket

import pytest

from capforge.cluster.reach import _service, reachable


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

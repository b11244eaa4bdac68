"""Routing tables: from the operator, from the mounted file, newer over older, swapped under load."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from capforge_contracts.serving import RoutingTable
from tests.integration.gateway.conftest import FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import GatewayProcess, capability, opened, version
from tests.support.eventually import eventually
from tests.support.triton import Triton

GENERATION = "capforge_gateway_routes_generation"


def table(generation: int, *numbers: str, server: Triton) -> RoutingTable:
    versions = [version(number, FIXED, [server.address]) for number in numbers]
    return RoutingTable(generation=generation, capabilities=[capability(versions, numbers[-1])])


def answering(gateway: GatewayProcess) -> str:
    answer = gateway.predict(white())
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["document"]["inference"]["product"]["version"]
    return found


def write(gateway: GatewayProcess, content: bytes) -> None:
    """Replace the file as the kubelet does: a new file, renamed over the old one."""
    partial = gateway.folder / "routes.partial"
    partial.write_bytes(content)
    partial.rename(gateway.folder / "routes.json")


def test_the_gateway_is_ready_once_it_has_a_table(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway()
    waiting = gateway.http.get(f"{gateway.url}/readyz")
    assert (waiting.status_code, waiting.text) == (503, "no routing table yet\n")
    write(gateway, table(1, "1.1", server=models).to_json())
    eventually(lambda: gateway.http.get(f"{gateway.url}/readyz").status_code == 200)
    assert gateway.http.get(f"{gateway.internal_url}/readyz").status_code == 200


def test_the_newest_generation_wins_wherever_it_comes_from(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway()
    gateway.key = gateway.create_key()
    write(gateway, table(5, "1.1", server=models).to_json())
    eventually(lambda: gateway.accepts(gateway.key) and gateway.metric(GENERATION) == 5)
    assert answering(gateway) == "1.1"
    older = gateway.put_routes(table(4, "1.1", "1.2", server=models).to_json())
    assert (older.status_code, older.json()) == (200, {"generation": 5, "accepted": False})
    same = gateway.put_routes(table(5, "1.1", "1.2", server=models).to_json())
    assert same.json() == {"generation": 5, "accepted": False}
    assert answering(gateway) == "1.1"
    newer = gateway.put_routes(table(6, "1.1", "1.2", server=models).to_json())
    assert newer.json() == {"generation": 6, "accepted": True}
    assert answering(gateway) == "1.2"
    write(gateway, table(7, "1.1", "1.2", "1.3", server=models).to_json())
    eventually(lambda: answering(gateway) == "1.3")
    assert gateway.metric(GENERATION) == 7


def test_a_broken_file_changes_nothing_and_is_logged_once(start_gateway: StartGateway, models: Triton) -> None:
    gateway = opened(start_gateway(), capability([version("1.1", FIXED, [models.address])], "1.1"))
    write(gateway, b'{"generation": "many"}')
    eventually(lambda: gateway.lines("routes file cannot be read"))
    assert answering(gateway) == "1.1"
    write(gateway, table(9, "1.1", "1.2", server=models).to_json())
    eventually(lambda: answering(gateway) == "1.2")
    assert len(gateway.lines("routes file cannot be read")) == 1


@pytest.mark.parametrize("token", ["", "wrong", "internal-token-of-this-tes"])
def test_only_the_operator_may_set_routes(gateway: GatewayProcess, token: str) -> None:
    answer = gateway.put_routes(RoutingTable(generation=10**6).to_json(), token)
    assert answer.status_code == 401
    without = gateway.http.put(f"{gateway.internal_url}/internal/routes", content=b"{}")
    assert without.status_code == 401
    assert gateway.http.get(f"{gateway.internal_url}/internal/routes").status_code == 401


def test_a_replaced_internal_token_counts_at_once(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    (gateway.folder / "token").write_text("another")
    assert gateway.put_routes(RoutingTable(generation=1).to_json()).status_code == 401
    assert gateway.put_routes(RoutingTable(generation=1).to_json(), "another").status_code == 200
    (gateway.folder / "token").write_text("")
    assert gateway.put_routes(RoutingTable(generation=2).to_json(), "").status_code == 401


def test_a_wrong_table_is_refused_and_names_the_fields(gateway: GatewayProcess) -> None:
    answer = gateway.put_routes(b'{"generation": 99, "capabilities": [{"namespace": "a", "name": "b"}]}')
    assert answer.status_code == 400
    assert "capabilities.0.type" in answer.json()["error"]
    assert gateway.put_routes(b"nonsense").status_code == 400
    headers = {"Authorization": "Bearer internal-token-of-this-test"}
    told = gateway.http.get(f"{gateway.internal_url}/internal/routes", headers=headers)
    assert told.json() == {"generation": gateway.generation}


def test_no_request_fails_while_tables_are_swapped(start_gateway: StartGateway, models: Triton) -> None:
    gateway = opened(start_gateway(), capability([version("1.1", FIXED, [models.address])], "1.1"))
    done = threading.Event()

    def ask(_: int) -> set[int]:
        statuses = set()
        while not done.is_set():
            statuses.add(gateway.predict(white()).status_code)
        return statuses

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, index) for index in range(4)]
        for minor in range(2, 60):
            numbers = [f"1.{minor - 1}", f"1.{minor}"]
            gateway.route(capability([version(number, FIXED, [models.address]) for number in numbers], numbers[-1]))
        done.set()
        assert {status for one in asking for status in one.result()} == {200}
    assert answering(gateway) == "1.59"


def test_a_pod_that_is_removed_gets_no_more_requests(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway()
    gone = "127.0.0.1:1"
    opened(gateway, capability([version("1.1", FIXED, [gone, models.address])], "1.1"))
    assert answering(gateway) == "1.1"
    gateway.route(capability([version("1.1", FIXED, [models.address])], "1.1"))
    for _ in range(10):
        answering(gateway)
    last = gateway.http.get(f"{gateway.url}/openapi.json").headers["x-request-id"]
    eventually(lambda: [line for line in gateway.lines("request") if line["request"] == last])
    lines = [json.loads(line) for line in gateway.log.read_bytes().splitlines() if line.startswith(b"{")]
    swapped = max(place for place, line in enumerate(lines) if line["event"] == "routes taken")
    assert "model server failed" not in {line["event"] for line in lines[swapped:]}


def test_what_is_removed_is_not_found_and_the_namespace_stays_open_as_long_as_it_is_prepared(
    start_gateway: StartGateway, models: Triton
) -> None:
    routed = [version("1.1", FIXED, [models.address])]
    gateway = opened(start_gateway(), capability(routed, "1.1"), capability(routed, "1.1", name="other"))
    gateway.route(capability(routed, "1.1", name="other"))
    assert gateway.predict(white()).status_code == 404
    gateway.route()
    assert gateway.predict(white()).status_code == 404
    shutil.rmtree(gateway.folder / "keys" / "acme")
    eventually(lambda: gateway.predict(white()).status_code == 401)


def test_metrics_count_by_product_and_never_by_what_strangers_send(start_gateway: StartGateway, models: Triton) -> None:
    gateway = opened(start_gateway(), capability([version("1.1", FIXED, [models.address])], "1.1"))
    for _ in range(3):
        assert answering(gateway) == "1.1"
    gateway.predict(white(), "v7")
    gateway.http.post(gateway.predict_url(name="made-up", namespace="made-up"))
    product = 'capability="cells",{code}namespace="acme",version="1.1"'
    counted = gateway.metric("capforge_predict_requests_total{" + product.format(code='code="2xx",') + "}")
    assert counted == 3
    assert gateway.metric("capforge_predict_upstream_seconds_count{" + product.format(code="") + "}") == 3
    assert gateway.metric("capforge_predict_entities_total{" + product.format(code="") + "}") == 6
    exposed = gateway.http.get(f"{gateway.internal_url}/metrics")
    assert exposed.status_code == httpx.codes.OK
    assert "made-up" not in exposed.text
    assert gateway.key not in exposed.text

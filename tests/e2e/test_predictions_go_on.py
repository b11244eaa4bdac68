"""Four clients send pictures without a pause while versions, pods and nodes come and go; none of them gets an error.

The pool has two pods on two nodes. The tests share one stream of requests and run in this order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from capforge_contracts.names import ROUTES_CONFIG_MAP, ROUTES_FILE
from capforge_contracts.serving import RoutingTable
from tests.e2e.product import NAME, SECONDS, Product
from tests.support.e2e import System
from tests.support.eventually import eventually
from tests.support.nodes import drained, lost
from tests.support.traffic.driver import Traffic, traffic
from tests.support.traffic.report import Report
from tests.support.workloads import Pod, Workloads, local_layout

SERVING, GATEWAY, OPERATOR = "capforge-serving-cpu", "capforge-gateway", "capforge-operator"
# Pods leave a lost node after ten seconds here, so that the story stays short.
POOL_OF_TWO = ("serving.replicas=2", "nodeLossSeconds=10")
LOST, SURVIVING = "node-2", "node-1"


@pytest.fixture(scope="module")
def pool(product: Product, workloads: Workloads) -> Iterator[Product]:
    system = workloads.system
    local_layout(system)
    system.install(*POOL_OF_TWO)
    on_two_nodes(workloads)
    eventually(product.answer, SECONDS, 0.5)
    yield product
    system.install()


@pytest.fixture(scope="module")
def requests(pool: Product, workloads: Workloads) -> Iterator[Traffic]:
    """Requests to the gateway's Service, as clients in the cluster and on its nodes send them."""
    service = f"http://{workloads.kubectl('get', 'service', GATEWAY, '--output=jsonpath={.spec.clusterIP}')}"
    with sending(pool, service) as driver:
        yield driver


def test_a_new_version_rolls_in(requests: Traffic, pool: Product) -> None:
    before = pool.version()
    with requests.around("a new version rolls in") as report:
        after = pool.train("rolls-in", seed=1)
        requests.until_only(f"v{after}")
    report.assert_no_errors()
    report.assert_only_versions({f"v{before}", f"v{after}"})
    report.assert_versions_only_rise()


def test_one_of_two_serving_pods_is_killed(requests: Traffic, workloads: Workloads) -> None:
    with requests.around("one of two serving pods is killed") as report:
        workloads.delete_now(workloads.ready("serving")[0])
        workloads.until_ready("serving", 2)
    report.assert_no_errors()


@pytest.mark.parametrize("container", ["triton", "agent"])
def test_a_serving_pods_container_is_killed(requests: Traffic, workloads: Workloads, container: str) -> None:
    pod = workloads.ready("serving")[0]
    before = workloads.restarts(pod, container)
    with requests.around(f"the container {container} is killed") as report:
        assert workloads.kill(pod, container)
        eventually(lambda: workloads.restarts(pod, container) > before, SECONDS, 0.5)
        workloads.until_ready("serving", 2)
    report.assert_no_errors()


def test_the_operator_is_away_meanwhile(requests: Traffic, workloads: Workloads, pool: Product) -> None:
    with requests.around("the operator is away while pods are killed") as report:
        workloads.scale(OPERATOR, 0)
        eventually(lambda: workloads.pods("operator") == [], SECONDS, 0.5)
        workloads.delete_now(workloads.ready("serving")[0])
        new = workloads.until_ready("serving", 2)
        workloads.kubectl("rollout", "restart", f"deployment/{GATEWAY}")
        workloads.rolled_out(GATEWAY)
        workloads.scale(OPERATOR, 1)
        workloads.until_ready("operator", 1)
    report.assert_no_errors()
    # Back again, it sends requests to the pod that came while it was away: with the other one gone they go on.
    eventually(lambda: routed(workloads, pool) == {one.address for one in new}, SECONDS, 0.5)
    with requests.around("the pod that came meanwhile is the only one left") as report:
        oldest = min(new, key=lambda one: str(one.document["metadata"]["creationTimestamp"]))
        workloads.delete_now(oldest)
        workloads.until_ready("serving", 2)
    report.assert_no_errors()
    assert pool.version()


def test_the_pool_is_scaled(requests: Traffic, workloads: Workloads) -> None:
    for count in (3, 1, 2):
        with requests.around(f"the pool is scaled to {count}") as report:
            workloads.scale(SERVING, count)
            workloads.until_ready("serving", count)
        report.assert_no_errors()


def test_a_node_is_drained(requests: Traffic, workloads: Workloads) -> None:
    with requests.around("a node is drained") as report:
        with drained(workloads.system, LOST):
            assert {one.node for name in ("gateway", "serving", "operator") for one in workloads.ready(name)} == {
                SURVIVING
            }
        workloads.until_ready("object-store", 1)
        workloads.until_ready("serving", 2)
    report.assert_no_errors()


def test_an_upgrade_changes_values_and_spreads_the_pods_again(
    requests: Traffic, workloads: Workloads, system: System
) -> None:
    with requests.around("helm upgrade replaces every pod") as report:
        system.install(*POOL_OF_TWO, "gateway.podLabels.turn=second", "serving.podLabels.turn=second")
        on_two_nodes(workloads)
        workloads.until_ready("gateway", 2)
    report.assert_no_errors()
    assert {one.document["metadata"]["labels"]["turn"] for one in workloads.pods("gateway")} == {"second"}


def test_a_node_is_lost_without_a_warning(requests: Traffic, workloads: Workloads, pool: Product) -> None:
    gateway = on_node(workloads.ready("gateway"), SURVIVING)
    # What keeps away from dead gateways by itself (an Ingress, a load balancer, a client that tries the next address).
    with sending(pool, f"http://{gateway.address}:8080") as surviving:
        through_service = requests.around("a node is lost, seen through the Service")
        with surviving.around("a node is lost, seen through the other node's gateway") as report:
            with lost(workloads.system, LOST):
                # A new serving pod waits for the object store where that was lost too; the one that is left goes on.
                eventually(lambda: len(on(workloads.ready("gateway"), SURVIVING)) == 2, SECONDS, 1.0)
                eventually(lambda: len(on(workloads.pods("serving"), SURVIVING)) == 2, SECONDS, 1.0)
                eventually(lambda: on(workloads.ready("operator"), SURVIVING), SECONDS, 1.0)
            workloads.until_ready("serving", 2)
            workloads.until_ready("gateway", 2)
            workloads.until_ready("object-store", 1)
        report.assert_no_errors()
    print(through_service, until_when(through_service), sep="\n")  # noqa: T201 - a figure for docs/testing.md
    with requests.around("the node is back") as report:
        requests.wait_for_requests(100)
    report.assert_no_errors()


def routed(workloads: Workloads, product: Product) -> set[str]:
    """Return the addresses of the pods that the operator sends the product's newest requests to."""
    found = workloads.clients.get("configmap", ROUTES_CONFIG_MAP, workloads.namespace)
    assert found
    table = RoutingTable.model_validate_json(found["data"][ROUTES_FILE])
    (mine,) = (one for one in table.capabilities if (one.namespace, one.name) == (product.tenant.namespace, NAME))
    endpoints = (end for one in mine.versions if one.version == mine.current for end in one.endpoints)
    return {one.address.partition(":")[0] for one in endpoints if not one.doubtful}


def sending(product: Product, address: str) -> AbstractContextManager[Traffic]:
    """Send the product's picture there."""
    return traffic(
        [address], product.tenant.namespace, NAME, product.tenant.key, image=product.image, pause_seconds=0.1
    )


def until_when(report: Report) -> str:
    """Say for how long a client that only knows the Service met the dead gateway."""
    last = max((one.ended for one in report.errors), default=report.window.begin)
    return f"  errors until {last - report.window.begin:.1f} s after the loss, {len(report.errors)} of {len(report.during)}"


def on(pods: list[Pod], node: str) -> list[Pod]:
    """Return those on a node."""
    return [one for one in pods if one.node == node]


def on_node(pods: list[Pod], node: str) -> Pod:
    """Return the one on a node."""
    found = on(pods, node)
    assert found, f"no pod on {node}"
    return found[0]


def on_two_nodes(workloads: Workloads) -> None:
    """Wait until the pool's two pods are ready; the scheduler has spread them."""
    nodes = {one.node for one in workloads.until_ready("serving", 2)}
    assert nodes == {LOST, SURVIVING}, f"both pods are on {nodes}"

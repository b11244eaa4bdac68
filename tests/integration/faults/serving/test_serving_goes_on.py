"""Not one prediction fails while parts of the serving side come and go."""

from __future__ import annotations

import json
import signal

from tests.integration.faults.serving.pods import PodProcesses
from tests.integration.faults.serving.site import Site
from tests.integration.faults.serving.story import Served
from tests.support.eventually import PATIENCE, eventually

HANGS_SECONDS = 5.0 * PATIENCE
"""A request that meets a server that hangs is answered by another within this time."""


def proofs(pod: PodProcesses) -> int:
    return pod.serving.steps("Prove")


def test_a_new_version_rolls_in(site: Site, served: Served) -> None:
    with site.traffic(served) as driver:
        with driver.around("v1.2 rolls in") as report:
            served.publish()
            served.until_answers("1.2", replicas=2)
            driver.until_only("v1.2")
        report.assert_no_errors()
        report.assert_only_versions({"v1.1", "v1.2"})
        report.assert_versions_only_rise()


def test_old_versions_are_unloaded_while_new_ones_come(site: Site, served: Served) -> None:
    with site.traffic(served) as driver:
        with driver.around("v1.2 and v1.3 roll in, v1.1 goes") as report:
            for version in ("1.2", "1.3"):
                served.publish()
                served.until_answers(version, replicas=2)
            served.until(lambda: [one["version"] for one in served.status()["traffic"]] == ["1.3", "1.2"])
            driver.until_only("v1.3")
        report.assert_no_errors()
        report.assert_versions_only_rise()


def test_a_triton_is_killed(site: Site, served: Served) -> None:
    victim = site.pods[0]
    before = proofs(victim)
    with site.traffic(served) as driver, driver.around("Triton killed") as report:
        victim.serving.triton.crash()
        eventually(lambda: proofs(victim) > before, 30)
        served.until_answers("1.1", replicas=2)
        driver.wait_for_requests()
    report.assert_no_errors()
    report.assert_only_versions({"v1.1"})


def test_an_agent_is_killed(site: Site, served: Served) -> None:
    victim = site.pods[0]
    before = proofs(victim)
    with site.traffic(served) as driver, driver.around("agent killed") as report:
        victim.serving.crash_agent()
        eventually(lambda: not victim.serving.agent_ended and victim.is_ready(), 30)
        served.until_answers("1.1", replicas=2)
        driver.wait_for_requests()
    report.assert_no_errors()
    assert proofs(victim) == before, "what Triton still has need not be proven again"


def test_the_only_agent_is_killed(site: Site, served: Served) -> None:
    site.remove_pod(site.pods[1])
    (only,) = site.pods
    served.until_answers("1.1", replicas=1)
    with site.traffic(served) as driver, driver.around("the only agent killed") as report:
        only.restarts = False
        only.serving.crash_agent()
        served.until_condition("Ready", "False", "ServingUnavailable")  # nobody vouches for it, and it is asked
        driver.wait_for_requests()
        only.restarts = True
        served.until_answers("1.1", replicas=1)
    report.assert_no_errors()


def test_a_triton_hangs(site: Site, served: Served) -> None:
    victim = site.pods[0]
    with site.traffic(served) as driver, driver.around("Triton hangs") as report:
        victim.serving.triton.send_signal(signal.SIGSTOP)
        served.until_answers("1.1", replicas=1)
        driver.wait_for_requests(100)
        victim.serving.triton.send_signal(signal.SIGCONT)
        served.until_answers("1.1", replicas=2)
    report.assert_no_errors()
    report.assert_all_within(HANGS_SECONDS)


def test_the_pool_shrinks_and_grows(site: Site, served: Served) -> None:
    with site.traffic(served) as driver:
        with driver.around("2 → 1 pods") as report:
            site.remove_pod(site.pods[0])
            served.until_answers("1.1", replicas=1)
            driver.wait_for_requests()
        report.assert_no_errors()
        with driver.around("1 → 2 → 3 pods") as report:
            site.add_pod()
            served.until_answers("1.1", replicas=2)
            site.add_pod()
            served.until_answers("1.1", replicas=3)
            driver.wait_for_requests()
        report.assert_no_errors()


def test_the_gateways_roll(site: Site, served: Served) -> None:
    with site.traffic(served) as driver:
        with driver.around("both gateways replaced") as report:
            for old in site.gateways:
                site.roll_gateway(old)
            driver.wait_for_requests()
        report.assert_no_errors()
        report.assert_ended_politely()


def test_the_operator_is_away_while_a_pod_is_replaced(site: Site, served: Served) -> None:
    old = site.pods[0]
    with site.traffic(served) as driver, driver.around("operator away, a pod has another address") as report:
        site.operator.stop(signal.SIGKILL)
        old.end()
        site.node.forget(old.name)
        new = site.add_pod()
        eventually(new.is_ready, 60)  # the mounted document is enough
        driver.wait_for_requests()
        assert not site.is_routed(new)
        site.operator.launch()
        eventually(lambda: site.is_routed(new) and not site.is_routed(old), 60)
        served.until_answers("1.1", replicas=2)
    report.assert_no_errors()


def test_the_object_store_is_away(site: Site, served: Served) -> None:
    stays, restarts = site.pods[:2]
    with site.traffic(served) as driver, driver.around("object store away") as report:
        with site.s3_away():
            before = proofs(restarts)
            restarts.serving.crash_agent()
            restarts.serving.triton.crash()
            eventually(lambda: proofs(restarts) > before, 30)  # a restarted container has its files
            new = site.add_pod()  # a new pod has not
            model = eventually(lambda: [one for one in new.serving.state().models if one.reason == "PullFailed"], 30)
            assert "model.onnx" in model[0].message or "golden.npz" in model[0].message
            assert not new.is_ready()
            assert stays.is_ready()
        eventually(new.is_ready, 90)
        served.until_answers("1.1", replicas=3)
    report.assert_no_errors()


def test_the_routes_are_damaged_and_deleted(site: Site, served: Served) -> None:
    namespace = site.installation.namespace
    with site.traffic(served) as driver, driver.around("routes damaged, then deleted") as report:
        site.operator.stop(signal.SIGKILL)  # which would mend it before every gateway has read it
        site.client.patch(
            "ConfigMap", namespace, "capforge-routes", {"data": {"routes.json": '{"generation": "never"'}}
        )
        eventually(lambda: all(one.said("routes file cannot be read") for one in site.gateways), 30)
        driver.wait_for_requests()
        site.operator.launch()
        eventually(lambda: served.name in site.routes(), 40)
        site.client.delete("ConfigMap", namespace, "capforge-routes")
        site.ring()
        eventually(lambda: served.name in site.routes(), 40)
        served.publish()
        served.until_answers("1.2", replicas=2)
        driver.until_only("v1.2")
    report.assert_no_errors()
    report.assert_versions_only_rise()
    table = json.loads(site.client.get("ConfigMap", namespace, "capforge-routes")["data"]["routes.json"])  # type: ignore[index]
    assert table["generation"] > 1_000_000_000, "above what was counted before, so that gateways take it"

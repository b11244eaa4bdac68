"""What keeps predictions going while pods and nodes come and go."""

from __future__ import annotations

import pytest

from tests.unit.charts.rendering import Manifest, RenderError, named, pods, render

_MOVING = ("operator", "gateway", "serving-cpu", "candidates")
_NODE_LOSS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def _deployment(name: str, **values: object) -> Manifest:
    return named(render("capforge", values), "Deployment", f"capforge-{name}")


@pytest.mark.parametrize("name", _MOVING)
def test_what_keeps_nothing_moves_soon_from_a_lost_node(name: str) -> None:
    own = {"key": "only", "operator": "Exists"}
    values = {name.removesuffix("-cpu"): {"tolerations": [own]}, "nodeLossSeconds": 45}
    pod = _deployment(name, **values)["spec"]["template"]["spec"]
    moving = [{"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 45} for key in _NODE_LOSS]
    assert pod["tolerations"] == [*moving, own]


@pytest.mark.parametrize("name", ["object-store", "postgresql"])
def test_what_has_a_volume_waits_for_its_node(name: str) -> None:
    assert "tolerations" not in pods(render("capforge"))[f"StatefulSet/capforge-{name}"]


@pytest.mark.parametrize("name", ["gateway", "serving-cpu", "candidates"])
def test_a_roll_out_never_has_fewer_pods_and_spreads_its_own(name: str) -> None:
    spec = _deployment(name)["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["minReadySeconds"] >= 3
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    assert spread["whenUnsatisfiable"] == "ScheduleAnyway"
    assert spread["matchLabelKeys"] == ["pod-template-hash"]


def test_a_gateway_has_time_to_drain_and_to_finish_what_runs() -> None:
    pod = _deployment("gateway", gateway={"drainSeconds": 20})["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {"name": "CAPFORGE_DRAIN_SECONDS", "value": "20"} in container["env"]
    assert pod["terminationGracePeriodSeconds"] == 75


def test_an_autoscaled_gateway_has_no_replicas_of_the_chart_and_keeps_its_budget() -> None:
    values = {"gateway": {"autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 6}}}
    manifests = render("capforge", values)
    assert "replicas" not in named(manifests, "Deployment", "capforge-gateway")["spec"]
    scaler = named(manifests, "HorizontalPodAutoscaler", "capforge-gateway")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 6)
    assert named(manifests, "PodDisruptionBudget", "capforge-gateway")["spec"]["maxUnavailable"] == 1
    lone = render("capforge", {"gateway": {"autoscaling": {"enabled": True, "minReplicas": 1}}})
    assert not [one for one in lone if one["kind"] == "PodDisruptionBudget"]


def test_a_priority_class_is_given_to_the_pods_of_its_part() -> None:
    manifests = render("capforge", {"serving": {"priorityClassName": "high"}})
    given = {name for name, pod in pods(manifests).items() if pod.get("priorityClassName")}
    assert given == {"Deployment/capforge-serving-cpu"}


def test_only_a_service_that_is_reached_from_outside_has_a_policy_for_it() -> None:
    outside = {"service": {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}}
    service = named(render("capforge", {"gateway": outside}), "Service", "capforge-gateway")["spec"]
    assert service["externalTrafficPolicy"] == "Local"
    inside = named(render("capforge"), "Service", "capforge-gateway")["spec"]
    assert "externalTrafficPolicy" not in inside
    assert "trafficDistribution" not in inside
    with pytest.raises(RenderError, match="/gateway/service/externalTrafficPolicy"):
        render("capforge", {"gateway": {"service": {"externalTrafficPolicy": "local"}}})

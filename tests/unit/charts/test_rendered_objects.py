"""What both charts make is valid for Kubernetes, restricted and small enough for a laptop."""

from __future__ import annotations

from decimal import Decimal

import kubernetes_validate  # type: ignore[import-untyped] # has no types
import pytest

from tests.unit.charts.rendering import Manifest, containers, named, pods, render

_EXTERNAL = {
    "objectStore": {
        "embedded": {"enabled": False},
        "external": {"endpointUrl": "https://s3.example.com", "ca": "-----BEGIN CERTIFICATE-----"},
    },
    "postgresql": {"embedded": {"enabled": False}, "external": {"host": "db.example.com"}},
}
_EVERYTHING = {
    "image": {"registry": "registry.example.com/team", "pullSecrets": ["pull"]},
    "operator": {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "only", "operator": "Exists"}],
        "podLabels": {"a": "b"},
        "podAnnotations": {"c": "d"},
        "priorityClassName": "high",
    },
    "objectStore": {"embedded": {"nodeSelector": {"disk": "big"}, "tolerations": [{"operator": "Exists"}]}},
    "gateway": {
        "autoscaling": {"enabled": True, "minReplicas": 3},
        "priorityClassName": "high",
        "externalUrl": "https://models.example.com",
        "service": {"type": "NodePort", "nodePort": 30080, "trafficDistribution": "PreferClose"},
        "ingress": {"enabled": True, "className": "nginx", "host": "models.example.com", "tlsSecret": "tls"},
        "podLabels": {"a": "b"},
        "podAnnotations": {"c": "d"},
        "nodeSelector": {"disk": "ssd"},
    },
    "serving": {
        "replicas": 2,
        "podLabels": {"a": "b"},
        "podAnnotations": {"c": "d"},
        "nodeSelector": {"disk": "ssd"},
        "serviceAccount": {"annotations": {"role": "x"}},
    },
    "candidates": {
        "replicas": 2,
        "engine": "easyocr",
        "languages": ["en", "de"],
        "weightsClaim": "weights",
        "podLabels": {"a": "b"},
        "podAnnotations": {"c": "d"},
        "nodeSelector": {"disk": "ssd"},
    },
    "tests": {"predict": {"enabled": True, "namespace": "team", "capability": "cells", "keySecret": "key"}},
    "tenant": {"enabled": False},
}
_INSTALLATIONS = {"defaults": {}, "external store and database": _EXTERNAL, "every option": _EVERYTHING}


@pytest.fixture(params=list(_INSTALLATIONS.values()), ids=list(_INSTALLATIONS))
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return [*render("capforge", request.param), *render("capforge-tenant", namespace="team-a")]


def test_every_object_is_valid_for_kubernetes(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] != "CustomResourceDefinition":  # checked on the real API server
            kubernetes_validate.validate(manifest, "1.34", strict=True)


def test_every_pod_keeps_pod_security_restricted(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not any("hostPath" in volume for volume in pod.get("volumes", [])), name
        for container in containers(pod):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name


def test_every_container_asks_for_resources_and_has_a_memory_limit(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests).items():
        for container in containers(pod):
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
            assert "memory" in container["resources"]["limits"], name


def test_every_long_running_container_is_probed(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests).items():
        for container in pod["containers"] if not name.startswith(("Pod/", "Job/", "CronJob/")) else []:
            assert {"livenessProbe", "readinessProbe", "startupProbe"} <= set(container), f"{name} {container['name']}"


def test_only_operator_and_gateway_hold_an_api_token(manifests: list[Manifest]) -> None:
    holding = {name for name, pod in pods(manifests).items() if pod.get("automountServiceAccountToken", True)}
    assert holding == {"Deployment/capforge-operator", "Deployment/capforge-gateway"}


def test_every_object_says_what_it_is_part_of(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] != "CustomResourceDefinition":
            assert manifest["metadata"]["labels"]["app.kubernetes.io/part-of"] == "capforge"


def test_no_two_objects_share_a_name() -> None:
    names = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in render("capforge")]
    assert len(names) == len(set(names))


def test_the_defaults_leave_a_two_core_machine_room_to_train() -> None:
    asked = sum(
        (_cores(container["resources"]["requests"]["cpu"]) * (2 if name == "Deployment/capforge-gateway" else 1))
        for name, pod in pods(render("capforge")).items()
        if not name.startswith(("Job/", "CronJob/"))  # they have ended long before
        for container in pod["containers"]
    )
    assert asked + 1 <= Decimal("1.5")


def test_the_operator_is_one_and_the_old_one_ends_first() -> None:
    deployment = named(render("capforge"), "Deployment", "capforge-operator")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_a_disruption_budget_never_blocks_a_single_replica() -> None:
    assert not [one for one in render("capforge", {"gateway": {"replicas": 1}}) if one["kind"] == "PodDisruptionBudget"]
    several = [one for one in render("capforge", _EVERYTHING) if one["kind"] == "PodDisruptionBudget"]
    assert {one["metadata"]["name"] for one in several} == {
        "capforge-gateway",
        "capforge-serving-cpu",
        "capforge-candidates",
    }


def _cores(quantity: str) -> Decimal:
    return Decimal(quantity[:-1]) / 1000 if quantity.endswith("m") else Decimal(quantity)

"""Values: wrong ones are refused by name, right ones arrive where they act."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_agent.settings import settings_from as agent_settings
from capforge_gateway.settings import settings_from as gateway_settings
from capforge_operator.settings import Settings as OperatorSettings
from tests.unit.charts.rendering import Manifest, RenderError, chart_values, containers, named, pods, render

_WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown name": ("capforge", {"operatr": {}}, "'operatr' not allowed"),
    "unknown nested name": ("capforge", {"objectStore": {"embedded": {"enable": True}}}, "'enable' not allowed"),
    "wrong type": ("capforge", {"gateway": {"replicas": "two"}}, "/gateway/replicas"),
    "no gateway at all": ("capforge", {"gateway": {"replicas": 0}}, "/gateway/replicas"),
    "unknown log level": ("capforge", {"operator": {"logLevel": "loud"}}, "/operator/logLevel"),
    "slash at the end": ("capforge", {"gateway": {"externalUrl": "https://a.example.com/"}}, "/gateway/externalUrl"),
    "origin with a path": (
        "capforge",
        {"gateway": {"cors": {"origins": ["https://a.example.com/app"]}}},
        "/gateway/cors/origins/0",
    ),
    "unknown tenant value": ("capforge", {"tenant": {"apikeys": {}}}, "'apikeys' not allowed"),
    "external database without host": (
        "capforge",
        {"postgresql": {"embedded": {"enabled": False}}},
        "postgresql.external.host",
    ),
    "unknown source of credentials": ("capforge-tenant", {"objectStore": {"source": "Guess"}}, "/objectStore/source"),
}


@pytest.mark.parametrize(("chart", "values", "message"), _WRONG.values(), ids=_WRONG.keys())
def test_wrong_values_are_refused_by_name(chart: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(RenderError, match=message):
        render(chart, values)


def _environment(container: Manifest) -> dict[str, str]:
    """Return what the container would see; values from Secrets and fields are stood in for."""
    return {one["name"]: one.get("value", "from-elsewhere") for one in container["env"]}


def _container(manifests: list[Manifest], pod: str, name: str) -> Manifest:
    return next(one for one in containers(pods(manifests)[pod]) if one["name"] == name)


def test_the_operator_understands_its_environment() -> None:
    values = {
        "trainer": {"resources": {"cpu": "3", "memory": "5Gi"}, "shmSize": "2Gi"},
        "image": {"pullSecrets": ["one", "two"], "registry": "registry.example.com", "tag": "v9"},
        "gateway": {"externalUrl": "https://models.example.com"},
        "jobs": {"ttlSeconds": 3600},
    }
    environment = _environment(_container(render("capforge", values), "Deployment/capforge-operator", "operator"))
    settings = OperatorSettings.from_environment(environment)
    assert (settings.trainer_cpu, settings.trainer_memory, settings.trainer_shm_size) == ("3", "5Gi", "2Gi")
    assert settings.image_pull_secrets == ("one", "two")
    assert settings.trainer_image == "registry.example.com/capforge/trainer:v9"
    assert settings.snapshot_image == "registry.example.com/capforge/snapshot:v9"
    assert settings.external_url == "https://models.example.com"
    assert settings.job_ttl_seconds == 3600


def test_the_gateway_understands_its_environment() -> None:
    values = {
        "gateway": {
            "maxImageBytes": 20_000_000,
            "cors": {"origins": ["https://app.example.com", "http://localhost:5173"]},
            "drainSeconds": 8,
            "imageUrls": {"mode": "Public", "hosts": ["a.example.com"], "networks": ["10.1.0.0/16"]},
        }
    }
    settings = gateway_settings(
        _environment(_container(render("capforge", values), "Deployment/capforge-gateway", "gateway"))
    )
    assert settings.max_image_bytes == 20_000_000
    assert settings.cors_origins == ("https://app.example.com", "http://localhost:5173")
    assert settings.drain_seconds == 8
    assert settings.url_input == "public"
    assert settings.url_allowed_hosts == ("a.example.com",)
    assert [str(network) for network in settings.url_allowed_networks] == ["10.1.0.0/16"]


def test_the_agent_understands_its_environment() -> None:
    values = {"serving": {"modelsBytes": 1_000_000_000, "intraOpThreads": 4}}
    settings = agent_settings(
        _environment(_container(render("capforge", values), "Deployment/capforge-serving-cpu", "agent"))
    )
    assert (settings.repository_limit_bytes, settings.intra_op_threads) == (1_000_000_000, 4)


def test_one_image_can_be_pinned_by_digest() -> None:
    pinned = "registry.example.com/nvidia/tritonserver@sha256:" + "0" * 64
    manifests = render("capforge", {"images": {"triton": pinned}})
    assert _container(manifests, "Deployment/capforge-serving-cpu", "triton")["image"] == pinned


def test_every_credential_can_be_a_secret_of_ones_own() -> None:
    values = {
        "internal": {"existingSecret": "my-token"},
        "objectStore": {"existingSecret": "my-store", "existingSecretHasCa": True},
        "postgresql": {"existingSecret": "my-database"},
        "tenant": {"enabled": False},
    }
    manifests = render("capforge", values)
    assert not [one["metadata"]["name"] for one in manifests if one["kind"] == "Secret"]
    text = str(manifests)
    for name in ("my-token", "my-store", "my-database"):
        assert name in text
    for name in ("'capforge-internal'", "'capforge-postgresql', 'key'"):
        assert name not in text


def test_the_store_s_certificate_authority_is_mounted_where_the_variable_points() -> None:
    manifests = render(
        "capforge", {"objectStore": {"embedded": {"enabled": False}, "external": {"ca": "-----BEGIN CERTIFICATE-----"}}}
    )
    for pod, name in (("Deployment/capforge-operator", "operator"), ("Deployment/capforge-serving-cpu", "agent")):
        container = _container(manifests, pod, name)
        mounts = {one["mountPath"] for one in container["volumeMounts"]}
        assert _environment(container)["CAPFORGE_STORE_CA"] == "/etc/capforge/store/ca.crt"
        assert "/etc/capforge/store" in mounts


def test_generated_secrets_and_definitions_stay_when_the_release_goes() -> None:
    manifests = render("capforge")
    kept = {
        one["metadata"]["name"]
        for one in manifests
        if (one["metadata"].get("annotations") or {}).get("helm.sh/resource-policy") == "keep"
    }
    assert {"capforge-internal", "capforge-object-store", "capforge-postgresql", "capforge-api-keys"} <= kept
    assert {one["metadata"]["name"] for one in manifests if one["kind"] == "CustomResourceDefinition"} <= kept


@pytest.mark.parametrize(
    ("values", "policy"),
    [({}, "before-hook-creation,hook-succeeded"), ({"tests": {"keep": True}}, "before-hook-creation")],
    ids=["usual", "for its log"],
)
def test_what_a_passed_helm_test_made_goes_with_it(values: dict[str, Any], policy: str) -> None:
    hooks = [one for one in render("capforge", values) if "helm.sh/hook" in (one["metadata"].get("annotations") or {})]
    assert [(one["kind"], one["metadata"]["name"]) for one in hooks] == [
        ("ConfigMap", "capforge-test"),
        ("Pod", "capforge-test"),
    ]
    assert [one["metadata"]["annotations"]["helm.sh/hook-delete-policy"] for one in hooks] == [policy] * 2


def test_definitions_can_be_left_to_somebody_else() -> None:
    assert not [
        one for one in render("capforge", {"crds": {"enabled": False}}) if one["kind"] == "CustomResourceDefinition"
    ]


def test_the_model_control_api_is_closed_on_both_protocols() -> None:
    triton = _container(render("capforge"), "Deployment/capforge-serving-cpu", "triton")
    command = triton["args"][0]
    assert "model-repository,shared-memory,trace,logging:capforge-control=$(cat /run/capforge/control)" in command
    assert '--http-restricted-api="$restricted"' in command
    assert '--grpc-restricted-protocol="$restricted"' in command
    assert "--allow-sagemaker=false --allow-vertex-ai=false" in command


def test_credentials_given_to_a_tenant_arrive_in_its_secret() -> None:
    values = {
        "objectStore": {"source": "Values", "values": {"bucket": "data", "accessKeyId": "a", "secretAccessKey": "b"}}
    }
    secret = named(render("capforge-tenant", values, namespace="team-a"), "Secret", "capforge-object-store")
    assert secret["stringData"]["store"] == "s3://data"
    assert (secret["stringData"]["accessKeyId"], secret["stringData"]["secretAccessKey"]) == ("a", "b")


def test_a_tenant_can_bring_every_secret_itself() -> None:
    values = {"objectStore": {"source": "Existing"}, "apiKeys": {"create": False}}
    assert not [one for one in render("capforge-tenant", values, namespace="team-a") if one["kind"] == "Secret"]


@pytest.mark.parametrize("chart", ["capforge", "capforge-tenant"])
def test_the_schema_knows_every_value_that_the_chart_documents(chart: str) -> None:
    assert render(chart, chart_values(chart))

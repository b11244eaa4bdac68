"""The roles in the charts are the operator's own list, and the gateway reads keys and nothing else."""

from __future__ import annotations

from typing import Any

from capforge_operator.rbac import Scope, rules
from tests.unit.charts.rendering import named, render


def _flat(given: list[dict[str, Any]]) -> set[tuple[str, str, str, str]]:
    """Return (group, resource, verb, name or *) for each right."""
    return {
        (group, resource, verb, name)
        for rule in given
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", ["*"])
    }


def test_the_cluster_role_is_what_the_operator_calls() -> None:
    role = named(render("capforge"), "ClusterRole", "capforge-operator")
    assert _flat(role["rules"]) == _flat(rules(Scope.CLUSTER))


def test_the_role_in_the_release_namespace_is_what_the_operator_calls() -> None:
    role = named(render("capforge"), "Role", "capforge-operator")
    assert _flat(role["rules"]) == _flat(rules(Scope.RELEASE))


def test_the_role_in_a_tenant_namespace_is_what_the_operator_calls() -> None:
    role = named(render("capforge-tenant", namespace="team-a"), "Role", "capforge-operator-tenant")
    assert _flat(role["rules"]) == _flat(rules(Scope.TENANT))


def test_the_gateway_reads_the_api_keys_sees_who_is_prepared_asks_whose_a_token_is_and_nothing_else() -> None:
    manifests = [*render("capforge", {"tenant": {"enabled": False}}), *render("capforge-tenant", namespace="team-a")]
    bound = [
        one["roleRef"]["name"]
        for one in manifests
        if one["kind"] in {"RoleBinding", "ClusterRoleBinding"}
        and one["subjects"] == [{"kind": "ServiceAccount", "name": "capforge-gateway", "namespace": "capforge-system"}]
    ]
    assert sorted(bound) == ["capforge-gateway", "capforge-gateway-tenant"]
    role = named(manifests, "Role", "capforge-gateway-tenant")
    assert _flat(role["rules"]) == {("", "secrets", verb, "capforge-api-keys") for verb in ("get", "list", "watch")}
    role = named(manifests, "ClusterRole", "capforge-gateway")
    assert _flat(role["rules"]) == {
        ("authentication.k8s.io", "tokenreviews", "create", "*"),
        ("", "serviceaccounts", "list", "capforge-job"),
        ("", "serviceaccounts", "watch", "capforge-job"),
    }


def test_a_tenant_names_the_operator_of_its_system_namespace() -> None:
    manifests = render("capforge-tenant", {"systemNamespace": "elsewhere"}, namespace="team-a")
    subjects = [one["subjects"][0]["namespace"] for one in manifests if one["kind"] == "RoleBinding"]
    assert subjects == ["elsewhere", "elsewhere"]


def test_the_systems_own_namespace_is_a_tenant_too() -> None:
    manifests = render("capforge", namespace="models")
    binding = named(manifests, "RoleBinding", "capforge-operator-tenant")
    assert binding["subjects"][0]["namespace"] == "models"
    named(manifests, "ServiceAccount", "capforge-job")
    named(manifests, "Secret", "capforge-api-keys")
    named(manifests, "Secret", "capforge-object-store")

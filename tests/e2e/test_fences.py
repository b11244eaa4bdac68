"""Who may do what: pods are restricted, tenants do not see one another, and no account holds more than it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from capforge import keys
from capforge.data import credentials
from capforge_contracts.names import JOB_SERVICE_ACCOUNT, KEYS_SECRET, STORE_SECRET
from capforge_contracts.store import Refused
from capforge_operator.rbac import PERMISSIONS, Scope
from capforge_tools.errors import CommandFailedError
from tests.e2e import manifests
from tests.e2e.product import NAME, Product
from tests.support.e2e import Json, System, Tenant, a_tenant
from tests.support.eventually import eventually
from tests.support.workloads import Workloads

LEVEL = "pod-security.kubernetes.io/enforce"
_SOON_SECONDS = 15.0
OPERATOR = "capforge-operator"


@pytest.fixture(scope="module")
def other(system: System) -> Iterator[Tenant]:
    """Another tenant of the same installation."""
    with a_tenant(system) as made:
        made.apply(manifests.capability(NAME))
        yield made


def test_both_namespaces_admit_restricted_pods_only(product: Product, workloads: Workloads) -> None:
    for namespace in (workloads.namespace, product.tenant.namespace):
        labels = json.loads(workloads.clients.kubectl("get", "namespace", namespace, "--output=json"))["metadata"]
        assert labels["labels"][LEVEL] == "restricted"
        for rude, answer in (
            ({}, "violates PodSecurity"),
            ({"privileged": True}, "violates PodSecurity|disallowed by cluster policy"),
        ):
            with pytest.raises(CommandFailedError, match=answer):
                workloads.clients.kubectl("--namespace", namespace, "apply", "-f", "-", stdin=json.dumps(_pod(rude)))


def test_every_pod_of_ours_was_admitted_there(product: Product, workloads: Workloads) -> None:
    for component in ("operator", "gateway", "serving", "candidates", "object-store", "postgresql"):
        assert workloads.ready(component), component
    jobs = Workloads(workloads.system, product.tenant.namespace)
    assert jobs.pods("snapshot")
    assert jobs.pods("trainer")


def test_a_jobs_pod_has_no_token_and_its_account_no_rights(product: Product, workloads: Workloads) -> None:
    jobs = Workloads(workloads.system, product.tenant.namespace)
    for pod in (*jobs.pods("snapshot"), *jobs.pods("trainer")):
        spec = pod.document["spec"]
        assert spec["serviceAccountName"] == JOB_SERVICE_ACCOUNT
        assert spec["automountServiceAccountToken"] is False
        assert not [one for one in spec["volumes"] if "projected" in one]


@pytest.mark.parametrize("account", [JOB_SERVICE_ACCOUNT, "default"])
def test_an_account_of_one_tenant_reads_nothing_of_another(product: Product, other: Tenant, account: str) -> None:
    tenant = product.tenant
    for namespace in (tenant.namespace, other.namespace, "capforge-system"):
        for secret in (STORE_SECRET, KEYS_SECRET):
            assert not may(tenant.system, tenant.namespace, account, "get", f"secrets/{secret}", namespace)
        for verb, what in (("list", "secrets"), ("create", "jobs.batch"), ("list", "capabilities.capforge.dev")):
            assert not may(tenant.system, tenant.namespace, account, verb, what, namespace)


def test_a_key_of_one_tenant_opens_nothing_of_another(product: Product, other: Tenant) -> None:
    image = product.image
    assert product.predict().status_code == 200
    # The other tenant has a capability of the same name: a key that counted there would get 409, no model yet.
    assert eventually(lambda: other.post(NAME, image).status_code == 409, _SOON_SECONDS)
    strangers = product.tenant.post(NAME, image, Authorization=f"Token {other.key}")
    nobodys = product.tenant.post(NAME, image, Authorization="Token cf_nobodys")
    assert strangers.status_code == nobodys.status_code == 401
    assert _error(strangers) == _error(nobodys), "a stranger's key is told nothing that an unknown one is not"


def test_a_tenants_own_credentials_reach_its_own_data_only(product: Product, other: Tenant) -> None:
    own, foreign = product.tenant.namespace, other.namespace
    access = credentials.from_secret(product.tenant.system.cluster, own)
    assert access.bucket
    with credentials.opened(access, access.bucket) as store:
        assert [one for one in store.list(f"{own}/") if one.key.endswith("/model.onnx")]
        store.put(f"{own}/e2e", b"1")
        store.delete(f"{own}/e2e")
        for attempt in (
            lambda: list(store.list(f"{foreign}/")),
            lambda: list(store.list("")),
            lambda: store.get(f"{foreign}/e2e"),
            lambda: store.put(f"{foreign}/e2e", b"1"),
        ):
            with pytest.raises(Refused):
                attempt()


def test_a_revoked_key_stops_working_within_seconds(product: Product) -> None:
    cluster, namespace = product.tenant.system.cluster, product.tenant.namespace
    key = keys.create(cluster, namespace, "short-lived")
    eventually(lambda: product.predict(key).status_code == 200, _SOON_SECONDS)
    keys.revoke(cluster, namespace, "short-lived")
    eventually(lambda: product.predict(key).status_code == 401, _SOON_SECONDS)


def test_the_operator_may_do_what_it_needs_and_no_more(product: Product, workloads: Workloads) -> None:
    places = {Scope.CLUSTER: None, Scope.RELEASE: workloads.namespace, Scope.TENANT: product.tenant.namespace}
    for scope, namespace in places.items():
        for group, resource, verb, name in _needed(scope):
            kind, _, part = resource.partition("/")
            what = f"{kind}.{group}" if group else kind
            what = f"{what}/{name}" if name else f"{what}:{part}"
            assert may(workloads.system, workloads.namespace, OPERATOR, verb, what, namespace), f"{verb} {what}"
    tenant = product.tenant.namespace
    assert _granted(workloads, tenant) <= _flat(Scope.CLUSTER, Scope.TENANT)
    assert _granted(workloads, workloads.namespace) <= _flat(Scope.CLUSTER, Scope.RELEASE, Scope.TENANT)
    for verb, what in (
        ("list", "secrets"),
        ("get", f"secrets/{KEYS_SECRET}"),
        ("create", "secrets"),
        ("create", "rolebindings.rbac.authorization.k8s.io"),
        ("escalate", "roles.rbac.authorization.k8s.io"),
        ("impersonate", "serviceaccounts"),
        ("create", "pods:exec"),
        ("update", "capabilities.capforge.dev"),
        ("patch", "trainingruns.capforge.dev"),
    ):
        assert not may(workloads.system, workloads.namespace, OPERATOR, verb, what, tenant), f"{verb} {what}"


def test_every_pod_is_behind_a_network_policy(product: Product, workloads: Workloads) -> None:
    """That they are there and choose the pods. The local cluster's network plugin does not enforce them."""
    for namespace in (workloads.namespace, product.tenant.namespace):
        here = Workloads(workloads.system, namespace)
        policies = json.loads(here.kubectl("get", "networkpolicies", "--output=json"))["items"]
        chosen = [(one["spec"]["podSelector"], set(one["spec"]["policyTypes"])) for one in policies]
        pods = json.loads(here.kubectl("get", "pods", "--output=json"))["items"]
        assert pods
        for pod in pods:
            fenced = set().union(*(types for selector, types in chosen if _chooses(selector, pod)))
            assert fenced == {"Ingress", "Egress"}, pod["metadata"]["name"]


def test_helm_test_finds_the_control_api_closed_and_predicts(product: Product, workloads: Workloads) -> None:
    tenant = product.tenant
    secret = ("--namespace", workloads.namespace, "secret", "e2e-key")
    workloads.clients.kubectl(
        "create", secret[2], "generic", secret[3], *secret[:2], f"--from-literal=key={tenant.key}"
    )
    values = {"enabled": "true", "namespace": tenant.namespace, "capability": NAME, "keySecret": "e2e-key"}
    try:
        workloads.system.install(
            "tests.keep=true", *(f"tests.predict.{name}={value}" for name, value in values.items())
        )
        said = workloads.clients.helm("test", "capforge", "--namespace", workloads.namespace, "--logs")
    finally:
        workloads.clients.kubectl("delete", *secret)
    for line in (
        "ok: POST /v2/repository/index is refused (403)",
        "ok: gRPC RepositoryModelLoad is refused",
        "ok: reading without the token is refused (401)",
        "ok: a prediction without a key is refused (401)",
        f"ok: {tenant.namespace}/{NAME} predicts",
    ):
        assert line in said


def may(system: System, account_namespace: str, account: str, verb: str, what: str, namespace: str | None) -> bool:
    """Ask `kubectl auth can-i --as`; `what` is a resource, with `/<name>` one object, with `:<part>` a subresource."""
    place = ("--all-namespaces",) if namespace is None else ("--namespace", namespace)
    identity = f"--as=system:serviceaccount:{account_namespace}:{account}"
    what, _, part = what.partition(":")
    return system.clients.succeeds("auth", "can-i", verb, what, f"--subresource={part}", identity, *place, "--quiet")


def _needed(scope: Scope) -> set[tuple[str, str, str, str]]:
    return {
        (one.group, one.resource, verb, name)
        for one in PERMISSIONS
        if one.scope is scope
        for verb in one.verbs
        for name in one.names or ("",)
    }


def _flat(*scopes: Scope) -> set[tuple[str, str, str, str]]:
    return set().union(*(_needed(scope) for scope in scopes))


def _granted(workloads: Workloads, namespace: str) -> set[tuple[str, str, str, str]]:
    """Return all that the operator's account may do in a namespace, without what every account may (ask about itself)."""
    review: Json = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    identity = f"--as=system:serviceaccount:{workloads.namespace}:{OPERATOR}"
    answer = workloads.clients.kubectl(
        "create", "-f", "-", identity, "--validate=false", "--output=json", stdin=json.dumps(review)
    )
    rules: list[dict[str, Any]] = json.loads(answer)["status"]["resourceRules"]
    return {
        (group, resource, verb, name)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames") or [""]
        if group not in {"authorization.k8s.io", "authentication.k8s.io"}
    }


def _chooses(selector: Json, pod: Json) -> bool:
    labels = pod["metadata"].get("labels", {})
    equal = all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())
    return equal and all(labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", []))


def _pod(security: Json) -> Json:
    container = {"name": "rude", "image": "localhost/rude:1", "securityContext": security}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "rude"}, "spec": {"containers": [container]}}


def _error(reply: Any) -> Any:
    return {**reply.json()["api_request"]["error"], "request": None}

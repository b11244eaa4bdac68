"""API keys: from files, and from Secrets on a real API server with the rights that a tenant grants the gateway."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from capforge_contracts.apikeys import ApiKeyRecord, hash_key, new_key
from capforge_contracts.names import JOB_SERVICE_ACCOUNT, KEYS_SECRET
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.process import GatewayProcess, capability
from tests.support.apiserver import KubeApi, kube_api
from tests.support.eventually import eventually
from tests.unit.charts.rendering import named, render

SYSTEM = "capforge-system"
GATEWAY = "capforge-gateway"
REVOKED_WITHIN_SECONDS = 2.0


def record(key: str) -> bytes:
    return ApiKeyRecord(hash=hash_key(key), created="2026-01-01T00:00:00Z").to_json()


def secret(namespace: str, **keys: str) -> dict[str, Any]:
    """The Secret of a tenant with these keys by name."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": KEYS_SECRET, "namespace": namespace},
        "data": {name: base64.b64encode(record(key)).decode() for name, key in keys.items()},
    }


def tenant(api: KubeApi, namespace: str) -> None:
    """Grant the gateway what the tenant's chart grants it."""
    for one in render("capforge-tenant", {"systemNamespace": SYSTEM}, namespace):
        if one["metadata"]["name"] == "capforge-gateway-tenant":
            one["metadata"]["namespace"] = namespace
            api.apply(one)


def prepare(api: KubeApi, namespace: str) -> None:
    """Install what the tenant's chart installs for the gateway to see: the Jobs' account, and its own right."""
    tenant(api, namespace)
    account = named(render("capforge-tenant", namespace=namespace), "ServiceAccount", JOB_SERVICE_ACCOUNT)
    account["metadata"]["namespace"] = namespace
    api.apply(account)


def grant_sight_of_tenants(api: KubeApi) -> None:
    """Grant the gateway what the main chart grants it in the whole cluster."""
    for one in render("capforge", namespace=SYSTEM):
        if one["kind"] in {"ClusterRole", "ClusterRoleBinding"} and one["metadata"]["name"] == GATEWAY:
            api.apply(one)


def gateway_token(api: KubeApi) -> str:
    """Return a token of the gateway's ServiceAccount."""
    namespaces = api.get("namespaces")["items"]
    if SYSTEM not in {one["metadata"]["name"] for one in namespaces}:
        api.kubectl("create", "namespace", SYSTEM)
        api.kubectl("create", "serviceaccount", GATEWAY, "-n", SYSTEM)
    return api.kubectl("create", "token", GATEWAY, "-n", SYSTEM).strip()


def on(api: KubeApi, start_gateway: StartGateway, folder: Path, *namespaces: str) -> GatewayProcess:
    """Start a gateway that reads its keys from the API server, with one capability in each namespace."""
    (folder / "api-token").write_text(gateway_token(api))
    gateway = start_gateway(
        KEYS="kubernetes",
        KUBERNETES_URL=api.url,
        KUBERNETES_TOKEN_FILE=folder / "api-token",
        KUBERNETES_CA_FILE=api.certificate_authority,
    )
    gateway.route(*[capability([], None, namespace=namespace) for namespace in namespaces])
    return gateway


def is_ready(gateway: GatewayProcess) -> bool:
    return gateway.http.get(f"{gateway.url}/readyz").status_code == 200


def test_a_key_counts_from_its_creation_to_its_revocation(
    kube: KubeApi, kube_namespace: str, start_gateway: StartGateway, tmp_path: Path
) -> None:
    tenant(kube, kube_namespace)
    gateway = on(kube, start_gateway, tmp_path, kube_namespace)
    eventually(lambda: is_ready(gateway))
    first, second = new_key(), new_key()
    assert not gateway.accepts(first, kube_namespace)  # no Secret yet: closed
    kube.apply(secret(kube_namespace, first=first))
    eventually(lambda: gateway.accepts(first, kube_namespace), REVOKED_WITHIN_SECONDS)
    kube.apply(secret(kube_namespace, first=first, second=second))
    eventually(lambda: gateway.accepts(second, kube_namespace), REVOKED_WITHIN_SECONDS)
    assert gateway.accepts(first, kube_namespace)
    kube.apply(secret(kube_namespace, second=second))
    eventually(lambda: not gateway.accepts(first, kube_namespace), REVOKED_WITHIN_SECONDS)
    assert gateway.accepts(second, kube_namespace)
    kube.kubectl("delete", "secret", KEYS_SECRET, "-n", kube_namespace)
    eventually(lambda: not gateway.accepts(second, kube_namespace), REVOKED_WITHIN_SECONDS)
    eventually(lambda: "second" in gateway.log.read_text())
    log = gateway.log.read_text()
    assert not [secret_text for secret_text in (first, second, hash_key(first)) if secret_text in log]


def test_namespaces_are_followed_as_they_come_and_go(
    kube: KubeApi, start_gateway: StartGateway, tmp_path: Path
) -> None:
    early, late = kube.create_namespace(), kube.create_namespace()
    keys = {namespace: new_key() for namespace in (early, late)}
    for namespace, key in keys.items():
        tenant(kube, namespace)
        kube.apply(secret(namespace, main=key))
    gateway = on(kube, start_gateway, tmp_path, early)
    eventually(lambda: gateway.accepts(keys[early], early))
    assert not gateway.accepts(keys[late], late)
    gateway.route(*[capability([], None, namespace=namespace) for namespace in (early, late)])
    eventually(lambda: gateway.accepts(keys[late], late))
    assert not gateway.accepts(keys[early], late)
    gateway.route(capability([], None, namespace=late))
    assert not gateway.accepts(keys[early], early)
    assert gateway.accepts(keys[late], late)


def test_the_keys_of_a_prepared_namespace_are_known_before_its_first_capability(
    kube: KubeApi, start_gateway: StartGateway, tmp_path: Path
) -> None:
    grant_sight_of_tenants(kube)
    early, late, bare = (kube.create_namespace() for _ in range(3))
    keys = {namespace: new_key() for namespace in (early, late, bare)}
    prepare(kube, early)
    for namespace, key in keys.items():
        kube.apply(secret(namespace, main=key))
    gateway = on(kube, start_gateway, tmp_path)
    eventually(lambda: is_ready(gateway))
    assert gateway.accepts(keys[early], early), "a gateway that is ready knows the tenants"
    assert not gateway.accepts(keys[late], late)
    prepare(kube, late)
    eventually(lambda: gateway.accepts(keys[late], late))
    gateway.route(capability([], None, namespace=late))
    kube.kubectl("delete", "serviceaccount", JOB_SERVICE_ACCOUNT, "-n", early)
    eventually(lambda: not gateway.accepts(keys[early], early))
    kube.kubectl("delete", "serviceaccount", JOB_SERVICE_ACCOUNT, "-n", late)
    kube.kubectl("create", "serviceaccount", JOB_SERVICE_ACCOUNT, "-n", bare)  # anybody may make one: it opens nothing
    eventually(lambda: [one for one in gateway.lines("keys refused by the API server") if one["namespace"] == bare])
    assert not gateway.accepts(keys[bare], bare)
    assert gateway.accepts(keys[late], late), "a namespace with capabilities stays open"
    assert not [line for line in gateway.lines("keys taken") if line["namespace"] == bare]


def test_without_the_right_to_see_tenants_those_with_capabilities_are_known(
    start_gateway: StartGateway, tmp_path: Path, kube: KubeApi, kube_namespace: str
) -> None:
    kube.kubectl("delete", "clusterrolebinding", GATEWAY, "--ignore-not-found")
    prepare(kube, kube_namespace)
    key = new_key()
    kube.apply(secret(kube_namespace, main=key))
    gateway = on(kube, start_gateway, tmp_path, kube_namespace)
    eventually(lambda: gateway.accepts(key, kube_namespace))
    eventually(lambda: is_ready(gateway))
    (line,) = eventually(lambda: gateway.lines("tenants refused by the API server"))
    assert line["status"] == 403


def test_a_namespace_that_grants_nothing_is_closed_and_holds_up_nobody(
    kube: KubeApi, start_gateway: StartGateway, tmp_path: Path
) -> None:
    prepared, bare = kube.create_namespace(), kube.create_namespace()
    tenant(kube, prepared)
    key = new_key()
    for namespace in (prepared, bare):
        kube.apply(secret(namespace, main=key))
    gateway = on(kube, start_gateway, tmp_path, prepared, bare)
    eventually(lambda: is_ready(gateway))
    assert gateway.accepts(key, prepared)
    assert not gateway.accepts(key, bare)
    assert eventually(lambda: gateway.lines("keys refused by the API server"))[0]["status"] == 403
    tenant(kube, bare)
    eventually(lambda: gateway.accepts(key, bare))


def test_a_damaged_record_closes_only_its_own_key(
    kube: KubeApi, kube_namespace: str, start_gateway: StartGateway, tmp_path: Path
) -> None:
    tenant(kube, kube_namespace)
    key = new_key()
    damaged = secret(kube_namespace, good=key)
    damaged["data"]["bad"] = base64.b64encode(b'{"hash": 5}').decode()
    kube.apply(damaged)
    gateway = on(kube, start_gateway, tmp_path, kube_namespace)
    eventually(lambda: gateway.accepts(key, kube_namespace))
    (line,) = eventually(lambda: gateway.lines("key record cannot be read"))
    assert line["key"] == "bad"


@contextmanager
def stoppable_kube(folder: Path) -> Iterator[KubeApi]:
    folder.mkdir()
    with kube_api(folder) as api:
        yield api


def test_predictions_go_on_while_the_api_server_is_away(start_gateway: StartGateway, tmp_path: Path) -> None:
    key = new_key()
    with stoppable_kube(tmp_path / "kube") as api:
        namespace = api.create_namespace()
        tenant(api, namespace)
        api.apply(secret(namespace, main=key))
        gateway = on(api, start_gateway, tmp_path, namespace)
        eventually(lambda: gateway.accepts(key, namespace))
    eventually(lambda: gateway.lines("keys cannot be followed"))
    assert gateway.accepts(key, namespace)
    assert not gateway.accepts(new_key(), namespace)
    assert is_ready(gateway)


def test_keys_in_files_come_and_go(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    key = gateway.create_key(name="one")
    eventually(lambda: gateway.accepts(key), REVOKED_WITHIN_SECONDS)
    (gateway.folder / "keys" / "acme" / "one").unlink()
    eventually(lambda: not gateway.accepts(key), REVOKED_WITHIN_SECONDS)


@pytest.mark.parametrize("stored", [b"", b"{}", b"[]", json.dumps({"hash": "", "created": "now"}).encode()])
def test_a_useless_record_opens_nothing(start_gateway: StartGateway, stored: bytes) -> None:
    gateway = start_gateway()
    good = gateway.create_key(name="good")
    (gateway.folder / "keys" / "acme" / "useless").write_bytes(stored)
    gateway.route(capability([], None))
    eventually(lambda: gateway.accepts(good))
    assert not gateway.accepts("useless")

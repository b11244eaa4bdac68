"""Who gets in: keys of one namespace on another's data, broken key records, the internal door, rights in the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from capforge_contracts.apikeys import hash_key
from capforge_contracts.names import JOB_SERVICE_ACCOUNT, KEYS_SECRET, STORE_SECRET
from capforge_contracts.serving import RoutingTable
from tests.integration.gateway.conftest import BRIGHT, FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import TOKEN, GatewayProcess, capability, gateway_process, opened, version
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually
from tests.support.triton import Triton
from tests.unit.charts.rendering import render

OTHER = "globex"
ACCOUNT = "system:serviceaccount:{}:capforge-gateway"


@pytest.fixture(scope="module")
def two_tenants(models: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway with one capability of the same name in each of two namespaces; its key is the first one's."""
    with gateway_process(tmp_path_factory.mktemp("two")) as gateway:
        mine = capability([version("1.1", FIXED, [models.address])], "1.1")
        theirs = capability([version("1.1", BRIGHT, [models.address], (320, 320))], "1.1", namespace=OTHER)
        key = gateway.create_key(OTHER, "theirs")
        opened(gateway, mine, theirs)
        eventually(lambda: gateway.accepts(key, OTHER))
        yield gateway


ADDRESSES = [
    ("POST", "/v1/products/{}/cells/v1/predict"),
    ("POST", "/v1/products/{}/cells/v1.1/predict"),
    ("GET", "/v1/products/{}/cells/v1/openapi.json"),
    ("GET", "/v1/products/{}/cells/v1.1/docs"),
    ("GET", "/v2/models/{}.cells"),
    ("GET", "/v2/models/{}.cells/ready"),
    ("POST", "/v2/models/{}.cells/infer"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES, ids=[path for _, path in ADDRESSES])
def test_a_key_opens_its_own_namespace_and_tells_nothing_of_another(
    two_tenants: GatewayProcess, method: str, path: str
) -> None:
    def ask(namespace: str, **headers: str) -> httpx.Response:
        given = {"Content-Type": "image/png", "X-Request-Id": "same", **two_tenants.authorization(), **headers}
        content = white() if method == "POST" else None
        return two_tenants.http.request(
            method, two_tenants.url + path.format(namespace), content=content, headers=given
        )

    assert ask("acme").status_code not in {401, 403}
    theirs, nobodys = ask(OTHER), ask("no-such-tenant")
    assert (theirs.status_code, nobodys.status_code) == (401, 401)
    assert theirs.text.replace(OTHER, "") == nobodys.text.replace("no-such-tenant", "")
    assert ask("acme", Authorization="").status_code == 401


def test_what_is_refused_is_counted_for_nobody(two_tenants: GatewayProcess) -> None:
    refused = 'capforge_predict_errors_total{capability="",namespace="",reason="Unauthorized",version=""}'
    before = two_tenants.metric(refused)
    two_tenants.predict(white(), target={"namespace": OTHER})
    assert two_tenants.metric(refused) == before + 1
    theirs = 'capforge_predict_requests_total{capability="cells",code="4xx",namespace="globex",version="1.1"}'
    assert two_tenants.metric(theirs) == 0


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\xff\xfe",
        b"[" * 10_000,
        json.dumps({"hash": "ä" * 64, "created": ""}).encode(),
        json.dumps({"hash": hash_key(""), "created": ""}).encode(),
        json.dumps({"hash": None, "created": ""}).encode(),
        b"x" * 1_000_000,
    ],
    ids=["empty", "no text", "nested", "a hash of other letters", "the hash of nothing", "no hash", "a megabyte"],
)
def test_a_malformed_record_opens_nothing_and_harms_no_other(two_tenants: GatewayProcess, stored: bytes) -> None:
    record = two_tenants.folder / "keys" / "acme" / "malformed"
    record.write_bytes(stored)
    try:
        eventually(lambda: two_tenants.accepts(two_tenants.key))
        second = two_tenants.create_key(name="second")
        eventually(lambda: two_tenants.accepts(second))
        for key in ("", "x", "ä", stored[:100].decode("latin-1").replace("\n", "")):
            headers = {"Authorization": f"Token {key}".strip().encode("latin-1")}
            answer = two_tenants.http.post(two_tenants.predict_url(), content=b"x", headers=headers)
            assert answer.status_code in {400, 401}, answer.text
        assert two_tenants.predict(white()).status_code == 200
    finally:
        record.unlink()


def test_several_keys_are_open_at_once_and_each_is_revoked_alone(two_tenants: GatewayProcess) -> None:
    keys = {name: two_tenants.create_key(name=name) for name in ("one", "two", "three")}
    for key in keys.values():
        eventually(lambda key=key: two_tenants.accepts(key))
    (two_tenants.folder / "keys" / "acme" / "two").unlink()
    eventually(lambda: not two_tenants.accepts(keys["two"]))
    assert two_tenants.accepts(keys["one"])
    assert two_tenants.accepts(keys["three"])


def test_the_internal_token_is_replaced_while_both_are_in_use(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    table = RoutingTable(generation=1).to_json()

    def answered(token: str) -> int:
        return gateway.put_routes(table, token).status_code

    assert (answered(TOKEN), answered("next")) == (200, 401)
    (gateway.folder / "token").write_text(f"{TOKEN}\nnext\n")
    assert (answered(TOKEN), answered("next")) == (200, 200)
    (gateway.folder / "token").write_text("next\n")
    assert (answered(TOKEN), answered("next")) == (401, 200)
    (gateway.folder / "token").write_text("")
    assert {answered("next"), answered("")} == {401}


@pytest.fixture(scope="module")
def installed(kube: KubeApi) -> tuple[str, str]:
    """Release and tenant namespace with the accounts, roles and bindings that the charts render."""
    system, tenant = kube.create_namespace("system"), kube.create_namespace("tenant")
    manifests = [
        *(("capforge", system, one) for one in render("capforge", {"tenant": {"enabled": False}}, system)),
        *(("tenant", tenant, one) for one in render("capforge-tenant", {"systemNamespace": system}, tenant)),
    ]
    kinds = {"ServiceAccount", "Role", "RoleBinding"}
    for _, namespace, one in manifests:
        if one["kind"] in kinds:
            one["metadata"]["namespace"] = namespace
            kube.apply(one)
        elif one["metadata"]["name"] == "capforge-gateway" and one["kind"].startswith("ClusterRole"):
            kube.apply(one)
    return system, tenant


def allowed(kube: KubeApi, account: str, namespace: str, verb: str, resource: str, name: str = "") -> bool:
    """Ask the API server's own authoriser, which learns of a new role a moment after it was applied."""
    asked: dict[str, Any] = {"namespace": namespace, "verb": verb, "resource": resource, "name": name}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": account, "resourceAttributes": asked},
    }
    answer = json.loads(kube.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(review)))
    return bool(answer["status"]["allowed"])


def test_the_gateways_account_reads_the_keys_of_tenants(kube: KubeApi, installed: tuple[str, str]) -> None:
    system, tenant = installed
    for verb in ("get", "list", "watch"):
        eventually(lambda verb=verb: allowed(kube, ACCOUNT.format(system), tenant, verb, "secrets", KEYS_SECRET))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("verb", "resource", "name"),
    [
        ("get", "secrets", STORE_SECRET),
        ("list", "secrets", ""),
        ("update", "secrets", KEYS_SECRET),
        ("delete", "secrets", KEYS_SECRET),
        ("get", "pods", ""),
        ("list", "configmaps", ""),
        ("create", "jobs", ""),
        ("list", "serviceaccounts", ""),
        ("get", "serviceaccounts", JOB_SERVICE_ACCOUNT),
        ("create", "serviceaccounts/token", JOB_SERVICE_ACCOUNT),
    ],
)
def test_the_gateways_account_may_do_nothing_else(
    kube: KubeApi, installed: tuple[str, str], verb: str, resource: str, name: str
) -> None:
    system, tenant = installed
    for namespace in (system, tenant, "default"):
        assert not allowed(kube, ACCOUNT.format(system), namespace, verb, resource, name)


def test_another_namespaces_account_of_the_same_name_is_nobody(kube: KubeApi, installed: tuple[str, str]) -> None:
    _, tenant = installed
    assert not allowed(kube, ACCOUNT.format("elsewhere"), tenant, "get", "secrets", KEYS_SECRET)


def test_the_gateways_account_sees_which_namespaces_are_prepared(kube: KubeApi, installed: tuple[str, str]) -> None:
    system, _ = installed
    for verb in ("list", "watch"):
        eventually(
            lambda verb=verb: allowed(kube, ACCOUNT.format(system), "", verb, "serviceaccounts", JOB_SERVICE_ACCOUNT)  # type: ignore[misc]
        )
        assert not allowed(kube, ACCOUNT.format(system), "", verb, "serviceaccounts")
        assert not allowed(kube, ACCOUNT.format(system), "", verb, "secrets", KEYS_SECRET)

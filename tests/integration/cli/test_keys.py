"""`capforge key` against a real API server."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from capforge_contracts.apikeys import ApiKeyRecord, matches
from tests.integration.cli.command import Ended, capforge
from tests.support.apiserver import KubeApi


@pytest.fixture
def namespace(kube: KubeApi, kube_namespace: str) -> str:
    """A namespace as the tenant chart leaves it: the Secret is there and empty."""
    metadata = {"name": "capforge-api-keys", "namespace": kube_namespace}
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    return kube_namespace


def records(kube: KubeApi, namespace: str) -> dict[str, ApiKeyRecord]:
    data = kube.get("secret", "capforge-api-keys", "-n", namespace).get("data", {})
    return {name: ApiKeyRecord.from_json(base64.b64decode(value)) for name, value in data.items()}


def test_a_key_is_printed_once_and_only_its_hash_is_stored(kube: KubeApi, namespace: str):
    made = capforge("key", "create", "demo", "-n", namespace, kube=kube)
    assert made.code == 0, made.err
    key = made.out.strip()
    assert matches(key, records(kube, namespace)["demo"])
    assert key not in made.err
    listed = capforge("key", "list", "-n", namespace, kube=kube)
    assert "demo" in listed.out
    assert key not in listed.out


def test_a_second_key_of_a_name_is_refused_and_the_first_stays(kube: KubeApi, namespace: str):
    key = capforge("key", "create", "demo", "-n", namespace, kube=kube).out.strip()
    again = capforge("key", "create", "demo", "-n", namespace, kube=kube)
    assert again.code == 1
    assert "there is already a key 'demo'" in again.err
    assert "capforge key revoke demo" in again.err
    assert matches(key, records(kube, namespace)["demo"])


def test_a_revoked_key_is_gone_and_the_others_stay(kube: KubeApi, namespace: str):
    for name in ("first", "second"):
        capforge("key", "create", name, "-n", namespace, kube=kube)
    assert capforge("key", "revoke", "first", "-n", namespace, kube=kube).code == 0
    assert list(records(kube, namespace)) == ["second"]


def test_many_at_once_lose_none(kube: KubeApi, namespace: str):
    def create(number: int) -> Ended:
        return capforge("key", "create", f"key-{number}", "-n", namespace, kube=kube)

    with ThreadPoolExecutor(6) as pool:
        ended = list(pool.map(create, range(6)))
    assert [one.code for one in ended] == [0] * 6, ended
    stored = records(kube, namespace)
    assert all(matches(one.out.strip(), stored[f"key-{number}"]) for number, one in enumerate(ended))


def test_an_unknown_key_names_those_that_exist(kube: KubeApi, namespace: str):
    capforge("key", "create", "demo", "-n", namespace, kube=kube)
    done = capforge("key", "revoke", "demmo", "-n", namespace, kube=kube)
    assert done.code == 1
    assert "there is no key 'demmo'" in done.err
    assert "there are: demo" in done.err


@pytest.mark.parametrize("name", ["Demo", "a_b", "-a", "a" * 64])
def test_a_name_that_is_not_allowed_says_what_is(kube: KubeApi, namespace: str, name: str):
    done = capforge("key", "create", "-n", namespace, "--", name, kube=kube)
    assert done.code == 2
    assert "allowed: 1 to 63 of a-z" in done.err


def test_a_namespace_that_is_not_prepared_says_how(kube: KubeApi, kube_namespace: str):
    done = capforge("key", "create", "demo", "-n", kube_namespace, kube=kube)
    assert done.code == 1
    assert "helm install capforge-tenant" in done.err


def test_without_keys_the_list_says_what_that_means(kube: KubeApi, namespace: str):
    done = capforge("key", "list", "-n", namespace, kube=kube)
    assert done.code == 0
    assert "predictions are refused" in done.err


def test_without_a_cluster_it_says_how_to_name_one():
    done = capforge("key", "list", "-n", "x")
    assert done.code == 1
    assert "Set KUBECONFIG" in done.err
    assert "Traceback" not in done.err

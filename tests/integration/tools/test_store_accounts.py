"""Each tenant's own account of the embedded S3 server, for real: versitygw, an API server, and the rights of the chart."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.links import RUN_FILES
from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.store import AlreadyExists, NotFound, Refused
from capforge_tools.places import REPOSITORY
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually
from tests.support.objectstore import S3Server, s3_server
from tests.support.ports import free_port
from tests.support.servers import running
from tests.unit.charts.rendering import named, render

SOURCES = REPOSITORY / "images" / "object-store" / "src"
LABEL = "capforge.dev/store-account"


@pytest.fixture(scope="module")
def server(kube: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The server with its keeper beside it, as the chart starts them; the API namespace is the server's bucket's name."""
    folder = tmp_path_factory.mktemp("accounts")
    accounts, credentials = folder / "accounts", folder / "credentials"
    accounts.mkdir()
    credentials.mkdir()
    kube.kubectl("create", "namespace", "accounts")
    manifests = render("capforge", namespace="accounts")
    rights = [named(manifests, kind, "capforge-object-store") for kind in ("ServiceAccount", "Role", "RoleBinding")]
    kube.apply(*({**one, "metadata": {**one["metadata"], "namespace": "accounts"}} for one in rights))
    token = kube.kubectl("create", "token", "capforge-object-store", "--namespace", "accounts")
    (credentials / "token").write_text(token)
    (credentials / "ca.crt").write_bytes(kube.certificate_authority.read_bytes())
    with s3_server(folder, accounts=accounts) as found:
        host, port = kube.url.removeprefix("https://").split(":")
        env = {
            "PYTHONPATH": str(SOURCES),
            "CAPFORGE_S3_URL": found.endpoint_url,
            "CAPFORGE_BUCKET": found.bucket,
            "CAPFORGE_ACCOUNTS": str(accounts),
            "CAPFORGE_NAMESPACE": "accounts",
            "CAPFORGE_API_CREDENTIALS": str(credentials),
            "CAPFORGE_HEALTH_PORT": str(free_port()),
            "ROOT_ACCESS_KEY_ID": found.access_key,
            "ROOT_SECRET_ACCESS_KEY": found.secret_key,
            "KUBERNETES_SERVICE_HOST": host,
            "KUBERNETES_SERVICE_PORT": port,
        }
        argv = [sys.executable, "-m", "capforge_object_store.keeper"]
        users = accounts / "users.json"
        with running(argv, folder / "keeper.log", users.exists, env={**os.environ, **env}):
            yield found


def tenant(kube: KubeApi, name: str) -> None:
    metadata = {"name": f"capforge-store-account-{name}", "namespace": "accounts", "labels": {LABEL: name}}
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def store_of(server: S3Server, name: str, monkeypatch: pytest.MonkeyPatch) -> S3ObjectStore:
    """Return the store with a tenant's account, computed as the chart computes it."""
    monkeypatch.syspath_prepend(str(SOURCES))
    accounts: Any = __import__("capforge_object_store.accounts", fromlist=["accounts"])
    own = {
        "AWS_ACCESS_KEY_ID": accounts.access_key(name),
        "AWS_SECRET_ACCESS_KEY": accounts.secret_key(server.secret_key, name),
    }
    return S3ObjectStore.from_environment(server.bucket, {**server.environment, **own})


def test_a_tenant_works_below_its_own_prefix_and_sees_nothing_else(
    kube: KubeApi, server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tenant(kube, "red")
    tenant(kube, "blue")
    red, blue = store_of(server, "red", monkeypatch), store_of(server, "blue", monkeypatch)
    eventually(lambda: red.put("red/word", b"1"))
    eventually(lambda: blue.put("blue/word", b"2"))
    large = tmp_path / "large"
    large.write_bytes(b"x" * 20_000_000)
    red.put_file("red/in-parts", large)
    assert red.get("red/word") == b"1"
    assert [one.key for one in red.list("red/")] == ["red/in-parts", "red/word"]
    with pytest.raises(AlreadyExists):
        red.put_new("red/word", b"3")
    with pytest.raises(NotFound):
        red.get("red/nothing")
    for attempt in (
        lambda: red.get("blue/word"),
        lambda: red.put("blue/word", b"3"),
        lambda: red.delete("blue/word"),
        lambda: list(red.list("blue/")),
        lambda: list(red.list("")),
        lambda: list(red.list("re")),
        lambda: red.put("reddish/word", b"3"),
    ):
        with pytest.raises(Refused):
            attempt()
    assert blue.get("blue/word") == b"2"
    assert server.store().get("red/word") == b"1", "the system itself reads all"


def test_the_gateway_keeps_blobs_of_all_tenants_marks_manifests_reads_what_runs_and_snapshots_show_and_nothing_else(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SOURCES))
    accounts: Any = __import__("capforge_object_store.accounts", fromlist=["accounts"])
    own = {
        "AWS_ACCESS_KEY_ID": accounts.GATEWAY,
        "AWS_SECRET_ACCESS_KEY": accounts.gateway_secret_key(server.secret_key),
    }
    gateway = S3ObjectStore.from_environment(server.bucket, {**server.environment, **own})
    eventually(lambda: gateway.put("one/blobs/a", b"1"))
    gateway.put_new("two/blobs/a", b"2")
    with pytest.raises(AlreadyExists):
        gateway.put_new("two/blobs/a", b"3")
    assert (gateway.get("one/blobs/a"), gateway.exists("one/blobs/a")) == (b"1", True)
    assert not gateway.exists("one/blobs/nothing")
    with pytest.raises(NotFound):
        gateway.get("one/blobs/nothing")
    gateway.delete("one/blobs/a")
    server.store().put("one/manifests/d.jsonl", b"{}")
    gateway.put("one/manifests/d.purged/a.json", b"{}")
    assert [info.key for info in gateway.list("one/manifests/")] == [
        "one/manifests/d.jsonl",
        "one/manifests/d.purged/a.json",
    ]
    assert gateway.get("one/manifests/d.jsonl") == b"{}"
    assert [info.key for info in gateway.list("one/manifests/d.purged/")] == ["one/manifests/d.purged/a.json"]
    snapshot = layout.snapshot_result("one", "cells", "a" * 64)
    server.store().put(snapshot, b"6")
    server.store().put(layout.snapshot_faults("one", "cells", "a" * 64), b"7")
    assert gateway.get(snapshot) == b"6"
    assert len(list(gateway.list("one/snapshots/"))) == len(list(gateway.list("one/snapshots/cells-"))) == 2
    with pytest.raises(NotFound):
        gateway.get(layout.snapshot_result("one", "nothing", "a" * 64))
    model = layout.attempt_file("one", "a", 1, layout.MODEL)
    for key in (layout.run_spec("one", "a"), layout.run_result("one", "a"), model):
        server.store().put(key, b"4")
    for name in (layout.CHECKPOINTS + "1.pt", layout.WEIGHTS, *RUN_FILES):
        server.store().put(layout.attempt_file("one", "a", 1, name), b"4")
    assert {gateway.get(layout.attempt_file("one", "a", 1, name)) for name in RUN_FILES} == {b"4"}
    assert gateway.get(layout.run_result("one", "a")) == b"4"
    with pytest.raises(NotFound):
        gateway.get(layout.run_result("one", "no-such-run"))
    for attempt in (
        lambda: gateway.get(layout.run_spec("one", "a")),
        lambda: gateway.get(layout.attempt_file("one", "a", 1, layout.WEIGHTS)),
        lambda: gateway.get(layout.attempt_file("one", "a", 1, layout.CHECKPOINTS + "1.pt")),
        lambda: gateway.put(model, b"5"),
        lambda: gateway.put(snapshot, b"5"),
        lambda: gateway.delete(snapshot),
        lambda: gateway.get(layout.snapshot_faults("one", "cells", "a" * 64)),
        lambda: gateway.put("one/capabilities/a/ledger/1", b"5"),
        lambda: gateway.delete(model),
        lambda: gateway.put("one/manifests/d.jsonl", b"5"),
        lambda: gateway.delete("one/manifests/d.jsonl"),
        lambda: list(gateway.list("one/")),
    ):
        with pytest.raises(Refused):
            attempt()


def test_an_account_ends_with_its_tenants_config_map(
    kube: KubeApi, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant(kube, "leaving")
    leaving = store_of(server, "leaving", monkeypatch)
    eventually(lambda: leaving.put("leaving/word", b"1"))
    kube.kubectl("delete", "configmap", "capforge-store-account-leaving", "--namespace", "accounts")

    def refused() -> bool:
        try:
            leaving.get("leaving/word")
        except Refused:
            return True
        return False

    eventually(refused)
    assert server.store().get("leaving/word") == b"1"

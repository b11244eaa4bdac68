"""The embedded object store and database, as images on volumes in pods that PodSecurity "restricted" admits."""

from __future__ import annotations

import contextlib
import os

import pytest

from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.store import AlreadyExists
from capforge_tools.errors import CommandFailedError
from tests.support.eventually import eventually
from tests.support.localcluster import Running, deliver

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the local cluster needs root")

PASSWORD = "a word with 'quotes'"


def server(cluster: Running, image: str, namespace: str, env: dict[str, str], port: int) -> str:
    """Run an image on a volume and a read-only root; return the pod's address."""
    cluster.namespace(namespace)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": "server", "namespace": namespace}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "server"}}, {"name": "tmp", "emptyDir": {}}]
    mounts = [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - in the pod
    spec = cluster.pod_spec("", mounts=mounts, volumes=volumes, restartPolicy="Always")
    container = spec["containers"][0]  # type: ignore[index]
    del container["command"]
    container["image"] = image
    container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    container["securityContext"]["readOnlyRootFilesystem"] = True
    container["readinessProbe"] = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    cluster.apply(
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
    )
    cluster.kubectl("wait", "--for=condition=Ready", "-n", namespace, "pod/server", "--timeout=90s")
    return cluster.kubectl("get", "pod", "server", "-n", namespace, "-o", "jsonpath={.status.podIP}")


def kill_main_process(cluster: Running, namespace: str) -> None:
    """End the container as a crash would, and wait until the kubelet has started it again."""
    # The container may be gone before the answer is.
    with contextlib.suppress(CommandFailedError):
        cluster.kubectl("exec", "-n", namespace, "server", "--", "python3", "-c", "import os; os.kill(1, 15)")

    def restarted() -> bool:
        path = "jsonpath={.status.containerStatuses[0].restartCount}{.status.containerStatuses[0].ready}"
        return cluster.kubectl("get", "pod", "server", "-n", namespace, "-o", path) == "1true"

    eventually(restarted, 60)


def test_the_object_store_keeps_objects_over_a_restart_and_honours_conditional_writes(cluster: Running) -> None:
    env = {"ROOT_ACCESS_KEY_ID": "key", "ROOT_SECRET_ACCESS_KEY": "secret-of-the-test", "CAPFORGE_BUCKET": "models"}
    address = server(cluster, deliver(cluster.layout, "object-store"), "object-store", env, 7070)
    store = S3ObjectStore.from_environment(
        "models",
        {
            "AWS_ENDPOINT_URL": f"http://{address}:7070",
            "AWS_ACCESS_KEY_ID": env["ROOT_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": env["ROOT_SECRET_ACCESS_KEY"],
        },
    )
    store.put_new("a/b.json", b"first")
    with pytest.raises(AlreadyExists):
        store.put_new("a/b.json", b"second")
    kill_main_process(cluster, "object-store")
    assert eventually(lambda: store.get("a/b.json")) == b"first"
    with pytest.raises(AlreadyExists):
        store.put_new("a/b.json", b"third")


def test_the_database_asks_for_its_password_and_keeps_rows_over_a_restart(cluster: Running) -> None:
    env = {"POSTGRES_USER": "app", "POSTGRES_DB": "documents", "POSTGRES_PASSWORD": PASSWORD}
    address = server(cluster, deliver(cluster.layout, "postgres"), "postgres", env, 5432)

    def sql(statement: str, password: str = PASSWORD) -> str:
        # By the pod's own address: local sockets need no password.
        client = ("psql", "-h", address, "-U", "app", "-d", "documents", "-tAqc", statement)
        arguments = ("exec", "-n", "postgres", "server", "--", "env", f"PGPASSWORD={password}")
        return cluster.kubectl(*arguments, *client).strip()

    eventually(lambda: sql("SELECT 1"))  # the port is open a moment before the server takes statements
    sql("CREATE TABLE words (word text); INSERT INTO words VALUES ('kept')")
    with pytest.raises(CommandFailedError, match="password authentication failed"):
        sql("SELECT 1", password="wrong")
    kill_main_process(cluster, "postgres")
    assert eventually(lambda: sql("SELECT word FROM words")) == "kept"


def test_a_database_without_a_password_says_what_is_missing(cluster: Running) -> None:
    cluster.namespace("no-password")
    image = deliver(cluster.layout, "postgres")
    spec = cluster.pod_spec("")
    container = spec["containers"][0]  # type: ignore[index]
    del container["command"]
    container["image"] = image
    metadata = {"name": "server", "namespace": "no-password"}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    wait = "--for=jsonpath={.status.phase}=Failed"
    cluster.kubectl("wait", wait, "-n", "no-password", "pod/server", "--timeout=60s")
    assert "POSTGRES_PASSWORD" in cluster.kubectl("logs", "-n", "no-password", "server")

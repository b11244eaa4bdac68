"""The servers that other tests stand on."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE

import pytest

from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.store import AlreadyExists
from capforge_tools.errors import CommandFailedError
from capforge_tools.places import REPOSITORY
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually
from tests.support.objectstore import s3_server
from tests.support.ports import free_port, free_ports, refusing_port

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "cups.test.example"},
    "spec": {
        "group": "test.example",
        "scope": "Namespaced",
        "names": {"kind": "Cup", "plural": "cups", "singular": "cup"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "integer", "minimum": 1}},
                                "x-kubernetes-validations": [
                                    {"rule": "self == oldSelf", "message": "spec.size cannot be changed"}
                                ],
                            },
                        },
                    },
                },
            },
        ],
    },
}


def cup(namespace: str, size: int) -> dict[str, object]:
    return {
        "apiVersion": "test.example/v1",
        "kind": "Cup",
        "metadata": {"name": "mine", "namespace": namespace},
        "spec": {"size": size},
    }


def test_the_api_server_enforces_applied_crds(kube: KubeApi, kube_namespace: str, tmp_path: Path) -> None:
    (tmp_path / "cups.yaml").write_text(json.dumps(CRD))
    kube.apply_crds(tmp_path)
    kube.apply(cup(kube_namespace, 2))
    with pytest.raises(CommandFailedError, match=r"spec\.size cannot be changed"):
        kube.apply(cup(kube_namespace, 3))
    assert kube.get("cup", "mine", "-n", kube_namespace)["spec"] == {"size": 2}


def test_the_api_server_takes_pods_that_nothing_runs(kube: KubeApi, kube_namespace: str) -> None:
    container = {"name": "main", "image": "example.invalid/none"}
    kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "idle", "namespace": kube_namespace},
            "spec": {"containers": [container]},
        }
    )
    assert kube.get("pod", "idle", "-n", kube_namespace)["status"]["phase"] == "Pending"


def test_of_many_writers_of_a_new_key_exactly_one_wins(s3_store: S3ObjectStore) -> None:
    def write(number: int) -> bool:
        try:
            s3_store.put_new("race/key", str(number).encode())
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1


def test_an_s3_server_that_comes_back_has_its_objects(tmp_path: Path) -> None:
    port = free_port()
    with s3_server(tmp_path, port) as first:
        first.store().put("a/b", b"kept")
    with s3_server(tmp_path, port) as second:
        assert second.store().get("a/b") == b"kept"


def test_ports_are_distinct() -> None:
    assert len(set(free_ports(20))) == 20


def test_no_two_processes_are_given_the_same_port() -> None:
    ask = "import sys; from tests.support.ports import free_ports; print(*free_ports(50), flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", ask]
    others = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=REPOSITORY) for _ in range(3)]
    try:
        given = [[int(port) for port in (one.stdout or pytest.fail("no pipe")).readline().split()] for one in others]
        given.append(free_ports(50))
        every = [port for ports in given for port in ports]
        assert len(set(every)) == len(every) == 200
    finally:
        for one in others:
            one.communicate("")


def test_a_port_comes_again_when_all_were_given_and_only_if_nothing_listens_on_it() -> None:
    busy, free = free_ports(2)
    with socket.create_server(("127.0.0.1", busy)):
        later = [free_port() for _ in range(400)]
    assert busy not in later
    assert free in later


def test_a_refusing_port_refuses_whoever_is_asked_for_ports_meanwhile() -> None:
    port = refusing_port()
    assert port not in free_ports(50)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_eventually_waits_for_an_answer() -> None:
    answers = iter([0, 0, 7])
    assert eventually(lambda: next(answers)) == 7


def test_eventually_tells_the_last_failure() -> None:
    def never() -> None:
        raise ValueError("the reason")

    with pytest.raises(AssertionError, match="the reason"):
        eventually(never, timeout_seconds=0.1)

"""Which cluster demo and tests use, and how kind is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from capforge_tools.cluster import kind
from capforge_tools.errors import ToolError
from capforge_tools.places import Places
from capforge_tools.selection import Cluster, kubeconfig, select

PLACES = Places(Path("/cache/capforge"), Path("/state/capforge"))


@pytest.mark.parametrize(
    ("env", "docker_answers", "expected"),
    [
        ({}, False, Cluster.LOCAL),
        ({}, True, Cluster.KIND),
        ({"CLUSTER": "current"}, True, Cluster.CURRENT),
        ({"CLUSTER": "current"}, False, Cluster.CURRENT),
        ({"CLUSTER": "local"}, True, Cluster.LOCAL),
        ({"CLUSTER": ""}, False, Cluster.LOCAL),
    ],
)
def test_what_is_asked_for_wins_then_kind_then_the_local_cluster(
    env: dict[str, str], docker_answers: bool, expected: Cluster
) -> None:
    assert select(env, lambda: docker_answers) is expected


def test_an_unknown_word_is_refused_with_those_allowed() -> None:
    with pytest.raises(ToolError, match="CLUSTER is 'minikube'; allowed are current, kind, local"):
        select({"CLUSTER": "minikube"}, lambda: False)


@pytest.mark.parametrize(
    ("cluster", "env", "expected"),
    [
        (Cluster.CURRENT, {"KUBECONFIG": "/a:/b"}, "/a:/b"),
        (Cluster.CURRENT, {"HOME": "/home/me"}, "/home/me/.kube/config"),
        (Cluster.LOCAL, {"KUBECONFIG": "/a"}, "/state/capforge/cluster/kubeconfig"),
        (Cluster.KIND, {}, "/state/capforge/kind/kubeconfig"),
    ],
)
def test_each_cluster_has_its_kubeconfig(cluster: Cluster, env: dict[str, str], expected: str) -> None:
    assert kubeconfig(cluster, PLACES, env) == expected


def test_kind_makes_two_nodes_for_work_and_writes_a_kubeconfig_of_its_own() -> None:
    assert kind.configuration()["nodes"] == [{"role": "control-plane"}, {"role": "worker"}, {"role": "worker"}]
    assert kind.create_command("kind", Path("/c.json"), Path("/k")) == (
        *("kind", "create", "cluster", "--name", "capforge", "--wait", "180s"),
        *("--config", "/c.json", "--kubeconfig", "/k"),
    )


def test_kind_loads_all_images_at_once() -> None:
    assert kind.load_command("kind", ["a:1", "b:2"]) == (
        *("kind", "load", "docker-image", "--name", "capforge", "a:1", "b:2"),
    )

"""Which cluster demo and tests use."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

from capforge_tools.errors import ToolError
from capforge_tools.images import docker
from capforge_tools.places import Places


class Cluster(Enum):
    """The three kinds, by the words that the variable CLUSTER takes."""

    CURRENT = "current"
    """The one of the kubeconfig in force."""
    KIND = "kind"
    """kind's, in a Docker engine."""
    LOCAL = "local"
    """Ours, run from source on this machine."""


def select(env: Mapping[str, str] = os.environ, docker_answers: Callable[[], bool] = docker.answers) -> Cluster:
    """Return what CLUSTER says; where it says nothing: kind if a Docker engine answers, else our own."""
    word = env.get("CLUSTER", "")
    if word:
        try:
            return Cluster(word)
        except ValueError as error:
            allowed = ", ".join(each.value for each in Cluster)
            raise ToolError(f"CLUSTER is {word!r}; allowed are {allowed}, or nothing to choose by itself") from error
    return Cluster.KIND if docker_answers() else Cluster.LOCAL


def kubeconfig(cluster: Cluster, places: Places, env: Mapping[str, str] = os.environ) -> str:
    """Return the kubeconfig (as the variable KUBECONFIG takes it) of the chosen cluster."""
    if cluster is Cluster.CURRENT:
        return env.get("KUBECONFIG") or str(Path(env.get("HOME") or Path.home()) / ".kube" / "config")
    return str(places.cluster / "kubeconfig" if cluster is Cluster.LOCAL else places.state / "kind" / "kubeconfig")

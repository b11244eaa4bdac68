"""Pods of the installation and of its Jobs, and what can befall them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from capforge_demo.clients import Clients
from capforge_demo.settings import SYSTEM_NAMESPACE
from capforge_tools.cluster import containers
from capforge_tools.cluster.layout import Layout, Node
from capforge_tools.cluster.losing import node_named
from capforge_tools.errors import CommandFailedError
from capforge_tools.selection import Cluster as Selected
from tests.support.e2e import Json, System
from tests.support.eventually import eventually

_COMPONENT = "app.kubernetes.io/component"
_PART_OF = "app.kubernetes.io/part-of=capforge"
_READY_SECONDS = 180.0


@dataclass(frozen=True)
class Pod:
    """One pod as it was when it was listed."""

    document: Json

    @property
    def name(self) -> str:
        """Its name; a replaced pod of a StatefulSet has the same."""
        return str(self.document["metadata"]["name"])

    @property
    def uid(self) -> str:
        """What no other pod has."""
        return str(self.document["metadata"]["uid"])

    @property
    def node(self) -> str:
        """The node's name; empty before it is placed."""
        return str(self.document["spec"].get("nodeName", ""))

    @property
    def address(self) -> str:
        """The pod's address; empty before it has one."""
        return str(self.document["status"].get("podIP", ""))

    @property
    def is_ready(self) -> bool:
        """Ready, and not on its way out."""
        conditions = self.document["status"].get("conditions", [])
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        return ready and "deletionTimestamp" not in self.document["metadata"]

    @property
    def is_active(self) -> bool:
        """It runs or will run."""
        return self.document["status"].get("phase") in {"Pending", "Running"}

    def container(self, name: str) -> Json:
        """Return a container's status; raises StopIteration before there is one."""
        statuses: list[Json] = self.document["status"].get("containerStatuses", [])
        return next(one for one in statuses if one["name"] == name)


@dataclass(frozen=True)
class Workloads:
    """The pods of one namespace."""

    system: System
    namespace: str = SYSTEM_NAMESPACE

    @property
    def clients(self) -> Clients:
        """Kubectl and helm."""
        return self.system.clients

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.clients.kubectl("--namespace", self.namespace, *arguments, stdin=stdin)

    def pods(self, component: str) -> list[Pod]:
        """Return the pods of a component (operator, gateway, serving, object-store, postgresql, snapshot, trainer)."""
        selector = f"--selector={_PART_OF},{_COMPONENT}={component}"
        listed: list[Json] = json.loads(self.kubectl("get", "pods", selector, "--output=json"))["items"]
        return [Pod(one) for one in listed]

    def ready(self, component: str) -> list[Pod]:
        """Return those that are ready."""
        return [one for one in self.pods(component) if one.is_ready]

    def until_ready(self, component: str, count: int, timeout_seconds: float = _READY_SECONDS) -> list[Pod]:
        """Wait until exactly so many pods are ready and no other is left."""

        def settled() -> list[Pod]:
            found = self.pods(component)
            assert len(found) == count, f"{len(found)} pods of {component}, expected {count}"
            assert all(one.is_ready for one in found), f"not all of {component} are ready"
            return found or [Pod({})]

        return eventually(settled, timeout_seconds, 0.5)

    def delete_now(self, *pods: Pod) -> None:
        """`kubectl delete --force`: the API forgets the pod at once, nobody waits for its end. Gone already is fine."""
        for pod in pods:
            self.kubectl(
                *("delete", "pod", pod.name, "--force", "--grace-period=0", "--ignore-not-found", "--wait=false")
            )

    def kill(self, pod: Pod, container: str) -> bool:
        """Send KILL to a container's processes; False where it had ended already. On the local cluster only."""
        node = local_node(self.system, pod.node)
        try:
            containers.kill(node, str(pod.container(container)["containerID"]).removeprefix("containerd://"))
        except (CommandFailedError, StopIteration, KeyError):
            return False
        return True

    def restarts(self, pod: Pod, container: str) -> int:
        """Return how often a container of the pod was started again."""
        now = next(one for one in self.pods(_component(pod)) if one.uid == pod.uid)
        return int(now.container(container)["restartCount"])

    def scale(self, deployment: str, replicas: int) -> None:
        """Scale and return at once."""
        self.kubectl("scale", f"deployment/{deployment}", f"--replicas={replicas}")

    def rolled_out(self, deployment: str) -> None:
        """Wait until every pod is of the newest template and ready."""
        self.kubectl("rollout", "status", f"deployment/{deployment}", f"--timeout={_READY_SECONDS:.0f}s")


def local_layout(system: System) -> Layout:
    """Return the local cluster; skips on another one, where these tests cannot reach the machines."""
    if system.settings.cluster is not Selected.LOCAL:
        pytest.skip(
            f"kills containers and nodes from outside: needs CLUSTER=local, not {system.settings.cluster.value}"
        )
    return Layout(system.settings.places)


def local_node(system: System, name: str) -> Node:
    """Return a node of the local cluster; skips on another one."""
    return node_named(local_layout(system), name)


def _component(pod: Pod) -> str:
    labels: dict[str, Any] = pod.document["metadata"]["labels"]
    return str(labels[_COMPONENT])

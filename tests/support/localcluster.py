"""Fixture `cluster`: a whole local cluster of the tests' own, beside the one that people use."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from capforge_tools import debian
from capforge_tools.cluster.down import down
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.survey import leftovers, processes
from capforge_tools.cluster.up import up
from capforge_tools.commands import run
from capforge_tools.images.build import build_all
from capforge_tools.images.buildah import BuildahEngine
from capforge_tools.images.deliver import to_local_nodes
from capforge_tools.images.table import Table
from capforge_tools.places import REPOSITORY, Places
from capforge_tools.processes import end

_NUMBERS = range(3, 11)
"""Those below are people's own and the demo's; the addresses end with the last."""


@dataclass(frozen=True)
class Running:
    layout: Layout
    image: str
    """Has Python."""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        program = self.layout.places.binaries / "kubectl"
        return run(program, "--kubeconfig", self.layout.kubeconfig, *arguments, stdin=stdin)

    def apply(self, *objects: dict[str, object]) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def namespace(self, name: str) -> str:
        enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": enforce}})
        return name

    def pod_spec(self, script: str, **more: object) -> dict[str, object]:
        """A pod that PodSecurity "restricted" admits."""
        container = {
            "name": "main",
            "image": self.image,
            "command": ["python3", "-c", script],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": more.pop("mounts", []),
        }
        security = {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        return {
            "securityContext": security,
            "containers": [container],
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            **more,
        }

    def run_pod(self, namespace: str, name: str, script: str, **more: object) -> str:
        """Run a pod to its end and return what it printed."""
        spec = self.pod_spec(script, **more)
        self.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
        )
        wait = "--for=jsonpath={.status.phase}=Succeeded"
        self.kubectl("wait", wait, "-n", namespace, f"pod/{name}", "--timeout=60s")
        return self.kubectl("logs", "-n", namespace, name)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Running]:
    with free_number() as number:
        yield from _running(number)


def _running(number: int) -> Iterator[Running]:
    debian.install_missing(debian.CLUSTER)  # on a new machine what looks around is not there either
    layout = new_layout(number)
    before = world()
    try:
        up(layout)
        yield Running(layout, deliver(layout, "base"))
    finally:
        down(layout)
        shutil.rmtree(layout.places.state)
    assert leftovers(layout) == []
    assert [line for line in world() - before if layout.name in line or str(layout.places.state) in line] == []


@contextmanager
def free_number() -> Iterator[int]:
    """A number that no cluster on this machine has, kept from other test runs for the block."""
    for number in _NUMBERS:
        with Path(tempfile.gettempdir(), f"capforge-test-cluster-{number}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if not processes(Layout(Places.from_environment(), number)):
                yield number
                return
    raise AssertionError(f"the numbers {_NUMBERS} of local clusters are all in use on this machine")


def new_layout(number: int) -> Layout:
    """A cluster in a state folder of its own."""
    # Short: the sockets below it may have 108 characters.
    return Layout(Places(Places.from_environment().cache, Path(tempfile.mkdtemp(prefix="cf-"))), number)


def kill_everything(layout: Layout) -> None:
    """End all processes of a cluster as a crash of the machine would."""
    # A shim may start something while others end.
    while pids := processes(layout):
        end(pids, grace_seconds=0)


def deliver(layout: Layout, name: str) -> str:
    """Build an image if its inputs changed, bring it to the cluster's nodes and return its reference."""
    debian.install_missing(debian.IMAGES)
    engine = BuildahEngine(layout.places)
    image = build_all(Table.load(REPOSITORY), engine, (name,), layout.places)[-1]
    to_local_nodes(layout, engine, [image])
    return image.reference


def world() -> set[str]:
    """Everything that a cluster can leave on a machine, a line each."""
    commands = (
        ("ip", "-oneline", "link"),
        ("ip", "route"),
        ("ip", "netns"),
        ("iptables-save",),
        ("ps", "-eo", "args"),
        ("find", "/sys/fs/cgroup", "-type", "d"),
        ("find", "/run/containerd", "/var/lib/cni", "/var/log/containers", "/run/netns"),
        ("cat", "/proc/mounts"),
    )
    outputs = (subprocess.run(words, capture_output=True, text=True, check=False).stdout for words in commands)
    return {line for output in outputs for line in output.splitlines()}

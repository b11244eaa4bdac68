"""Fixture `cluster`: a whole local cluster of the tests' own, beside the one that people use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from capforge_tools import debian
from capforge_tools.cluster.down import down
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.survey import leftovers
from capforge_tools.cluster.up import up
from capforge_tools.commands import run
from capforge_tools.images.build import build_all
from capforge_tools.images.buildah import BuildahEngine
from capforge_tools.images.deliver import to_local_nodes
from capforge_tools.images.table import Table
from capforge_tools.places import REPOSITORY, Places

FIRST_NUMBER = 3


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
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    # Short: the sockets below it may have 108 characters.
    state = Path(tempfile.mkdtemp(prefix="cf-"))
    places = Places(Places.from_environment().cache, state)
    layout = Layout(places, FIRST_NUMBER + worker)
    before = world()
    try:
        up(layout)
        yield Running(layout, deliver(layout, "base"))
    finally:
        down(layout)
        shutil.rmtree(state)
    assert leftovers(layout) == []
    assert [line for line in world() - before if layout.name in line or str(state) in line] == []


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

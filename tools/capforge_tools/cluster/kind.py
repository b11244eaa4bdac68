"""A cluster by kind, where a Docker engine answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from capforge_tools import binaries
from capforge_tools.commands import run
from capforge_tools.console import say, step
from capforge_tools.files import write_if_changed

NAME = "capforge"
_READY = "180s"
_NODES = ("control-plane", "worker", "worker")


def up(kubeconfig: Path) -> None:
    """Create the cluster unless there is one; its kubeconfig is written in both cases."""
    kind = program()
    if NAME not in run(kind, "get", "clusters").split():
        config = write_if_changed(kubeconfig.parent / "kind.json", json.dumps(configuration()) + "\n")
        with step("create a kind cluster"):
            run(*create_command(kind, config, kubeconfig))
    run(kind, "export", "kubeconfig", "--name", NAME, "--kubeconfig", kubeconfig)
    say(f"the kind cluster runs; KUBECONFIG={kubeconfig}")


def down() -> None:
    """Delete the cluster; none is fine."""
    with step("delete the kind cluster"):
        run(program(), "delete", "cluster", "--name", NAME)


def status() -> str:
    """Say whether the cluster is there."""
    there = NAME in run(program(), "get", "clusters").split()
    return f"the kind cluster {NAME!r} {'is there' if there else 'is not there (start it by `make cluster-up`)'}"


def load(references: Sequence[str]) -> None:
    """Load images of the Docker engine into every node."""
    run(*load_command(program(), references))


def program() -> str:
    """Return the kind program: the machine's own, else one built from its pinned source."""
    return shutil.which("kind") or str(binaries.ensure("kind") / "kind")


def configuration() -> dict[str, object]:
    """Return kind's configuration: two nodes for work, as the local cluster has."""
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [{"role": role} for role in _NODES],
    }


def create_command(kind: str, config: Path, kubeconfig: Path) -> tuple[str, ...]:
    """Return the command line that creates the cluster."""
    return (
        *(kind, "create", "cluster", "--name", NAME, "--wait", _READY),
        *("--config", str(config), "--kubeconfig", str(kubeconfig)),
    )


def load_command(kind: str, references: Sequence[str]) -> tuple[str, ...]:
    """Return the command line that loads images."""
    return (kind, "load", "docker-image", "--name", NAME, *references)

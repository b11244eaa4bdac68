"""Containers in the nodes' runtimes."""

from __future__ import annotations

from capforge_tools.cluster.layout import Node
from capforge_tools.commands import run


def kill(node: Node, container_id: str) -> None:
    """Send KILL to all processes of a container (its id without `containerd://`); raises CommandFailedError."""
    address = ("--address", str(node.containerd_socket), "--namespace", "k8s.io")
    run("ctr", *address, "tasks", "kill", "--all", "--signal", "SIGKILL", container_id)

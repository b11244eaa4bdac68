"""Losing a node without a warning, as when a machine's power fails. `up` brings it back."""

from __future__ import annotations

import shutil

from capforge_tools.cluster import elsewhere, network, survey
from capforge_tools.cluster.layout import Layout, Node
from capforge_tools.console import step
from capforge_tools.errors import ToolError
from capforge_tools.locks import exclusive
from capforge_tools.privileges import require_root
from capforge_tools.processes import end

_ROUNDS = 5


def node_named(layout: Layout, name: str) -> Node:
    """Return a node of the cluster; raises ToolError naming those that there are."""
    for node in layout.nodes:
        if node.name == name:
            return node
    raise ToolError(f"there is no node {name!r}; there are: {', '.join(node.name for node in layout.nodes)}")


def lose(layout: Layout, node: Node) -> None:
    """Take a node away: cable, processes, mounts and network. Its disk (images, volumes) stays as it is.

    The cable is cut first: nobody is told by a closed connection. The control plane notices after its grace period.
    """
    require_root("losing a node ends its processes and removes its mounts")
    with exclusive(layout.lock, "the local cluster"), step(f"lose {node.name}"):
        network.cut(node)
        _kill(layout, node)
        survey.unmount(survey.mounts_below(node.folder))
        network.remove_namespace(node)
        for socket in elsewhere.shim_sockets(node):
            socket.unlink(missing_ok=True)
        forget_containers(node)


def forget_containers(node: Node) -> None:
    """Remove what a container runtime must not find again when its containers ended with the machine."""
    for folder in (node.containerd_state, node.folder / "cni-leases"):
        shutil.rmtree(folder, ignore_errors=True)


def _kill(layout: Layout, node: Node) -> None:
    # A process may have started another one meanwhile: look again until nothing is found.
    for _ in range(_ROUNDS):
        pids = survey.node_processes(layout, node)
        if not pids:
            return
        end(pids, grace_seconds=0)

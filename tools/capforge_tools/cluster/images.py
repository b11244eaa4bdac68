"""Images in the nodes' container runtimes."""

from __future__ import annotations

from pathlib import Path

from capforge_tools.cluster.layout import Layout, Node
from capforge_tools.commands import run


def present(node: Node) -> set[str]:
    """Return the references of the images that the node has."""
    return set(_ctr(node, "images", "list", "--quiet").split())


def lacking(layout: Layout, reference: str) -> list[Node]:
    """Return the nodes that do not have the image."""
    return [node for node in layout.nodes if reference not in present(node)]


def load(node: Node, archive: Path) -> None:
    """Import an image archive; its layers are unpacked at once, so that the first pod does not wait for it."""
    _ctr(node, "images", "import", archive)


def _ctr(node: Node, *arguments: str | Path) -> str:
    return run("ctr", "--address", node.containerd_socket, "--namespace", "k8s.io", *arguments)

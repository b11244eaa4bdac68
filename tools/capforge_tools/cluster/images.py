"""Images in the nodes' container runtimes."""

from __future__ import annotations

from pathlib import Path

from capforge_tools.cluster.layout import Node
from capforge_tools.commands import run

__all__ = ["Node", "content", "load", "present"]


def present(node: Node) -> set[str]:
    """Return the references of the images that the node has."""
    return set(_ctr(node, "images", "list", "--quiet").split())


def content(node: Node) -> set[str]:
    """Return the digests of all layers, configurations and manifests that the node has."""
    return set(_ctr(node, "content", "list", "--quiet").split())


def load(node: Node, archive: Path) -> None:
    """Import an image archive; its layers are unpacked at once, so that the first pod does not wait for it."""
    _ctr(node, "images", "import", archive)


def _ctr(node: Node, *arguments: str | Path) -> str:
    return run("ctr", "--address", node.containerd_socket, "--namespace", "k8s.io", *arguments)

"""Bringing built images to where the chosen cluster runs them."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from capforge_tools.cluster import images as node_images
from capforge_tools.cluster import kind
from capforge_tools.cluster.layout import Layout
from capforge_tools.console import step
from capforge_tools.images.build import Built
from capforge_tools.images.buildah import BuildahEngine
from capforge_tools.images.exported import ExportedImage


def to_local_nodes(cluster: Layout, engine: BuildahEngine, images: list[Built]) -> None:
    """Import the images into every node of the local cluster that lacks them, each with only the layers it lacks."""
    present = {node: node_images.present(node) for node in cluster.nodes}
    for built in images:
        nodes = [node for node in cluster.nodes if built.reference not in present[node]]
        if nodes:
            with step(f"bring {built.reference} to {', '.join(node.name for node in nodes)}"):
                _deliver(engine, built.reference, nodes)


def to_kind(images: list[Built]) -> None:
    """Load the images into kind's nodes (kind skips those that are there)."""
    with step(f"load {len(images)} images into kind"):
        kind.load([built.reference for built in images])


def _deliver(engine: BuildahEngine, reference: str, nodes: list[node_images.Node]) -> None:
    with tempfile.TemporaryDirectory(prefix="capforge-image-", dir=engine.places.cache) as name:
        folder = Path(name) / "image"
        engine.export(reference, folder)
        exported = ExportedImage(folder)
        # At once: unpacking uses one core per node.
        with ThreadPoolExecutor(len(nodes)) as pool:
            list(pool.map(lambda node: _load(exported, reference, node), nodes))


def _load(exported: ExportedImage, reference: str, node: node_images.Node) -> None:
    present = node_images.content(node)
    with node_images.loading(node) as stream:
        exported.write_archive(reference, stream, present)

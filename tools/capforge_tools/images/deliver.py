"""Bringing built images to where the chosen cluster runs them."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from capforge_tools.cluster import images as node_images
from capforge_tools.cluster import kind
from capforge_tools.cluster.layout import Layout
from capforge_tools.console import step
from capforge_tools.images.build import Built
from capforge_tools.images.buildah import BuildahEngine
from capforge_tools.images.layout import OciLayout
from capforge_tools.locks import exclusive


def to_local_nodes(cluster: Layout, engine: BuildahEngine, images: list[Built], *, all_of_them: bool) -> None:
    """Import the images into every node of the local cluster that lacks them, each with only the layers it lacks.

    With `all_of_them`, exports of older builds are forgotten.
    """
    store = OciLayout(engine.places.cache / "oci")
    lacking = {node: [b for b in images if b.reference not in node_images.present(node)] for node in cluster.nodes}
    if not any(lacking.values()):
        return
    with exclusive(engine.places.state / "oci.lock", "exporting images"):
        store.folder.mkdir(parents=True, exist_ok=True)
        for built in images:
            nodes = [node for node, missing in lacking.items() if built in missing]
            if nodes:
                with step(f"bring {built.reference} to {', '.join(node.name for node in nodes)}"):
                    engine.export(built.reference, store.folder, _name(built))
                    for node in nodes:
                        _import(store, node, built)
        if all_of_them:
            store.keep_only({_name(built) for built in images})


def to_kind(images: list[Built]) -> None:
    """Load the images into kind's nodes (kind skips those that are there)."""
    with step(f"load {len(images)} images into kind"):
        kind.load([built.reference for built in images])


def _import(store: OciLayout, node: node_images.Node, built: Built) -> None:
    with tempfile.TemporaryDirectory(dir=store.folder.parent) as folder:
        archive = Path(folder) / "image.tar"
        store.write_archive(_name(built), built.reference, archive, node_images.content(node))
        node_images.load(node, archive)


def _name(built: Built) -> str:
    """Return a name without the characters that OCI layouts reserve."""
    return hashlib.sha256(built.reference.encode()).hexdigest()[:16]

"""The manifest: written line by line, stored under its own digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from capforge_contracts import layout
from capforge_contracts.dataset import manifest_lines
from capforge_contracts.store import ObjectStore
from capforge_snapshot.index import Index
from capforge_snapshot.labels import labelled_images
from capforge_snapshot.plan import Plan
from capforge_snapshot.tally import Tally


def freeze(
    index: Index, plan: Plan, namespace: str, store: ObjectStore, path: Path, *, annotated: bool = False
) -> tuple[str, Tally]:
    """Write the manifest of the images that stay to `path`, store it, return its digest and what it holds.

    `annotated`: they are the namespace's own images, whose bytes go when people delete them.
    """
    tally = Tally()
    tally.classes.update(dict.fromkeys(plan.classes, 0))
    items = tally.images(plan.item(labelled) for labelled in labelled_images(index))
    return store_manifest(manifest_lines(plan.classes, items, annotated=annotated), namespace, store, path), tally


def store_manifest(lines: Iterator[bytes], namespace: str, store: ObjectStore, path: Path) -> str:
    """Write the lines to `path`, store the file under its digest, return the digest."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for line in lines:
            digest.update(line)
            file.write(line)
    key = layout.manifest(namespace, digest.hexdigest())
    if not store.exists(key):
        store.put_file(key, path)
    return digest.hexdigest()

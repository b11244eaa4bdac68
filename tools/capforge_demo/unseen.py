"""Images that the model was not trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from capforge.cluster.connection import Cluster
from capforge.data import credentials
from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, read_manifest
from capforge_contracts.store import ObjectStore
from capforge_demo.coco import CocoFolder, Picture, pictures
from capforge_demo.manifests import Example


def unseen(data: CocoFolder, example: Example, cluster: Cluster, namespace: str) -> list[Picture]:
    """Return the folder's labelled images that the run reads for test (for dev where there is no test), by name.

    The locked datasets say by content which these are: the folder may have changed since.
    """
    selections = example.run["spec"]["datasets"]
    access = credentials.from_secret(cluster, namespace)
    with credentials.opened(access, access.bucket or "") as store:
        digests = {
            item.sha256
            for selection in selections.get("test") or selections["dev"]
            for item in _items(store, cluster, namespace, selection)
        }
    labelled = [one for path in data.files.values() for one in pictures(path)]
    return [one for one in labelled if hashlib.sha256(one.path.read_bytes()).hexdigest() in digests]


def typical(candidates: list[Picture]) -> Picture:
    """Return the image with the median number of objects: chosen before anything is predicted."""
    ordered = sorted(candidates, key=lambda one: (len(one.objects), one.path))
    return ordered[len(ordered) // 2]


def spread(candidates: list[Picture], count: int) -> list[Picture]:
    """Return at most so many of them at equal distances: neighbours are often alike."""
    return candidates[:: -(-len(candidates) // count)]


def _items(store: ObjectStore, cluster: Cluster, namespace: str, selection: dict[str, str]) -> Iterator[ManifestItem]:
    digest = cluster.object("datasets", namespace, selection["name"])["status"]["digest"]
    _, items = read_manifest(store.get(layout.manifest(namespace, digest)))
    split = selection.get("split")
    return (item for item in items if split is None or item.split == split)

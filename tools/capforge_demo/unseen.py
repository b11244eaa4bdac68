"""Images that the model was not trained on."""

from __future__ import annotations

import hashlib

from capforge.cluster.connection import Cluster
from capforge.data import credentials
from capforge_contracts import layout
from capforge_contracts.dataset import Split, read_manifest
from capforge_demo.coco import CocoFolder, Picture, pictures
from capforge_demo.manifests import Example


def unseen(data: CocoFolder, example: Example, cluster: Cluster, namespace: str) -> list[Picture]:
    """Return the labelled images of test (of dev where there is no test), by name.

    Where the Dataset divided one file, its locked manifest says by content which image is in which part.
    """
    if data.is_divided:
        return pictures(data.files.get("test") or data.files["dev"])
    name = example.datasets["all"]["metadata"]["name"]
    digest = cluster.object("datasets", namespace, name)["status"]["digest"]
    access = credentials.from_secret(cluster, namespace)
    with credentials.opened(access, access.bucket or "") as store:
        _, items = read_manifest(store.get(layout.manifest(namespace, digest)))
        held_out = {item.sha256 for item in items if item.split is not Split.TRAIN}
    return [one for one in pictures(data.files["all"]) if hashlib.sha256(one.path.read_bytes()).hexdigest() in held_out]


def typical(candidates: list[Picture]) -> Picture:
    """Return the image with the median number of objects: chosen before anything is predicted."""
    ordered = sorted(candidates, key=lambda one: (len(one.objects), one.path))
    return ordered[len(ordered) // 2]

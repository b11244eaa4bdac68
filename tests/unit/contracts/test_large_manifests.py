"""Manifests of many images are read line by line: the operator, which reads them too, has 256 MiB."""

from __future__ import annotations

import tracemalloc
from collections import deque

from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, write_manifest
from capforge_contracts.manifests import labelled_items

IMAGES = 1000


def test_reading_a_manifest_takes_no_second_copy_of_it() -> None:
    entities = [ManifestEntity(class_name="cell", box=[float(at), 0, 20, 30]) for at in range(20)]
    items = [
        ManifestItem(
            sha256=f"{number:064x}", name=f"{number}.png", width=64, height=64, split=Split.TRAIN, entities=entities
        )
        for number in range(IMAGES)
    ]
    data = write_manifest(["cell"], items)
    tracemalloc.start()
    try:
        deque(labelled_items(data), maxlen=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(data) / 4

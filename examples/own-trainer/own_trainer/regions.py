"""From locked datasets to crops: the same pixels that the gateway will cut out when the model serves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, read_manifest
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.run import CropSettings, DatasetSelection, RunSpec
from capforge_contracts.store import NotFound, ObjectStore
from capforge_transforms import DEFAULT_LIMITS, ImageError, Region, transforms
from own_trainer.ending import EndError

Pixels = NDArray[np.uint8]


@dataclass
class Regions:
    """The crops of one role (train, dev or test), and which output each is."""

    crops: Pixels
    """uint8 [N,height,width,3]."""
    positions: NDArray[np.int64]
    """[N]."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Entities of classes that are not outputs."""

    def __len__(self) -> int:
        return len(self.positions)


def regions(store: ObjectStore, spec: RunSpec, chosen: list[DatasetSelection], crop: CropSettings) -> Regions:
    """Read manifests, decode each image once, cut out every entity of an output class; raises EndError, StoreError."""
    places = {output.name: output.position for output in spec.outputs}
    ignored: Counter[str] = Counter()
    cut: list[Pixels] = [np.zeros((0, crop.height, crop.width, 3), np.uint8)]
    positions: list[int] = []
    for item in _items(store, spec.namespace, chosen):
        wanted = [one for one in item.entities if one.class_name in places]
        ignored.update(one.class_name for one in item.entities if one.class_name not in places)
        if wanted:
            found = [Region(one.box, one.polygon) for one in wanted]
            cut.append(transforms().crops(_pixels(store, spec.namespace, item), found, crop))
            positions += [places[one.class_name] for one in wanted]
    return Regions(np.concatenate(cut), np.asarray(positions, np.int64), ignored)


def _items(store: ObjectStore, namespace: str, chosen: list[DatasetSelection]) -> Iterator[ManifestItem]:
    for one in chosen:
        _, items = read_manifest(store.get(layout.manifest(namespace, one.digest)))
        yield from (item for item in items if one.split in (None, item.split))


def _pixels(store: ObjectStore, namespace: str, item: ManifestItem) -> Pixels:
    try:
        return transforms().decode(store.get(layout.blob(namespace, item.sha256)), DEFAULT_LIMITS)
    except (ImageError, NotFound) as error:
        raise EndError(ExitCode.BAD_DATA, f"{item.name}: {error}") from error

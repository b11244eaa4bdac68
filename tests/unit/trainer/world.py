"""A small world to train in: drawn images, a dataset in a store, a run that asks for it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, write_manifest
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import (
    CapabilityType,
    CropSettings,
    DatasetSelection,
    Output,
    RunDatasets,
    RunSpec,
    run_digest,
)
from capforge_contracts.store import ObjectStore
from capforge_trainer.overrides import merged
from capforge_trainer.templates import ANCHOR_FREE_DETECTOR
from capforge_transforms import Region, transforms

NAMESPACE = "team-a"
SIDE = 96
COLOURS = {"disc": (220, 60, 60), "square": (60, 90, 220)}
TINY = [
    "model.inputLongSidePixels=96",
    "model.neckChannels=32",
    "augmentation.mosaic=0",
    "augmentation.turnDegrees=0",
    "augmentation.stretch=0",
    "augmentation.scaleMin=0.9",
    "augmentation.scaleMax=1.1",
    "augmentation.colour=0.1",
    "optimizer.batchSize=2",
    "optimizer.learningRate=0.002",
    "optimizer.warmupSteps=5",
    "optimizer.emaDecay=0.9",
    "optimizer.precision=Float32",
    "schedule.maxEpochs=40",
    "schedule.evaluations=3",
    "schedule.loaderThreads=1",
]
"""Parameters that learn the drawn world in seconds."""


def picture(seed: int, *, classes: tuple[str, ...] = ("disc", "square")) -> tuple[np.ndarray, list[ManifestEntity]]:
    """Draw one object of each class in its own half of a noisy image; return RGB pixels and gold."""
    random = np.random.default_rng(seed)
    pixels = random.integers(150, 200, (SIDE, SIDE, 3)).astype(np.uint8)
    entities = []
    for half, name in enumerate(classes):
        size = int(random.integers(20, 36))
        left = int(random.integers(4, SIDE - size - 4))
        top = half * SIDE // 2 + int(random.integers(2, SIDE // 2 - size - 2))
        _draw(pixels, name, left, top, size)
        entities.append(ManifestEntity(class_name=name, box=[left, top, left + size, top + size]))
    return pixels, entities


def crops_of(seeds: range, crop: CropSettings) -> np.ndarray:
    """Return the regions of these pictures, cut as the gateway cuts them."""
    cut = []
    for seed in seeds:
        pixels, entities = picture(seed)
        cut.append(transforms().crops(pixels, [Region(one.box) for one in entities], crop))
    return np.concatenate(cut)


def outputs_named(*names: str) -> list[Output]:
    """Return a capability's classes, in this order."""
    return [Output(position=position, name=name) for position, name in enumerate(names)]


def _draw(pixels: np.ndarray, name: str, left: int, top: int, size: int) -> None:
    if name == "square":
        pixels[top : top + size, left : left + size] = COLOURS[name]
    else:
        cv2.circle(pixels, (left + size // 2, top + size // 2), size // 2, COLOURS.get(name, (40, 200, 40)), -1)


def put_item(
    store: ObjectStore, seed: int, *, compression: int = 1, classes: tuple[str, ...] = ("disc", "square")
) -> ManifestItem:
    """Store one drawn image; another compression gives other bytes with the same pixels."""
    pixels, entities = picture(seed, classes=classes)
    settings = [cv2.IMWRITE_PNG_COMPRESSION, compression]
    data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), settings)[1].tobytes()
    digest = sha256_hex(data)
    store.put(layout.blob(NAMESPACE, digest), data)
    return ManifestItem(
        sha256=digest, name=f"{seed}.png", width=SIDE, height=SIDE, split=Split.TRAIN, entities=entities
    )


def put_dataset(store: ObjectStore, name: str, items: list[ManifestItem]) -> DatasetSelection:
    """Store a manifest; return the selection of all of it."""
    classes = {entity.class_name for item in items for entity in item.entities}
    data = write_manifest(classes, items)
    digest = sha256_hex(data)
    store.put(layout.manifest(NAMESPACE, digest), data)
    return DatasetSelection(name=name, digest=digest)


def put_run(store: ObjectStore, datasets: RunDatasets, settings: list[str], **changes: Any) -> RunSpec:
    """Store run.json for the datasets; `settings` are overrides as on the command line."""
    fields: dict[str, Any] = {
        "namespace": NAMESPACE,
        "capability": "shapes",
        "capability_type": CapabilityType.DETECTOR,
        "run": "shapes-1",
        "digest": "",
        "outputs": [Output(position=0, name="disc"), Output(position=1, name="square")],
        "datasets": datasets,
        "template": ANCHOR_FREE_DETECTOR.name,
        "parameters": merged(ANCHOR_FREE_DETECTOR.defaults(), settings),
        "seed": 7,
        "time_budget_seconds": 600,
        "image": "trainer:test",
        **changes,
    }
    spec = RunSpec(**fields)
    spec = spec.model_copy(update={"digest": run_digest(spec)})
    store.put(layout.run_spec(NAMESPACE, spec.digest), spec.to_json())
    return spec


def small_datasets(store: ObjectStore, train: int = 8, dev: int = 4) -> RunDatasets:
    """Store a train and a dev set of different images."""
    return RunDatasets(
        train=[put_dataset(store, "train", [put_item(store, seed) for seed in range(train)])],
        dev=[put_dataset(store, "dev", [put_item(store, 100 + seed) for seed in range(dev)])],
    )

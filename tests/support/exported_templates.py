"""Exports one untrained model of each template of images and regions: `python -m tests.support.exported_templates
<folder>`.

Runs in the trainer's environment; leaves `<template>.onnx` and `<template>.npz` (the golden request) in the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from capforge_contracts.run import CapabilityType, CropSettings
from capforge_trainer.classification.network import Scored, network_of
from capforge_trainer.classification.parameters import ClassifierParameters
from capforge_trainer.config import DetectorParameters, Parameters
from capforge_trainer.data.canvases import Canvases
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.embedding.strategy import _embedder
from capforge_trainer.export import artefact as detectors
from capforge_trainer.models.dense import Shape
from capforge_trainer.models.detectors import detector_of
from capforge_trainer.models.network import Network
from capforge_trainer.regions.artefact import export
from capforge_trainer.regions.crops import Crops
from capforge_trainer.surroundings import Artefact
from capforge_trainer.templates import TEMPLATES

CLASSES = 3
SIDE = 64
IMAGE = (128, 96)
"""Width and height of a detector's input."""


def noise(seed: int, width: int, height: int) -> bytes:
    """Return a picture of coarse noise: large enough patches for a network to see."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.imencode(".png", cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))[1].tobytes()


def crops() -> Crops:
    """Return crops of one picture."""
    boxes = np.array([[left, 0, left + SIDE, SIDE] for left in range(0, SIDE, 4)], np.float32)
    item = Item("noise.png", "0" * 64, 2 * SIDE, SIDE, np.zeros(len(boxes), np.int64), boxes)
    data = noise(0, 2 * SIDE, SIDE)
    return Crops([item], Pictures(lambda _: data, (SIDE, SIDE)), CropSettings(width=SIDE, height=SIDE))


def canvases() -> Canvases:
    """Return a few pictures without objects."""
    none, nowhere = np.zeros(0, np.int64), np.zeros((0, 4), np.float32)
    items = [Item(f"{seed}.png", f"{seed:064x}", *IMAGE, none, nowhere) for seed in range(4)]
    return Canvases(items, Pictures(lambda item: noise(int(item.sha256, 16), *IMAGE), IMAGE), *IMAGE)


def exported(template: str) -> Artefact:
    """Return the proven model of a template with random weights."""
    torch.manual_seed(0)
    parameters: Parameters = TEMPLATES[template].parameters()
    if isinstance(parameters, DetectorParameters):
        network = detector_of(parameters, Shape(IMAGE[1], IMAGE[0], CLASSES)).eval()
        return detectors.export(network, detectors.limits_of(network, 0.6, 20), canvases())
    if isinstance(parameters, ClassifierParameters):
        classifier: Network = Scored(network_of(parameters, CLASSES))
        return export(classifier.eval(), "scores", crops())
    return export(_embedder(parameters).eval(), "embeddings", crops())


def main() -> None:
    folder = Path(sys.argv[1])
    for name, template in TEMPLATES.items():
        if CapabilityType.FIELD_EXTRACTOR not in template.capability_types:
            artefact = exported(name)
            (folder / f"{name}.onnx").write_bytes(artefact.model)
            (folder / f"{name}.npz").write_bytes(artefact.golden)


if __name__ == "__main__":
    main()

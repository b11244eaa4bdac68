"""What a classifier template reaches from scratch with its defaults: top-1 on dev by the served ONNX.

    .venv-trainer/bin/python -m benchmarks.accuracy_classifier [--data ../shared/data/cells] [--seconds 300]
        [--template box-classifier-small]

Beside it what simple ways reach on the same crops: the commonest class, the nearest neighbour by colour histogram and
by small pixels, and a linear decision (logistic regression) on both. The time budget is counted in CPU seconds per
core, so that a machine that others use too tells the same (--clock wall for the wall clock).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from capforge_contracts.run import CropSettings, ModelCard
from capforge_trainer.local import LocalRequest, train_local
from capforge_trainer.machine import usable_cores
from capforge_transforms import DEFAULT_LIMITS, Region, transforms

TARGET_TOP1 = 0.97
_BINS = 6
_SMALL_PIXELS = 12
_LINEAR_STEPS = 300

Set = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Features [N,F] and classes [N]."""


def cpu_clock() -> float:
    return time.process_time() / usable_cores()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cells"))
    parser.add_argument("--template", default="box-classifier-small")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", type=float, default=TARGET_TOP1)
    parser.add_argument("--set", action="append", default=[], help="an override; the figure is made without any")
    chosen = parser.parse_args()
    started, cpu_started = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as out:
        clock = cpu_clock if chosen.clock == "cpu" else time.monotonic
        request = LocalRequest(
            chosen.data, Path(out), chosen.set, chosen.seconds, chosen.seed, template=chosen.template, clock=clock
        )
        card = train_local(request, os.environ)
    wall, cpu = time.monotonic() - started, time.process_time() - cpu_started
    print(
        f"in all {wall:.0f} s wall, {cpu:.0f} s CPU on {usable_cores()} cores; budget {chosen.seconds} s {chosen.clock}"
    )
    top1 = card.classification_dev.top1 if card.classification_dev else None
    print_beside(card, chosen.data)
    if top1 is None or top1 < chosen.target:
        print(f"FAILED: top-1 {top1} is below {chosen.target}", file=sys.stderr)
        return 1
    return 0


def print_beside(card: ModelCard, data: Path) -> None:
    """Print the template's figures beside those of simple ways on the same crops."""
    assert card.crop is not None
    assert card.classification_dev is not None
    names = [one.name for one in card.outputs]
    crops = {role: crops_of(data / f"{role}.json", card.crop, names) for role in ("train", "dev")}
    train, dev = crops["train"], crops["dev"]
    said = {"the commonest class": np.full(len(dev[1]), Counter(train[1].tolist()).most_common(1)[0][0])}
    ways = {"colour histogram": histogram, f"{_SMALL_PIXELS} x {_SMALL_PIXELS} pixels": small_pixels}
    for name, features in ways.items():
        learnt = (np.stack([features(one) for one in train[0]]), train[1])
        asked = np.stack([features(one) for one in dev[0]])
        said[f"nearest neighbour by {name}"] = nearest(learnt, asked)
        said[f"logistic regression on {name}"] = linear(learnt, asked, len(names))
    own = {one.name: one.recall for one in card.classification_dev.classes}
    print(f"\n{'top-1 and recall by class on dev':<46}{'top-1':>8}" + "".join(f"{name[:12]:>13}" for name in names))
    print(row(f"{card.template}, served ONNX", card.classification_dev.top1, [own[name] for name in names]))
    for name, answers in said.items():
        recalls = [float((answers[dev[1] == one] == one).mean()) for one in range(len(names))]
        print(row(name, float((answers == dev[1]).mean()), recalls))


def row(name: str, top1: float | None, recalls: list[float | None]) -> str:
    cells = ["no data" if one is None else f"{one:.4f}" for one in (top1, *recalls)]
    return f"{name:<46}{cells[0]:>8}" + "".join(f"{cell:>13}" for cell in cells[1:])


def crops_of(
    annotations: Path, settings: CropSettings, names: list[str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the regions of a COCO file as the model sees them, and their classes."""
    document = json.loads(annotations.read_bytes())
    categories = {one["id"]: names.index(one["name"]) for one in document["categories"]}
    known, crops, classes = transforms(), [], []
    for image in document["images"]:
        entities = [one for one in document["annotations"] if one["image_id"] == image["id"]]
        boxes = [one["bbox"] for one in entities]
        regions = [Region((x, y, x + width, y + height)) for x, y, width, height in boxes]
        pixels = known.decode((annotations.parent / image["file_name"]).read_bytes(), DEFAULT_LIMITS)
        crops.append(known.crops(pixels, regions, settings))
        classes += [categories[one["category_id"]] for one in entities]
    return np.concatenate(crops), np.array(classes, np.int64)


def histogram(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    counts = cv2.calcHist([crop], [0, 1, 2], None, [_BINS] * 3, [0, 256] * 3).ravel()
    return np.sqrt(counts / counts.sum()).astype(np.float32)


def small_pixels(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(crop, (_SMALL_PIXELS, _SMALL_PIXELS), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return (small - small.mean()) / (small.std() + 1e-6)


def nearest(learnt: Set, asked: NDArray[np.float32]) -> NDArray[np.int64]:
    features, classes = learnt
    distance = (asked**2).sum(axis=1)[:, None] - 2 * asked @ features.T + (features**2).sum(axis=1)
    return classes[distance.argmin(axis=1)]


def linear(learnt: Set, asked: NDArray[np.float32], classes: int) -> NDArray[np.int64]:
    features, gold = torch.from_numpy(learnt[0]), torch.from_numpy(learnt[1])
    mean, deviation = features.mean(dim=0), features.std(dim=0) + 1e-3
    decision = torch.nn.Linear(features.shape[1], classes)
    optimizer = torch.optim.Adam(decision.parameters(), lr=0.03, weight_decay=1e-4)
    for _ in range(_LINEAR_STEPS):
        optimizer.zero_grad()
        functional.cross_entropy(decision((features - mean) / deviation), gold).backward()
        optimizer.step()
    with torch.no_grad():
        said: NDArray[np.int64] = decision((torch.from_numpy(asked) - mean) / deviation).argmax(dim=1).numpy()
    return said


if __name__ == "__main__":
    raise SystemExit(main())

"""One set, one template with its defaults: what its served ONNX reaches on dev, beside what comes without learning."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy_classifier import cpu_clock, crops_of, histogram, nearest, small_pixels
from benchmarks.detector_mistakes import coco_items, mistakes
from capforge_contracts import layout
from capforge_contracts.run import CapabilityType, ModelCard
from capforge_trainer.embedding.retrieval import retrieval
from capforge_trainer.evaluate.coco import Found, evaluate
from capforge_trainer.local import LocalRequest, train_local
from capforge_trainer.templates import TEMPLATES


@dataclass(frozen=True)
class Asked:
    """How to train."""

    template: str
    budget_seconds: int
    seed: int
    settings: list[str]

    @property
    def detects(self) -> bool:
        """Whether the template finds objects, not only tells regions apart."""
        return CapabilityType.DETECTOR in TEMPLATES[self.template].capability_types


@dataclass(frozen=True)
class Judged:
    """A row of the table."""

    template: str
    figure: float
    """A detector's mAP50, a classifier's top-1, an embedder's recall@1."""
    beside: float
    """What comes without learning: boxes of another picture; the nearest neighbour by colours or small pixels."""
    note: str
    cpu_seconds: float


def judged(folder: Path, asked: Asked) -> Judged:
    """Train on a folder and judge; what training prints goes to the error stream."""
    started = time.process_time()
    with tempfile.TemporaryDirectory() as out:
        request = LocalRequest(
            folder,
            Path(out),
            asked.settings,
            asked.budget_seconds,
            asked.seed,
            template=asked.template,
            clock=cpu_clock,
        )
        with contextlib.redirect_stdout(sys.stderr):
            card = train_local(request, os.environ)
        spent = time.process_time() - started
        if asked.detects:
            return _detector(card, (Path(out) / layout.MODEL).read_bytes(), folder, spent)
    return _embedder(card, folder, spent) if card.embedding_dev else _classifier(card, folder, spent)


def _detector(card: ModelCard, model: bytes, folder: Path, spent: float) -> Judged:
    lost = mistakes(card, model, folder / "dev.json")
    note = (
        f"{card.input_width}x{card.input_height}, {card.epochs} epochs, places {lost.ap50_of_places or 0:.3f}, "
        f"{lost.right} right, {lost.other_class} of another class, {lost.missed} missed, {lost.invented} invented"
    )
    return Judged(card.template, lost.map50 or 0.0, _copied(card, folder), note, spent)


def _copied(card: ModelCard, folder: Path) -> float:
    """Return the mAP50 of answering each picture with the boxes of a picture of train."""
    names = [one.name for one in card.outputs]
    known = coco_items(folder / "train.json", names)
    dev = coco_items(folder / "dev.json", names)
    shown = [known[position % len(known)] for position in range(len(dev))]
    found = [Found(one.boxes, np.ones(len(one.boxes), np.float32), one.classes) for one in shown]
    return evaluate(dev, found, names).map50 or 0.0


def _classifier(card: ModelCard, folder: Path, spent: float) -> Judged:
    train, dev, names = _regions(card, folder)
    ways = [
        nearest((np.stack([way(one) for one in train[0]]), train[1]), np.stack([way(one) for one in dev[0]]))
        for way in (histogram, small_pixels)
    ]
    commonest = Counter(train[1].tolist()).most_common(1)[0][0]
    best = max(float((said == dev[1]).mean()) for said in [*ways, np.full(len(dev[1]), commonest)])
    judged = card.classification_dev
    weakest = min((one.recall or 0.0, one.name) for one in judged.classes if one.objects) if judged else (0.0, "")
    note = f"{_crop(card)}, {card.epochs} epochs, macro F1 {judged.macro_f1 if judged else 0:.3f}, "
    note += f"of {len(names)} classes the weakest {weakest[1]} {weakest[0]:.2f}"
    return Judged(card.template, (judged.top1 if judged else 0.0) or 0.0, best, note, spent)


def _embedder(card: ModelCard, folder: Path, spent: float) -> Judged:
    _, dev, _ = _regions(card, folder)
    flat = np.stack([small_pixels(one) for one in dev[0]])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    learnt = card.embedding_dev
    note = f"{_crop(card)}, {card.epochs} epochs, mAP@R {learnt.map_at_r if learnt else 0:.3f}"
    recall = learnt.recall_at_1 if learnt else None
    return Judged(card.template, recall or 0.0, retrieval(flat, dev[1]).recall_at_1 or 0.0, note, spent)


def _crop(card: ModelCard) -> str:
    assert card.crop
    return f"{card.crop.width}x{card.crop.height} x{card.crop.scale:g}+{card.crop.padding_pixels}"


def _regions(card: ModelCard, folder: Path):  # noqa: ANN202 - two sets and names, used here alone
    assert card.crop
    names = [one.name for one in card.outputs]
    train, dev = (crops_of(folder / f"{role}.json", card.crop, names) for role in ("train", "dev"))
    return train, dev, names

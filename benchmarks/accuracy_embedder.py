"""What the embedder templates reach from scratch with their defaults: recall@k and mAP@R by the served ONNX.

    .venv-trainer/bin/python -m benchmarks.accuracy_embedder [--template box-embedder-small] [--kind characters]

Beside each figure stands what plain pixels reach: the same crops, compared at equal brightness and contrast.
The characters of test (and of dev, which chooses the weights) are none of those that were learnt from. Times are CPU
seconds of this process, loading and cutting included; the time budget is counted in CPU seconds per core.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.embedder_data import NAMESPACE, World, cells, characters
from capforge_contracts import layout
from capforge_contracts.dataset import read_manifest
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.run import (
    CapabilityType,
    CropSettings,
    DatasetSelection,
    EmbeddingMetrics,
    ModelCard,
    Output,
    RunSpec,
    run_digest,
)
from capforge_contracts.store import ObjectStore
from capforge_trainer.embedding.retrieval import retrieval
from capforge_trainer.machine import usable_cores
from capforge_trainer.overrides import merged
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Surroundings
from capforge_trainer.templates import TEMPLATES
from capforge_transforms import DEFAULT_LIMITS, Region, transforms

TARGET_RECALL_AT_1 = 0.85
"""On characters never trained on."""
_COLUMNS = ("recall@1", "recall@5", "recall@10", "mAP@R")


@dataclass(frozen=True)
class Trained:
    """One finished run."""

    card: ModelCard
    cpu_seconds: float


def cpu_clock() -> float:
    return time.process_time() / usable_cores()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--template", choices=sorted(_templates()), action="append")
    parser.add_argument("--kind", choices=("characters", "cells"), action="append")
    parser.add_argument("--seconds", type=int, default=200, help="time budget of a run; templates may end sooner")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="cpu")
    parser.add_argument("--seed", type=int, default=0, help="of the split by character and of the training")
    parser.add_argument("--target", type=float, default=TARGET_RECALL_AT_1)
    parser.add_argument("--set", action="append", default=[], help="an override; the figures are made without any")
    chosen = parser.parse_args()
    missed = False
    for kind in chosen.kind or ("characters", "cells"):
        store = MemoryObjectStore()
        world = _world(kind, chosen.data, store, chosen.seed)
        print(f"\n{world.title}", flush=True)
        for template in chosen.template or _templates():
            trained = _trained(world, store, template, chosen)
            _print_figures(trained, store)
            recall = trained.card.embedding_test.recall_at_1 if trained.card.embedding_test else None
            missed |= kind == "characters" and (recall is None or recall < chosen.target)
    if missed:
        print(f"FAILED: recall@1 on characters never trained on is below {chosen.target}", file=sys.stderr)
    return int(missed)


def _templates() -> list[str]:
    return [name for name, one in TEMPLATES.items() if CapabilityType.BOX_EMBEDDER in one.capability_types]


def _world(kind: str, data: Path, store: ObjectStore, seed: int) -> World:
    if kind == "cells":
        return cells(data / "cells", store)
    return characters(data / "omniglot" / "images_background_small1.zip", store, seed)


def _trained(world: World, store: ObjectStore, template: str, chosen: argparse.Namespace) -> Trained:
    started = time.process_time()
    spec = RunSpec(
        namespace=NAMESPACE,
        capability="regions",
        capability_type=CapabilityType.BOX_EMBEDDER,
        run="bench",
        digest="",
        outputs=[Output(position=position, name=name) for position, name in enumerate(world.classes)],
        datasets=world.datasets,
        template=template,
        parameters=merged(TEMPLATES[template].defaults(), chosen.set),
        seed=chosen.seed,
        time_budget_seconds=chosen.seconds,
        image="bench",
    )
    spec = spec.model_copy(update={"digest": run_digest(spec)})
    clock = cpu_clock if chosen.clock == "cpu" else time.monotonic
    with tempfile.TemporaryDirectory() as cache:
        attempt = run(spec, Surroundings(store, Stopping(), Path(cache), clock=clock))
    card = ModelCard.from_json(store.get(layout.attempt_file(NAMESPACE, spec.digest, attempt, layout.CARD)))
    return Trained(card, time.process_time() - started)


def _print_figures(trained: Trained, store: ObjectStore) -> None:
    card = trained.card
    assert card.crop
    print(
        f"{card.template}: {card.embedding_size} numbers from crops of {card.crop.width} x {card.crop.height}, "
        f"{card.epochs} epochs, the best {card.best_epoch}; {trained.cpu_seconds:.0f} CPU seconds"
    )
    for role, learnt in (("dev", card.embedding_dev), ("test", card.embedding_test)):
        if learnt:
            print(f"  {role:<5}{learnt.objects} regions of {learnt.classes} classes")
            print(f"    {'':<12}{''.join(f'{name:>11}' for name in _COLUMNS)}")
            _print_row("pixels", _by_pixels(getattr(card.datasets, role), card.crop, store))
            _print_row("embedder", learnt)
    for warning in card.warnings:
        print(f"  warning: {warning}")
    sys.stdout.flush()


def _print_row(name: str, one: EmbeddingMetrics) -> None:
    figures = (one.recall_at_1, one.recall_at_5, one.recall_at_10, one.map_at_r)
    print(f"    {name:<12}" + "".join(f"{'no data' if value is None else f'{value:.3f}':>11}" for value in figures))


def _by_pixels(selections: list[DatasetSelection], crop: CropSettings, store: ObjectStore) -> EmbeddingMetrics:
    """Return the metrics of the crops' own pixels: centred and of length 1, as a vector."""
    known, vectors, names = transforms(), [], []
    for selection in selections:
        for item in read_manifest(store.get(layout.manifest(NAMESPACE, selection.digest)))[1]:
            image = known.decode(store.get(layout.blob(NAMESPACE, item.sha256)), DEFAULT_LIMITS)
            vectors.append(_flat(known.crops(image, [Region(one.box) for one in item.entities], crop)))
            names += [one.class_name for one in item.entities]
    return retrieval(np.concatenate(vectors), np.unique(names, return_inverse=True)[1].astype(np.int64))


def _flat(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 [N,H,W,3] → float32 [N,H*W*3]."""
    flat = crops.reshape(len(crops), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6), np.float32)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    raise SystemExit(main())

"""What a step of our training loop costs, against a bare loop on the same network and batches.

Process CPU time, one thread, interleaved blocks, medians of the blocks' ratios: wall clock tells nothing on a shared
machine. Limits: 3 % without averaging and clipping, 10 % with both. Then images/s beside torchvision's ssdlite.

    .venv-trainer/bin/python -m benchmarks.trainer_step [--blocks 40] [--steps 1]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torchvision.models.detection import ssdlite320_mobilenet_v3_large

from capforge_contracts.memory import MemoryObjectStore
from capforge_trainer.config import DetectorParameters
from capforge_trainer.data.batches import Batch
from capforge_trainer.fit.checkpoint import Checkpoints
from capforge_trainer.fit.device import uses_bfloat16
from capforge_trainer.fit.loop import Fit
from capforge_trainer.fit.optimizer import make_optimizer
from capforge_trainer.fit.plan import FitPlan
from capforge_trainer.fit.watch import Watch
from capforge_trainer.models.detector import Detector, Shape
from capforge_trainer.models.loss import Objects, detection_loss, loss_of

CPU = torch.device("cpu")
SIDE, CLASSES, BATCH = 320, 3, 8
PLAIN_LIMIT, FULL_LIMIT = 1.03, 1.10
FAR_AWAY = 10**9


def made_batch(seed: int, size: int = BATCH) -> Batch:
    random = np.random.default_rng(seed)
    images = torch.from_numpy(random.integers(0, 255, (size, SIDE, SIDE, 3), dtype=np.uint8))
    objects = []
    for _ in range(size):
        corner = random.uniform(0, SIDE - 90, (12, 2))
        boxes = np.concatenate([corner, corner + random.uniform(20, 80, (12, 2))], axis=1).astype(np.float32)
        objects.append(Objects(torch.from_numpy(random.integers(0, CLASSES, 12)), torch.from_numpy(boxes)))
    return Batch(images, objects)


class BareLoop:
    """Nothing but what training needs."""

    def __init__(self, parameters: DetectorParameters) -> None:
        torch.manual_seed(1)
        model = parameters.model
        network = Detector(model.backbone, model.neck_channels, Shape(SIDE, SIDE, CLASSES))
        self.network = network.to(memory_format=torch.channels_last).train()
        self.optimizer = make_optimizer(self.network, parameters.optimizer)
        self.bfloat16 = uses_bfloat16(parameters.optimizer, CPU)

    def step(self, batch: Batch) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            logits, boxes = self.network(batch.images)
        loss = detection_loss(logits, boxes, (self.network.points, self.network.strides), batch.objects)
        self.optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        self.optimizer.step()


class Interleaved:
    """A source of batches for our loop: times what the loop does between two batches, and the bare loop in turn."""

    def __init__(self, bare: BareLoop, blocks: int, steps_per_block: int) -> None:
        self.bare, self.blocks, self.steps_per_block = bare, blocks, steps_per_block
        self.batches = [made_batch(seed) for seed in range(4)]
        self.ours: list[float] = []
        self.theirs: list[float] = []

    def steps(self, share: int = 1) -> int:
        return FAR_AWAY * share

    def epoch(self, number: int, **_: object) -> Iterator[Batch]:
        del number
        yield from self._block()  # warm up
        self.bare_block()
        for _ in range(self.blocks):
            started = time.process_time()
            yield from self._block()
            middle = time.process_time()
            self.bare_block()
            self.ours.append(middle - started)
            self.theirs.append(time.process_time() - middle)

    def _block(self) -> Iterator[Batch]:
        for index in range(self.steps_per_block):
            yield self.batches[index % len(self.batches)]

    def bare_block(self) -> None:
        for batch in self._block():
            self.bare.step(batch)


class _EnoughError(Exception):
    """The blocks are over."""


def compare(parameters: DetectorParameters, blocks: int, steps: int) -> Interleaved:
    source = Interleaved(BareLoop(parameters), blocks, steps)
    store = MemoryObjectStore()
    with tempfile.TemporaryDirectory() as events:
        watch = Watch(store, lambda name: f"bench/{name}", 1, Path(events))
        torch.manual_seed(1)
        model = parameters.model
        network = Detector(model.backbone, model.neck_channels, Shape(SIDE, SIDE, CLASSES))
        done = lambda *_: (_ for _ in ()).throw(_EnoughError)  # noqa: E731
        plan = FitPlan(
            parameters.optimizer, parameters.schedule, FAR_AWAY, CPU, stop_asked=lambda: len(source.ours) >= blocks
        )
        checkpoints = Checkpoints(store, "bench", "0" * 64, 1)
        checkpoints.save = done  # type: ignore[method-assign]  # the loop would save when asked to stop
        fit = Fit(plan, network, loss_of(network), source, done, checkpoints, watch)  # type: ignore[arg-type]  # a stand-in
        try:
            fit.run()
        except (_EnoughError, RuntimeError) as error:
            if len(source.ours) < blocks:
                raise SystemExit(f"ended early: {error}") from error
    return source


def images_per_second(seconds: list[float], steps: int) -> float:
    return BATCH * steps / statistics.median(seconds)


def ssdlite_seconds(blocks: int) -> list[float]:
    network = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=CLASSES + 1).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    batch = made_batch(0)
    images = list(batch.images.permute(0, 3, 1, 2).float() / 255)
    targets = [{"boxes": one.boxes, "labels": one.classes + 1} for one in batch.objects]
    seconds = []
    for _ in range(blocks + 1):
        started = time.process_time()
        loss = sum(network(images, targets).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.process_time() - started)
    return seconds[1:]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--blocks", type=int, default=40)
    parser.add_argument("--steps", type=int, default=1, help="per block")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    defaults = DetectorParameters().model_dump(by_alias=True)
    off = {**defaults["optimizer"], "emaDecay": 0.0, "gradientClipNorm": 0.0}
    cases = [("no averaging, no clipping", {**defaults, "optimizer": off}, PLAIN_LIMIT), ("all", defaults, FULL_LIMIT)]
    failed = False
    for name, parameters, limit in cases:
        source = compare(DetectorParameters.model_validate(parameters), chosen.blocks, chosen.steps)
        ratios = [ours / theirs for ours, theirs in zip(source.ours, source.theirs, strict=True)]
        ratio = statistics.median(ratios)
        quarters = statistics.quantiles(ratios, n=4)
        failed |= ratio > limit
        print(
            f"{name}: ours / bare = {ratio:.3f} (quartiles {quarters[0]:.3f} to {quarters[2]:.3f}, limit {limit}), "
            f"{chosen.blocks} blocks of {chosen.steps} x {BATCH} images of {SIDE} x {SIDE}; "
            f"ours {images_per_second(source.ours, chosen.steps):.1f}, "
            f"bare {images_per_second(source.theirs, chosen.steps):.1f} images per CPU second",
            flush=True,
        )
    for backbone, precision in (("resnet10", "Auto"), ("resnet10", "Float32"), ("mobilenet_v3_large", "Float32")):
        model = {**defaults["model"], "backbone": backbone}
        wanted = {**defaults, "model": model, "optimizer": {**defaults["optimizer"], "precision": precision}}
        seconds = compare(DetectorParameters.model_validate(wanted), 8, 1).ours
        print(f"ours, {backbone}, {precision}: {images_per_second(seconds, 1):.1f} images per CPU second", flush=True)
    print(f"ssdlite320_mobilenet_v3_large: {images_per_second(ssdlite_seconds(8), 1):.1f} images per CPU second")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What the detector template reaches from scratch with its defaults: mAP on dev by the served ONNX, and the curve.

    .venv-trainer/bin/python -m benchmarks.accuracy_detector [--data ../shared/data/boards] [--seconds 1200]

The same code as `make train-local`, the same defaults for every folder. Beside the figures stands what they lose: to
places (nothing found where an object is) or to classes (found, but called something else).
With `--clock cpu` the budget is counted in CPU seconds per core of this process: what the wall clock of an idle machine
would show, measured on one that others use too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.detector_mistakes import Mistakes, mistakes
from capforge_contracts import layout
from capforge_contracts.run import CapabilityType, ModelCard
from capforge_trainer.local import LocalRequest, train_local
from capforge_trainer.machine import usable_cores
from capforge_trainer.templates import ANCHOR_FREE_DETECTOR, TEMPLATES

TARGETS_MAP50 = {Path("../shared/data/boards"): 0.80, Path("../shared/data/cells"): 0.85}


def cpu_clock() -> float:
    return time.process_time() / usable_cores()


def main() -> int:
    chosen = arguments()
    folders = chosen.data or list(TARGETS_MAP50)
    below = [folder for folder in folders if not reached(folder, chosen)]
    if below:
        print(f"FAILED: mAP50 is below its target on {', '.join(map(str, below))}", file=sys.stderr)
    return int(bool(below))


def arguments() -> argparse.Namespace:
    detectors = [name for name, one in TEMPLATES.items() if CapabilityType.DETECTOR in one.capability_types]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", help="folder of COCO data; default: boards, then cells")
    parser.add_argument("--template", choices=sorted(detectors), default=ANCHOR_FREE_DETECTOR.name)
    parser.add_argument("--seconds", type=int, default=1200, help="time budget of each training")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", type=float, help="mAP50; default: the folder's own, or none")
    parser.add_argument("--set", action="append", default=[], help="an override; the figures are made without any")
    return parser.parse_args()


def reached(folder: Path, chosen: argparse.Namespace) -> bool:
    """Train on one folder, print all figures; tell whether the target was reached."""
    print(f"\n{chosen.template} on {folder}, seed {chosen.seed}", flush=True)
    started, cpu_started = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as out:
        clock = cpu_clock if chosen.clock == "cpu" else time.monotonic
        request = LocalRequest(
            folder, Path(out), chosen.set, chosen.seconds, chosen.seed, template=chosen.template, clock=clock
        )
        card = train_local(request, os.environ)
        curve = [json.loads(line) for line in (Path(out) / layout.METRICS).read_text().splitlines()]
        wall, cpu = time.monotonic() - started, time.process_time() - cpu_started
        lost = mistakes(card, (Path(out) / layout.MODEL).read_bytes(), folder / "dev.json")
    print_curve(curve)
    print_figures(card)
    print_mistakes(card, lost)
    print(
        f"in all {wall:.0f} s wall, {cpu:.0f} s CPU on {usable_cores()} cores; "
        f"budget {chosen.seconds} s {chosen.clock}, training took {card.train_seconds} s of it",
        flush=True,
    )
    target = chosen.target if chosen.target is not None else TARGETS_MAP50.get(folder, 0.0)
    return card.dev is not None and card.dev.map50 is not None and card.dev.map50 >= target


def print_curve(curve: list[dict[str, float]]) -> None:
    print("\ncurve on dev (the network while training):")
    for row in curve:
        if "map50" in row:
            figures = f"mAP50 {row['map50']:.3f}  {row['map50_95']:.3f}"
            print(f"  epoch {row['epoch']:4.0f}  step {row['step']:6.0f}  {figures}")


def print_figures(card: ModelCard) -> None:
    dev = card.dev
    if dev is None:
        return
    print(f"\nserved ONNX on dev: mAP50 {dev.map50}  mAP50-95 {dev.map50_95}")
    print(f"best epoch {card.best_epoch} of {card.epochs}, input {card.input_width} x {card.input_height} pixels")
    print(f"at score {card.confidence_threshold:.2f}: precision {dev.precision}  recall {dev.recall}  F1 {dev.f1}")
    for one in dev.classes:
        print(f"  {one.name}: AP50 {one.ap50}  AP50-95 {one.ap50_95}  ({one.objects} objects)")


def print_mistakes(card: ModelCard, lost: Mistakes) -> None:
    places = "no data" if lost.ap50_of_places is None else f"{lost.ap50_of_places:.4f}"
    print(f"with all classes as one: AP50 {places}")
    print(
        f"objects: {lost.right} right, {lost.other_class} of another class, {lost.missed} missed; "
        f"{lost.invented} detections where no object is"
    )
    for output, row in zip(card.outputs, lost.said, strict=True):
        print(f"  {output.name:<24} said to be {', '.join(f'{count:3d}' for count in row)}")


if __name__ == "__main__":
    raise SystemExit(main())

"""What the detector template reaches from scratch with its defaults: mAP on dev by the served ONNX, and the curve.

    .venv-trainer/bin/python benchmarks/accuracy_detector.py [--data ../shared/data/cells] [--seconds 1200]

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

from capforge_contracts import layout
from capforge_contracts.run import ModelCard
from capforge_trainer.local import LocalRequest, train_local
from capforge_trainer.machine import usable_cores

TARGET_MAP50 = 0.85


def cpu_clock() -> float:
    return time.process_time() / usable_cores()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cells"))
    parser.add_argument("--seconds", type=int, default=1200)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", type=float, default=TARGET_MAP50)
    parser.add_argument("--set", action="append", default=[], help="an override; the figure is made without any")
    chosen = parser.parse_args()
    started, cpu_started = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as out:
        clock = cpu_clock if chosen.clock == "cpu" else time.monotonic
        request = LocalRequest(chosen.data, Path(out), chosen.set, chosen.seconds, chosen.seed, clock)
        card = train_local(request, os.environ)
        curve = [json.loads(line) for line in (Path(out) / layout.METRICS).read_text().splitlines()]
    print_figures(card, curve)
    wall, cpu = time.monotonic() - started, time.process_time() - cpu_started
    print(
        f"in all {wall:.0f} s wall, {cpu:.0f} s CPU on {usable_cores()} cores; budget {chosen.seconds} s {chosen.clock}"
    )
    map50 = card.dev.map50 if card.dev else None
    if map50 is None or map50 < chosen.target:
        print(f"FAILED: mAP50 {map50} is below {chosen.target}", file=sys.stderr)
        return 1
    return 0


def print_figures(card: ModelCard, curve: list[dict[str, float]]) -> None:
    print("\ncurve on dev (the network while training):")
    for row in curve:
        if "map50" in row:
            print(
                f"  epoch {row['epoch']:4.0f}  step {row['step']:6.0f}  mAP50 {row['map50']:.3f}  {row['map50_95']:.3f}"
            )
    dev = card.dev
    if dev is None:
        return
    print(f"\nserved ONNX on dev: mAP50 {dev.map50}  mAP50-95 {dev.map50_95}")
    print(f"best epoch {card.best_epoch} of {card.epochs}")
    print(f"at score {card.confidence_threshold:.2f}: precision {dev.precision}  recall {dev.recall}  F1 {dev.f1}")
    for one in dev.classes:
        print(f"  {one.name}: AP50 {one.ap50}  AP50-95 {one.ap50_95}  ({one.objects} objects)")


if __name__ == "__main__":
    raise SystemExit(main())

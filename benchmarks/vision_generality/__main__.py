"""What the vision templates make of very different small sets, with their defaults.

    .venv-trainer/bin/python -m benchmarks.vision_generality [--kind tiny --kind turned] [--template …] [--seconds 90]

The sets are drawn from a seed. The same code as `make train-local` trains, the served ONNX is judged on dev. Budgets
and times are CPU seconds of this process; `--small-seconds` is the budget of classifiers and embedders.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.vision_generality.folder import write_folder
from benchmarks.vision_generality.judged import Asked, Judged, judged
from benchmarks.vision_generality.kinds import KINDS
from capforge_contracts.run import CapabilityType
from capforge_trainer.machine import usable_cores
from capforge_trainer.templates import ANCHOR_FREE_DETECTOR, BOX_CLASSIFIER_SMALL, BOX_EMBEDDER_SMALL, TEMPLATES

_DEFAULT = (ANCHOR_FREE_DETECTOR, BOX_CLASSIFIER_SMALL, BOX_EMBEDDER_SMALL)
_OF_IMAGES = {CapabilityType.DETECTOR, CapabilityType.BOX_CLASSIFIER, CapabilityType.BOX_EMBEDDER}


def main() -> int:
    chosen = arguments()
    started, rows = time.process_time(), []
    for name in chosen.kind or KINDS:
        with tempfile.TemporaryDirectory() as made:
            folder = write_folder(KINDS[name], Path(made) / name, chosen.seed)
            for template in chosen.template or [one.name for one in _DEFAULT]:
                if KINDS[name].one_class and CapabilityType.DETECTOR not in TEMPLATES[template].capability_types:
                    continue  # nothing to tell apart
                rows.append((name, judged(folder, _asked(template, chosen))))
                print(_line(*rows[-1]), flush=True)
    print(f"\n{'kind':<10}{'template':<24}{'figure':>8}{'beside':>8}{'CPU s':>7}  {'':<4}")
    for row in rows:
        print(_line(*row))
    for name in chosen.kind or KINDS:
        print(f"  {name}: {KINDS[name].about}; {KINDS[name].train} to learn from, {KINDS[name].dev} of dev")
    print(f"in all {time.process_time() - started:.0f} CPU s; budgets in CPU s, seed {chosen.seed}")
    return 0


def arguments() -> argparse.Namespace:
    fitting = sorted(name for name, one in TEMPLATES.items() if _OF_IMAGES.intersection(one.capability_types))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(KINDS), action="append", help="default: all")
    parser.add_argument("--template", choices=fitting, action="append", help="default: the first of each type")
    parser.add_argument("--seconds", type=int, default=90, help="CPU seconds to train a detector")
    parser.add_argument("--small-seconds", type=int, default=20, help="CPU seconds to train a classifier or embedder")
    parser.add_argument("--seed", type=int, default=0, help="of the pictures and of the training")
    parser.add_argument("--set", action="append", default=[], help="an override; the figures are made without any")
    return parser.parse_args()


def _asked(template: str, chosen: argparse.Namespace) -> Asked:
    detects = CapabilityType.DETECTOR in TEMPLATES[template].capability_types
    seconds = chosen.seconds if detects else chosen.small_seconds
    return Asked(template, max(1, round(seconds / usable_cores())), chosen.seed, chosen.set)


def _line(kind: str, row: Judged) -> str:
    figures = f"{row.figure:>8.3f}{row.beside:>8.3f}{row.cpu_seconds:>7.0f}"
    return f"{kind:<10}{row.template:<24}{figures}  {row.note}"


if __name__ == "__main__":
    raise SystemExit(main())

"""`make bench-fields`: train on 20 (5 draws), 50 and 150 receipts, judge on dev; words given, and by Tesseract."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.fields import report
from benchmarks.fields.engine import tesseract
from benchmarks.fields.generality import shares
from benchmarks.fields.receipts import FIELDS, Document, receipts
from benchmarks.fields.rounds import Round, drawn, plain, scored
from capforge_trainer.scorer.parameters import ScorerParameters

_DRAWS = {20: 5, 50: 2, 150: 1}
_OWN_PROGRAM = Path.home() / ".cache/capforge/bin/tesseract"


def main() -> None:
    """Measure and print."""
    options = _options()
    torch.set_num_threads(options.threads)
    parameters = ScorerParameters()
    if "given" in options.words:
        train, dev = (receipts(options.data, part) for part in ("train", "dev"))
        rounds = _table("words given", train, dev, options, parameters)
        for count, (overall, unseen) in report.AIMS.items():
            if count in rounds:
                print(f"aim after {count}: all >= {overall}, unseen >= {unseen}; draws {report.spread(rounds[count])}")
    if "tesseract" in options.words:
        kept = options.kept / "tesseract"
        reader = tesseract(options.data, kept, options.tesseract)
        train, dev = (receipts(options.data, part, reader) for part in ("train", "dev"))
        _table("words read by Tesseract", train, dev, options, parameters)
    if "made" in options.words:
        print("\nkinds that are in no training, 20 documents, share right (with / without pre-training)")
        with_it, without = shares(parameters), shares(parameters.model_copy(update={"pretrained": False}))
        for name, value in with_it.items():
            print(f"  {name:20} {value:5.1f} / {without[name]:5.1f}", flush=True)


def _table(
    name: str,
    train: Sequence[Document],
    dev: Sequence[Document],
    options: argparse.Namespace,
    parameters: ScorerParameters,
) -> dict[int, list[Round]]:
    print(f"\n{name}: {len(train)} to train, {len(dev)} dev, percent right")
    print(f"of the gold on dev candidates make at most: {report.ceiling(dev, FIELDS)}")
    print(report.head(FIELDS), flush=True)
    found: dict[int, list[Round]] = {}
    scratch = parameters.model_copy(update={"pretrained": False})
    for count in options.sizes:
        draws = range(min(_DRAWS.get(count, 1), options.draws))
        chosen = [drawn(train, count, draw) for draw in draws]
        found[count] = [scored(some, dev, FIELDS, parameters, draw) for draw, some in enumerate(chosen)]
        print(report.row(f"{count}, {len(draws)} draws: candidate-scorer", found[count], FIELDS), flush=True)
        if not options.scorer_only:
            rounds = [scored(some, dev, FIELDS, scratch, draw) for draw, some in enumerate(chosen)]
            print(report.row(f"{count}: the same without pre-training", rounds, FIELDS), flush=True)
            rounds = [plain(some, dev, FIELDS) for some in chosen]
            print(report.row(f"{count}: logistic regression on lines", rounds, FIELDS), flush=True)
    for count, rounds in found.items():
        print(f"errors after {count}:")
        print("\n".join(report.sources(rounds, FIELDS)), flush=True)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fields", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/receipts"))
    parser.add_argument(
        "--words", nargs="+", choices=["given", "tesseract", "made"], default=["given", "tesseract", "made"]
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[20, 50, 150])
    parser.add_argument("--draws", type=int, default=5, help="at most")
    parser.add_argument("--scorer-only", action="store_true", help="leave out what the scorer is compared with")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--kept", type=Path, default=Path.home() / ".cache/capforge/readings", help="folder of readings"
    )
    parser.add_argument(
        "--tesseract", default=str(_OWN_PROGRAM) if _OWN_PROGRAM.exists() else shutil.which("tesseract")
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""`make pretrain`: make documents, train the generic part, write the weights that the trainer ships."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from capforge_pretrain.learn import learn, made
from capforge_trainer.scorer.weights import WEIGHTS, save_generic


def main() -> None:
    """Do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="with another number sums are rounded otherwise")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    started = time.monotonic()
    documents = list(made(options.documents, options.seed))
    print(f"{len(documents)} documents in {time.monotonic() - started:.0f} s", flush=True)
    network = learn(documents, epochs=options.epochs, seed=options.seed, say=lambda text: print(text, flush=True))
    save_generic(network, options.out)
    print(f"{options.out.name}: {options.out.stat().st_size / 1e6:.1f} MB after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()

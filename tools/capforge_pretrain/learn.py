"""Training of the generic part on documents of all kinds: each step asks different fields of different documents."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor

from capforge_contracts.data_model import DataField
from capforge_pretrain.asked import slots
from capforge_pretrain.documents import Written
from capforge_pretrain.kinds import KINDS, SHARES
from capforge_trainer.models.network import Network
from capforge_trainer.scorer.examples import Document, batch_of, documents_of
from capforge_trainer.scorer.loss import scorer_loss
from capforge_trainer.scorer.network import Asker, Batch, Body, Shape, field_flags, name_grams

_WARM_UP_SHARE = 0.05
_CLIP_NORM = 2.0
_NAME_DROPOUT = 0.1
_JITTER = 0.02


@dataclass(frozen=True)
class Asked:
    """A document and the fields that are asked of it."""

    document: Document
    grams: Tensor
    flags: Tensor
    fields: Sequence[DataField]


class Generic(Network):
    """Body and asker alone, each page with fields of its own."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.body, self.asker = Body(Shape(), dropout), Asker(Shape(), dropout)

    def forward(self, batch: Batch, grams: Tensor, flags: Tensor) -> Tensor:
        """Return [N,F,4,T] for names' pieces [N,F,G] and flags [N,F,…]."""
        state, texts, slot_texts = self.body(batch)
        names = self.body.texts(grams)
        scores, _ = self.asker(state, texts, slot_texts, names, self.asker.queries(names, flags))
        return scores.transpose(2, 3)


def made(count: int, seed: int) -> Iterator[Asked]:
    """Write documents, each asked twice."""
    random = Random(seed)  # noqa: S311 - documents, not secrets
    kinds, weights = list(KINDS), [SHARES[one] for one in KINDS]
    for _ in range(count // 2):
        written = Written(KINDS[random.choices(kinds, weights)[0]], Random(random.getrandbits(48)))  # noqa: S311
        for _ in range(2):
            chosen = slots(random, written.sheet.written)
            fields = [field for _, field in chosen]
            found = documents_of([written.example(chosen)], fields)
            if found[0].bucket <= 512:
                grams = torch.tensor([name_grams(field) for field in fields])
                yield Asked(found[0], grams, torch.tensor([field_flags(field) for field in fields]), fields)


def learn(
    documents: Sequence[Asked],
    *,
    epochs: int,
    seed: int,
    batch_size: int = 16,
    rate: float = 3e-3,
    say: Callable[[str], None] = print,
) -> Generic:
    """Train for so many passes."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = Generic(dropout=0.1)
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02, betas=(0.9, 0.98))
    steps = epochs * (len(documents) // batch_size)
    started, losses = time.monotonic(), []
    for step, batch in enumerate(_batches(documents, batch_size, epochs, random)):
        share = step / steps
        for group in optimizer.param_groups:
            group["lr"] = rate * _pace(share)
        loss = _loss(network, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP_NORM)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % 100 == 0:
            say(f"step {step} of {steps}, loss {np.mean(losses[-100:]):.3f}, {time.monotonic() - started:.0f} s")
    network.eval()
    return network


def _loss(network: Generic, asked: Sequence[Asked]) -> Tensor:
    batch, targets = batch_of([one.document for one in asked])
    kept = torch.rand(batch.grams.shape) >= 0.1
    noisy = batch.features + torch.randn(batch.features.shape) * _JITTER
    grams = torch.stack([one.grams for one in asked])
    grams = grams * (torch.rand(grams.shape) >= _NAME_DROPOUT)
    blurred = Batch(batch.grams * kept, noisy, batch.neighbours, batch.cells, batch.mask, batch.picture)
    scores = network(blurred, grams, torch.stack([one.flags for one in asked]))
    return scorer_loss(scores, scores[:, 0, 0, :0], targets, asked[0].fields)


def _pace(share: float) -> float:
    if share < _WARM_UP_SHARE:
        return share / _WARM_UP_SHARE + 0.01
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (share - _WARM_UP_SHARE) / (1 - _WARM_UP_SHARE)))


def _batches(documents: Sequence[Asked], size: int, epochs: int, random: np.random.Generator) -> Iterator[list[Asked]]:
    buckets = np.array([one.document.bucket for one in documents])
    for _ in range(epochs):
        order = random.permutation(len(documents))
        order = order[np.argsort(buckets[order], kind="stable")]
        batches = [order[start : start + size] for start in range(0, len(order) - size + 1, size)]
        for place in random.permutation(len(batches)):
            yield [documents[one] for one in batches[place]]

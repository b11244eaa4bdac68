"""The training of one network: steps over shuffled documents until the schedule or the time ends."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from capforge_contracts.data_model import DataField
from capforge_trainer.errors import NonFiniteLossError
from capforge_trainer.scorer.examples import Document, batch_of
from capforge_trainer.scorer.loss import scorer_loss
from capforge_trainer.scorer.network import Batch, Scorer, Shape
from capforge_trainer.scorer.parameters import ScorerParameters
from capforge_trainer.scorer.weights import load_generic

_WARM_UP_SHARE = 0.1
_CLIP_NORM = 2.0
_TIME_COUNTS_FROM = 0.5
"""Share of the budget; before it the pace follows the steps alone, so that equal seeds give equal networks."""
_JITTER = 0.02
"""Standard deviation of the noise on features, most of which are 0-1."""


@dataclass(frozen=True)
class Course:
    """What a training needs beside its documents."""

    fields: Sequence[DataField]
    parameters: ScorerParameters
    seed: int
    seconds: float = math.inf
    """This training's own budget."""
    step_done: Callable[[float, float], None] = lambda _share, _loss: None
    """Called after each step with the share of the training that is done and the loss; may raise to break off."""
    clock: Callable[[], float] = time.monotonic
    shape: Shape = field(default_factory=Shape)


def train_member(documents: Sequence[Document], course: Course) -> Scorer:
    """Return a trained network in evaluation mode; raises NonFiniteLossError, and what `step_done` raises."""
    torch.manual_seed(course.seed)
    network = Scorer(course.fields, course.shape, course.parameters.dropout)
    if course.parameters.pretrained:
        load_generic(network)
    network.train()
    optimizer = _optimizer(network, course.parameters)
    random = np.random.default_rng(course.seed)
    per_epoch = math.ceil(len(documents) / course.parameters.batch_size)
    total = min(course.parameters.max_epochs * per_epoch, max(course.parameters.max_steps, per_epoch))
    started, share, batches = course.clock(), 0.0, _batches(documents, course.parameters.batch_size, random)
    for step in range(total):
        late = (course.clock() - started) / course.seconds
        share = max(step / total, late if late > _TIME_COUNTS_FROM else 0.0)
        if share >= 1:
            break
        loss = _step(network, optimizer, next(batches), course, share)
        course.step_done(share, loss)
    network.eval()
    return network


def _step(
    network: Scorer, optimizer: torch.optim.Optimizer, documents: Sequence[Document], course: Course, share: float
) -> float:
    for group in optimizer.param_groups:
        group["lr"] = group["highest"] * _pace(share)
    batch, targets = batch_of(documents)
    scores, classes = network(_blurred(batch, course.parameters.text_dropout))
    loss = scorer_loss(scores, classes, targets, course.fields)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise NonFiniteLossError(
            f"the loss is {value} at share {share:.2f} of the training; lower learningRate, or look for faulty labels"
        )
    if loss.requires_grad:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP_NORM)
        optimizer.step()
    return value


def _optimizer(network: Scorer, parameters: ScorerParameters) -> torch.optim.Optimizer:
    """The generic part learns slower when it has learned before."""
    share = parameters.body_rate_share if parameters.pretrained else 1.0
    generic = [*network.body.parameters(), *network.asker.parameters()]
    known = {id(one) for one in generic}
    own = [one for one in network.parameters() if id(one) not in known]
    rate = parameters.learning_rate
    groups = [{"params": generic, "lr": rate, "highest": rate * share}, {"params": own, "lr": rate, "highest": rate}]
    return torch.optim.AdamW(groups, lr=rate, weight_decay=parameters.weight_decay, betas=(0.9, 0.98))


def _pace(share: float) -> float:
    """Warm-up, then half a cosine to nearly nothing."""
    if share < _WARM_UP_SHARE:
        return 0.1 + 0.9 * share / _WARM_UP_SHARE
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (share - _WARM_UP_SHARE) / (1 - _WARM_UP_SHARE)))


def _batches(documents: Sequence[Document], size: int, random: np.random.Generator) -> Iterator[list[Document]]:
    """Endless shuffled batches; documents of about one length come together, so that little is padded."""
    while True:
        order = random.permutation(len(documents))
        chunks = [order[start : start + 4 * size] for start in range(0, len(order), 4 * size)]
        batches = [
            sorted(chunk, key=lambda place: documents[place].bucket)[start : start + size]
            for chunk in chunks
            for start in range(0, len(chunk), size)
        ]
        for place in random.permutation(len(batches)):
            yield [documents[one] for one in batches[place]]


def _blurred(batch: Batch, text_dropout: float) -> Batch:
    """Forget some pieces of the texts and shake the features, so that no training document is learned by heart."""
    kept = torch.rand(batch.grams.shape) >= text_dropout
    noise = torch.randn(batch.features.shape) * _JITTER
    picture = batch.picture
    if float(torch.rand(())) < text_dropout:
        picture = torch.full_like(picture, 255)
    return Batch(batch.grams * kept, batch.features + noise, batch.neighbours, batch.cells, batch.mask, picture)


def tensors_of(network: Scorer) -> dict[str, Tensor]:
    """Return the generic part's weights by name."""
    return {name: value for name, value in network.state_dict().items() if name.startswith(("body.", "asker."))}

"""How wrong scores are: the right values' share of all values of the document and "absent", in nats."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from capforge_contracts.data_model import DataField, FieldType
from capforge_trainer.scorer.examples import PRESENT, UNKNOWN, Targets

NEVER = -1e4
"""The score of what cannot be: finite, so that gradients are."""
_KEEP_WEIGHT = 0.3


def scorer_loss(scores: Tensor, classes: Tensor, targets: Targets, fields: Sequence[DataField]) -> Tensor:
    """Return the mean loss over the batch's known fields; scores [P,F,4,T], classes [P,C]."""
    losses = value_losses(scores, targets, fields)
    known = targets.known != UNKNOWN
    total = losses[known].sum() + _keep_loss(scores, targets)
    count = known.sum()
    for loss in class_losses(classes, targets, fields):
        total, count = total + loss.sum(), count + loss.numel()
    return total / count.clamp(min=1)


def value_losses(scores: Tensor, targets: Targets, fields: Sequence[DataField]) -> Tensor:
    """Return [D,F] the loss of each document's field; meaningless where the field is unknown or a classification."""
    documents, count = targets.known.shape
    everything, right = [], []
    place = torch.arange(count)
    typed = torch.tensor([field.type is not FieldType.WORD for field in fields])
    words = place[~typed]
    values = torch.where(targets.allowed & typed.unsqueeze(-1), scores[:, :, 0], NEVER)
    everything.append(_key(targets, torch.logsumexp(values, -1), place))
    page, field, token = targets.values.unbind(1)
    right.append((targets.document[page] * count + field, values[page, field, token]))
    if len(words):
        longest = int(targets.runs[:, 3].max()) * 3 // 2 + 4 if len(targets.runs) else 8
        runs = run_scores(scores[:, words], targets.allowed[:, words], longest)
        everything.append(_key(targets, torch.logsumexp(runs.flatten(2), -1), words))
        page, field, first, length = targets.runs.unbind(1)
        number = torch.zeros(count, dtype=torch.int64).index_put((words,), torch.arange(len(words)))
        right.append((targets.document[page] * count + field, runs[page, number[field], first, length - 1]))
    total = F.softplus(_joined(everything, documents * count).clamp(min=NEVER))
    good = _joined(right, documents * count)
    losses = torch.where(targets.known.flatten() == PRESENT, total - good, total)
    return losses.reshape(documents, count)


def run_scores(scores: Tensor, allowed: Tensor, longest: int) -> Tensor:
    """Return [P,F,T,L]: as `decode.run_scores`, for scores [P,F,4,T]."""
    first = torch.where(allowed, scores[:, :, 0], NEVER)
    last = F.pad(torch.where(allowed, scores[:, :, 1], NEVER), (0, longest - 1), value=NEVER).unfold(-1, longest, 1)
    within = scores[:, :, 2].cumsum(-1)
    before = F.pad(within, (1, 0))[..., :-1]
    through = F.pad(within, (0, longest - 1)).unfold(-1, longest, 1)
    runs = (first - before).unsqueeze(-1) + last + through
    return runs.clamp(min=NEVER)


def _key(targets: Targets, values: Tensor, fields: Tensor) -> tuple[Tensor, Tensor]:
    """Values [P,f] with the number of their document and field."""
    count = targets.known.shape[1]
    keys = targets.document.unsqueeze(1) * count + fields.unsqueeze(0)
    return keys.flatten(), values.flatten()


def _joined(parts: Sequence[tuple[Tensor, Tensor]], size: int) -> Tensor:
    """Return the logsumexp of the values of each key 0..size-1; NEVER where there are none."""
    keys, values = torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
    peak = torch.full((size,), NEVER).scatter_reduce(0, keys, values.detach(), "amax")
    mass = torch.zeros(size).index_add(0, keys, torch.exp(values - peak[keys]))
    return peak + torch.log(mass.clamp(min=1e-12))


def _keep_loss(scores: Tensor, targets: Targets) -> Tensor:
    if not len(targets.kept):
        return scores.new_zeros(())
    page, field, word, kept = targets.kept.unbind(1)
    losses = F.binary_cross_entropy_with_logits(scores[page, field, 3, word], kept.float(), reduction="none")
    return _KEEP_WEIGHT * losses.mean() * len(targets.known)


def class_losses(classes: Tensor, targets: Targets, fields: Sequence[DataField]) -> list[Tensor]:
    """Return the cross entropy of each classification field's known documents, "none of them" against 0."""
    found, start = [], 0
    documents = len(targets.known)
    pages = torch.zeros(documents).index_add(0, targets.document, torch.ones(len(targets.document)))
    for place, field in enumerate(fields):
        size = len(field.classes)
        if field.type is not FieldType.CLASSIFICATION or not size:
            continue
        own = classes[:, start : start + size]
        start += size
        mean = torch.zeros(documents, size).index_add(0, targets.document, own) / pages.unsqueeze(1)
        known = targets.classes[:, place] >= 0
        logits = F.pad(mean, (1, 0))[known]
        if len(logits):
            found.append(F.cross_entropy(logits, targets.classes[known, place], reduction="none"))
    return found

"""AdamW with decay on weights only."""

from __future__ import annotations

from torch import nn
from torch.optim import AdamW

from capforge_trainer.config import OptimizerParameters


def make_optimizer(network: nn.Module, parameters: OptimizerParameters) -> AdamW:
    """Return the optimizer; norms and biases (one dimension) do not decay."""
    tensors = list(network.parameters())
    groups = [
        {"params": [one for one in tensors if one.ndim > 1], "weight_decay": parameters.weight_decay},
        {"params": [one for one in tensors if one.ndim <= 1], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=parameters.learning_rate)

"""The exponential moving average of the weights: what is evaluated and exported."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

_RISE_STEPS = 10.0


class Average:
    """A second network that follows the first slowly; quickly at the start, so that random weights are forgotten."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Start as a copy of the network; with decay 0 it always is one."""
        self._network = deepcopy(network).eval().requires_grad_(requires_grad=False)
        self._decay = decay
        self._pairs = _float_pairs(self._network, network)
        self._other = _other_pairs(self._network, network)

    @property
    def network(self) -> nn.Module:
        """The averaged network, in evaluation mode."""
        if self._decay == 0:
            self._follow(1.0)
        return self._network

    def update(self, step: int) -> None:
        """Follow the network after its step (counted from 0)."""
        if self._decay > 0:
            self._follow(1 - min(self._decay, (1 + step) / (_RISE_STEPS + step)))

    def _follow(self, share: float) -> None:
        with torch.no_grad():
            torch._foreach_lerp_(*self._pairs, share)
            for mine, theirs in self._other:
                mine.copy_(theirs)


def _tensors(network: nn.Module) -> list[Tensor]:
    # state_dict's own tensors are detached but share memory, and stay the same objects' storage while training.
    return list(network.state_dict().values())


def _float_pairs(average: nn.Module, network: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    pairs = [
        (mine, theirs)
        for mine, theirs in zip(_tensors(average), _tensors(network), strict=True)
        if mine.dtype.is_floating_point
    ]
    return [mine for mine, _ in pairs], [theirs for _, theirs in pairs]


def _other_pairs(average: nn.Module, network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    both = zip(_tensors(average), _tensors(network), strict=True)
    return [(mine, theirs) for mine, theirs in both if not mine.dtype.is_floating_point]

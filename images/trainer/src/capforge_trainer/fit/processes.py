"""One process or several (torchrun): who am I, and what do we agree on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Processes:
    """This process among those that train one model."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that evaluates, writes and decides."""
        return self.rank == 0

    def wrapped(self, network: nn.Module, device: torch.device) -> nn.Module:
        """Return the network as training calls it: gradients are averaged over the processes."""
        if self.count == 1:
            return network
        return DistributedDataParallel(network, device_ids=[device.index] if device.type == "cuda" else None)

    def agreed(self, *values: float, device: torch.device) -> list[float]:
        """Return the leader's values in every process."""
        if self.count == 1:
            return list(values)
        shared: Tensor = torch.tensor(values, dtype=torch.float64, device=device)
        distributed.broadcast(shared, src=0)
        agreed: list[float] = shared.tolist()
        return agreed

    def any_of(self, flag: bool, device: torch.device) -> bool:
        """Tell whether the flag is up in any process."""
        if self.count == 1:
            return flag
        shared = torch.tensor([float(flag)], device=device)
        distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
        return bool(shared.item())


ALONE = Processes()


@contextmanager
def joined(device: torch.device, environment: Mapping[str, str] = os.environ) -> Iterator[Processes]:
    """Join the processes that torchrun started; alone without it."""
    if int(environment.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()

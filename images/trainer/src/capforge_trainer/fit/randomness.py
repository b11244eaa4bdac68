"""torch's random numbers in a checkpoint."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def random_state() -> dict[str, Any]:
    """Return the state of torch's generators."""
    return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []}


def restore_random(state: dict[str, Any]) -> None:
    """Set torch's generators; a GPU's only where there are as many as before."""
    torch.set_rng_state(state["cpu"])
    cuda: list[Tensor] = state["cuda"]
    if cuda and len(cuda) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(cuda)

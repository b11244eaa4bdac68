"""The shipped weights of the generic part: half-precision arrays in one file, made by `make pretrain`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from capforge_trainer.errors import BadConfigurationError
from capforge_trainer.scorer.network import Scorer

WEIGHTS = Path(__file__).with_name("generic.npz")


def load_generic(network: Scorer, path: Path = WEIGHTS) -> None:
    """Fill the generic part; raises BadConfigurationError where the file is missing or of another network."""
    found = _read(path)
    own = {name: value for name, value in network.state_dict().items() if name.startswith(("body.", "asker."))}
    wrong = [name for name, value in own.items() if name not in found or found[name].shape != value.shape]
    if wrong:
        raise BadConfigurationError(
            f"{path.name} does not hold the weights {', '.join(sorted(wrong)[:5])} of this network; set pretrained to "
            "false, or make the file anew with `make pretrain`"
        )
    network.load_state_dict({name: found[name] for name in own}, strict=False)


def save_generic(network: Scorer, path: Path = WEIGHTS) -> None:
    """Write the generic part, always the same bytes for the same weights."""
    arrays = {
        name: value.detach().numpy().astype(np.float16)
        for name, value in sorted(network.state_dict().items())
        if name.startswith(("body.", "asker."))
    }
    np.savez_compressed(path, **arrays)


@lru_cache(maxsize=2)
def _read(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        return {name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files}

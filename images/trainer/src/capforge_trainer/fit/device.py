"""Which device and which numbers training uses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch

from capforge_trainer.config import OptimizerParameters
from capforge_trainer.errors import BadConfigurationError

_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
"""With these a step of a dense network takes half the time, and one of depthwise convolutions no longer."""


def choose_device(gpus: int, environment: Mapping[str, str] = os.environ) -> torch.device:
    """Return cuda if GPUs were asked for, else cpu; raises BadConfigurationError if there is none."""
    if gpus == 0:
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise BadConfigurationError(
            f"gpu: {gpus} was asked for, but this container sees no CUDA device; use a node with a GPU and an image "
            "with CUDA (TORCH_FROM=pypi), or gpu: 0"
        )
    return torch.device("cuda", int(environment.get("LOCAL_RANK", "0")))


def uses_bfloat16(parameters: OptimizerParameters, device: torch.device) -> bool:
    """Tell whether the forward pass is in bfloat16; raises BadConfigurationError where it cannot be."""
    wanted = parameters.precision
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
        if wanted == "BFloat16" and not able:
            raise BadConfigurationError(
                "optimizer.precision: BFloat16 is not supported by this GPU; use Auto or Float32"
            )
        return able and wanted != "Float32"
    return wanted == "BFloat16" or (wanted == "Auto" and _fast_on_cpu())


def _fast_on_cpu(cpu_information: Path = Path("/proc/cpuinfo")) -> bool:
    if not torch.backends.mkldnn.is_available() or not cpu_information.exists():
        return False
    flags = next((line for line in cpu_information.read_text().splitlines() if line.startswith("flags")), "")
    return bool(_BFLOAT16_FLAGS & set(flags.split()))

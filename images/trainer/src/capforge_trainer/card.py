"""The model card: everything known about one trained model, written last."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

import torch

from capforge_contracts.model import sha256_hex
from capforge_contracts.run import ModelCard, RunSpec
from capforge_trainer.config import Parameters
from capforge_trainer.strategy import Work
from capforge_trainer.surroundings import Artefact
from capforge_transforms import VERSION

_PACKAGES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy", "pycocotools", "capforge-trainer")


def model_card(work: Work, parameters: Parameters, artefact: Artefact, **own: Any) -> ModelCard:
    """Return the card of a finished attempt: what every card has, and the template's own fields."""
    spec = work.spec
    return ModelCard(
        namespace=spec.namespace,
        capability=spec.capability,
        capability_type=spec.capability_type,
        run=spec.run,
        run_digest=spec.digest,
        attempt=work.attempt.number,
        template=spec.template,
        parameters=parameters.model_dump(mode="json", by_alias=True),
        datasets=spec.datasets,
        model_sha256=sha256_hex(artefact.model),
        model_size_bytes=len(artefact.model),
        golden_sha256=sha256_hex(artefact.golden),
        transforms_version=VERSION,
        parity=artefact.parity,
        environment=_environment(spec, work.device),
        **own,
    )


def _environment(spec: RunSpec, device: torch.device) -> dict[str, str]:
    versions = {name: version for name in _PACKAGES if (version := _version(name))}
    accelerator = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        **versions,
        "python": platform.python_version(),
        "image": spec.image,
        "device": f"{device.type} {accelerator}",
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return str(getattr(torch, "__version__", "")) if name == "torch" else ""

"""Weights that torchvision publishes, from the folder where torch keeps them. Nothing is ever fetched.

The folder is `$TORCH_HOME/hub/checkpoints`: part of a trainer image, or mounted. torchvision's file names end in the
first digits of their sha256, so that a run which names the weights names their bytes.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import torch
from torch import Tensor
from torchvision import models

from capforge_contracts.model import sha256_hex
from capforge_trainer.config import DetectorParameters
from capforge_trainer.errors import BadConfigurationError, BadDataError
from capforge_trainer.fcos import FcosParameters
from capforge_trainer.models.network import Network
from capforge_trainer.weights import started_from

_DETECTOR = "fcos_resnet50_fpn"
_DIGEST = re.compile(r"-([0-9a-f]{8,64})\.pth$")


def published_start(parameters: DetectorParameters, network: Network) -> list[str]:
    """Give a network the published weights that its parameters ask for, if any; return warnings for the card.

    Raises BadConfigurationError where the file is not there, BadDataError where it is another or damaged.
    """
    if not isinstance(parameters, FcosParameters) or parameters.model.published_weights == "None":
        return []
    wanted = parameters.model.published_weights
    file = published_file(_DETECTOR if wanted == "COCO" else parameters.model.backbone)
    return started_from(network, _read(file, f"model.publishedWeights {wanted}"), f"{wanted}, {file.name}")


def published_file(model: str) -> Path:
    """Return where torch keeps the first weights that torchvision published for a model."""
    first = next(iter(models.get_model_weights(model)))
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(first.url).name


def _read(file: Path, where: str) -> dict[str, Tensor]:
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        message = (
            f"{where}: there is no file {file}; put torchvision's {file.name} there (TORCH_HOME says where), or set "
            "None, or give the weights as initialWeights"
        )
        raise BadConfigurationError(message) from error
    named = _DIGEST.search(file.name)
    if named is None or not sha256_hex(data).startswith(named.group(1)):
        raise BadDataError(
            f"{where}: {file} does not have the digest that its name ends in; put the published one there"
        )
    try:
        tensors: dict[str, Tensor] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises whatever a damaged file makes of it
        raise BadDataError(f"{where}: {file} holds no weights ({type(error).__name__}: {error})") from error
    return tensors

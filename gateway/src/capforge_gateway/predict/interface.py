"""The tensors of each type of model, by the model contract. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from capforge_contracts.run import CapabilityType
from capforge_gateway.predict import entities
from capforge_gateway.routing.routes import Version

_ANY = -1
Described = tuple[str, str, tuple[int, ...]]
"""Name, datatype, shape; -1 is any size."""


@dataclass(frozen=True)
class Interface:
    """What a model takes (uint8 [N,height,width,3]) and answers."""

    input: str
    outputs: tuple[str, ...]
    takes_files: bool
    """Whole images can be made into its input without anything else."""


CROPS = "crops"
SCORES = "scores"
EMBEDDINGS = "embeddings"
DETECTOR = Interface(entities.INPUT, entities.OUTPUTS, takes_files=True)
CLASSIFIER = Interface(CROPS, (SCORES,), takes_files=False)
EMBEDDER = Interface(CROPS, (EMBEDDINGS,), takes_files=False)
INTERFACES: Mapping[CapabilityType, Interface] = {
    CapabilityType.DETECTOR: DETECTOR,
    CapabilityType.BOX_CLASSIFIER: CLASSIFIER,
    CapabilityType.BOX_EMBEDDER: EMBEDDER,
}
"""Of those that take pixels."""


def input_size(version: Version) -> tuple[int, int]:
    """Return width and height of a version's input, pixels."""
    return (version.crop.width, version.crop.height) if version.crop else (version.width, version.height)


def described_outputs(interface: Interface, version: Version) -> tuple[Described, ...]:
    """Return the outputs as the inference protocol describes tensors."""
    if interface is CLASSIFIER:
        return ((SCORES, "FP32", (_ANY, len(version.names))),)
    if interface is EMBEDDER:
        return ((EMBEDDINGS, "FP32", (_ANY, version.embedding_size or _ANY)),)
    return (
        ("boxes", "FP32", (_ANY, _ANY, 4)),
        ("scores", "FP32", (_ANY, _ANY)),
        ("classes", "INT64", (_ANY, _ANY)),
        ("count", "INT64", (_ANY, 1)),
    )

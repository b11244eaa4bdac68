"""One network of crops → the files that are published: proven first, written by the caller."""

from __future__ import annotations

import onnx

from capforge_contracts.run import CropSettings, TensorSpec
from capforge_trainer.export.graph import graph_of
from capforge_trainer.models.network import Network
from capforge_trainer.regions import golden, parity
from capforge_trainer.regions.crops import Crops
from capforge_trainer.surroundings import Artefact

INPUT = "crops"
MAX_BATCH_SIZE = 64
"""What servers may join; the graph itself takes any batch."""


def export(network: Network, output: str, dev: Crops) -> Artefact:
    """Export a network uint8 [N,H,W,3] → float32 [N,D] and prove it on dev; raises ParityError."""
    return proven(network, crops_graph(network, output, dev.settings), dev)


def crops_graph(network: Network, output: str, settings: CropSettings) -> onnx.ModelProto:
    """Return the graph: `crops` in, `output` out."""
    return graph_of(network, settings.height, settings.width, INPUT, [output])


def proven(network: Network, model: onnx.ModelProto, dev: Crops) -> Artefact:
    """Compare a graph with the network on dev; raises ParityError."""
    passed = parity.check(parity.compare(network, model, dev))
    return Artefact(model.SerializeToString(), golden.golden_request(model, dev), passed)


def input_tensors(settings: CropSettings) -> list[TensorSpec]:
    """Return what the model takes."""
    return [TensorSpec(name=INPUT, datatype="UINT8", shape=[-1, settings.height, settings.width, 3])]


def output_tensors(output: str, size: int) -> list[TensorSpec]:
    """Return what the model gives."""
    return [TensorSpec(name=output, datatype="FP32", shape=[-1, size])]

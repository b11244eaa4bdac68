"""A torch module as one ONNX graph, batch norms folded into convolutions by the exporter."""

from __future__ import annotations

import io
import warnings

import onnx
import torch

from capforge_trainer.models.network import Network

OPSET = 17


def graph_of(module: Network, height: int, width: int, given: str, answered: list[str]) -> onnx.ModelProto:
    """Export a module on the CPU that takes uint8 images [N,height,width,3], named `given`; any batch size."""
    # Two images: an exporter may bake in a batch of one. Plain memory format: the graph has no other.
    example = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecation notes
        torch.onnx.export(
            module.eval(),
            (example,),
            buffer,
            dynamo=False,  # the one exporter that torch 2.6 and newer share and that needs no further package
            opset_version=OPSET,
            input_names=[given],
            output_names=answered,
            dynamic_axes={name: {0: "N"} for name in (given, *answered)},
        )
    graph: onnx.ModelProto = onnx.load_from_string(buffer.getvalue())
    return graph

"""The trained scorer as ONNX: any number of pages, any of the token buckets."""

from __future__ import annotations

import io
import warnings

import onnx
import torch

from capforge_contracts.reading import PICTURE_LONG_SIDE
from capforge_trainer.scorer.served import Served
from capforge_transforms.documents.encode import BUCKETS, FEATURES, INPUTS, OUTPUTS, PICTURE_INPUT, SLOTS
from capforge_transforms.documents.grams import GRAMS

OPSET = 17


def scorer_graph(module: Served) -> onnx.ModelProto:
    """Export a scorer; the axes N (pages) and T (tokens) are dynamic."""
    pages, tokens, side = 2, BUCKETS[0], PICTURE_LONG_SIDE
    example = (
        torch.zeros(pages, tokens, GRAMS, dtype=torch.int32),
        torch.zeros(pages, tokens, FEATURES),
        torch.zeros(pages, tokens, SLOTS, dtype=torch.int32),
        torch.zeros(pages, tokens, dtype=torch.int32),
        torch.zeros(pages, tokens),
        torch.zeros(pages, side, side, dtype=torch.uint8),
    )
    scores, classes = OUTPUTS
    axes = {name: {0: "N", 1: "T"} for name in INPUTS if name != PICTURE_INPUT}
    axes |= {PICTURE_INPUT: {0: "N"}, scores: {0: "N", 3: "T"}, classes: {0: "N"}}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecation notes
        torch.onnx.export(
            module.eval(),
            example,
            buffer,
            dynamo=False,  # the one exporter that torch 2.6 and newer share and that needs no further package
            opset_version=OPSET,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_axes=axes,
        )
    graph: onnx.ModelProto = onnx.load_from_string(buffer.getvalue())
    return graph

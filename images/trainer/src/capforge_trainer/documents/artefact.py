"""One trained scorer → the files that are published: proven first, written by the caller."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from capforge_contracts.run import TensorSpec
from capforge_trainer.documents import parity
from capforge_trainer.documents.golden import golden_request
from capforge_trainer.documents.selection import AnnotatedDocument
from capforge_trainer.documents.served import ServedScorer
from capforge_trainer.scorer.fit import FittedScorer
from capforge_trainer.scorer.graph import scorer_graph
from capforge_trainer.surroundings import Artefact

MAX_BATCH_SIZE = 8
"""Pages that servers may join; the graph itself takes any number."""
_DATATYPES = {
    onnx.TensorProto.UINT8: "UINT8",
    onnx.TensorProto.INT32: "INT32",
    onnx.TensorProto.INT64: "INT64",
    onnx.TensorProto.FLOAT: "FP32",
}


def export(fitted: FittedScorer, documents: Sequence[AnnotatedDocument]) -> Artefact:
    """Export and prove on these documents; raises ParityError."""
    return proven(fitted, scorer_graph(fitted.module), documents)


def proven(fitted: FittedScorer, graph: onnx.ModelProto, documents: Sequence[AnnotatedDocument]) -> Artefact:
    """Compare a graph with the network; raises ParityError."""
    data = graph.SerializeToString()
    model = ServedScorer(data, fitted.fields)
    passed = parity.check(parity.compare(fitted.module, model, documents))
    return Artefact(data, golden_request(model, documents), passed)


def tensors_of(model: bytes) -> tuple[list[TensorSpec], list[TensorSpec]]:
    """Return what a graph takes and gives; free axes are -1."""
    graph = onnx.load_from_string(model).graph
    return [_tensor(one) for one in graph.input], [_tensor(one) for one in graph.output]


def _tensor(value: onnx.ValueInfoProto) -> TensorSpec:
    tensor = value.type.tensor_type
    shape = [-1 if one.dim_param else int(one.dim_value) for one in tensor.shape.dim]
    return TensorSpec(name=value.name, datatype=_DATATYPES[tensor.elem_type], shape=shape)

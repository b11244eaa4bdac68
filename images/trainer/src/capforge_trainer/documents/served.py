"""The exported field extractor as onnxruntime runs it, with the encoding and decoding that serving has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from capforge_contracts.data_model import DataField
from capforge_contracts.reading import Reading
from capforge_trainer.machine import usable_cores
from capforge_transforms.documents.decode import FieldPrediction, decode
from capforge_transforms.documents.encode import INPUTS, OUTPUTS, Array, Row, encode_reading, stacked


class UnfitModelError(Exception):
    """The graph is not a field extractor as this trainer knows them."""


class ServedScorer:
    """A field extractor in memory."""

    def __init__(self, model: bytes, fields: Sequence[DataField], threads: int | None = None) -> None:
        """Load the model on the CPU; `fields` are those it was trained on. Raises UnfitModelError."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the machine may be shared
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's own errors have no base but this
            raise UnfitModelError(f"ONNX Runtime does not load it: {str(error)[:300]}") from error
        self.fields = fields
        inputs = {one.name for one in self._session.get_inputs()}
        outputs = {one.name for one in self._session.get_outputs()}
        if inputs - set(INPUTS) or set(OUTPUTS) - outputs:
            message = (
                f"it takes {', '.join(sorted(inputs))} and gives {', '.join(sorted(outputs))}; "
                f"expected: {', '.join(INPUTS)} and {', '.join(OUTPUTS)}"
            )
            raise UnfitModelError(message)
        self.inputs = tuple(name for name in INPUTS if name in inputs)

    def run(self, rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
        """Return all outputs for some pages by name, padded to their largest bucket."""
        return self.answer(stacked(rows))

    def answer(self, arrays: Mapping[str, Array]) -> dict[str, NDArray[Any]]:
        """Return all outputs of a batch by name."""
        given = {name: arrays[name] for name in self.inputs}
        return dict(zip(OUTPUTS, self._session.run(list(OUTPUTS), given), strict=True))

    def predictions(self, reading: Reading) -> dict[str, FieldPrediction]:
        """Return what the model says about each field, before any threshold: page by page, as the gateway asks."""
        rows = encode_reading(reading)
        return decode([page_of(self.run([row]), 0) for row in rows], rows, reading, self.fields)


def page_of(outputs: Mapping[str, NDArray[Any]], page: int) -> dict[str, NDArray[Any]]:
    """Return the outputs of one page of a batch."""
    return {name: value[page] for name, value in outputs.items()}

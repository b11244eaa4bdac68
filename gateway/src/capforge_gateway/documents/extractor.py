"""What a FieldExtractorElement's model says about a reading: pages as numbers, to a model server, back to values."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from numpy.typing import NDArray

from capforge_contracts.reading import Reading
from capforge_gateway.errors import model_failed
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.sent import NamedArrays
from capforge_gateway.predict.upstream import Upstream
from capforge_gateway.requests import Facts
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.routes import Capability, Version
from capforge_transforms.documents.decode import FieldPrediction, decode
from capforge_transforms.documents.encode import OUTPUTS, Row, encode_reading, stacked

Outputs = Mapping[str, NDArray[Any]]
_log = structlog.get_logger()


class Extractor:
    """One row for each page; as many together as the model takes."""

    def __init__(self, board: RouteBoard, threads: PixelThreads, upstream: Upstream, timeout_seconds: float) -> None:
        self._board = board
        self._threads = threads
        self._upstream = upstream
        self._timeout_seconds = timeout_seconds

    async def predict(
        self, capability: Capability, version: Version, reading: Reading, facts: Facts
    ) -> Mapping[str, FieldPrediction]:
        """Return each field's prediction by its name; raises ApiError."""
        started = time.perf_counter()
        batches = await self._threads.run(_batches, reading, version.max_batch_size)
        facts.decode_seconds = time.perf_counter() - started
        sent = time.perf_counter()
        outputs: list[Outputs] = []
        for rows, arrays in batches:
            tensors = await self._upstream.ask(
                lambda: self._board.addresses(capability, version),
                version.model,
                facts.request_id,
                NamedArrays(arrays, OUTPUTS),
                self._timeout_seconds,
            )
            outputs += [{name: tensor[row] for name, tensor in tensors.items()} for row in range(len(rows))]
        facts.upstream_seconds = time.perf_counter() - sent
        return await self._threads.run(
            _decoded, outputs, [row for rows, _ in batches for row in rows], reading, version
        )


def _batches(reading: Reading, most: int) -> list[tuple[Sequence[Row], Mapping[str, NDArray[Any]]]]:
    """Return rows of pages that go together, and their arrays."""
    rows = encode_reading(reading)
    groups = [rows[start : start + most] for start in range(0, len(rows), most)]
    return [(group, stacked(group)) for group in groups]


def _decoded(
    outputs: Sequence[Outputs], rows: Sequence[Row], reading: Reading, version: Version
) -> Mapping[str, FieldPrediction]:
    try:
        return decode(outputs, rows, reading, version.fields, version.field_thresholds)
    except (IndexError, KeyError, ValueError) as error:
        _log.exception("model server's answer cannot be read", model=version.model)
        raise model_failed() from error

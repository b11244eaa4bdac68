"""What a DetectorElement does with one image."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from capforge_gateway.errors import model_failed, serving_unavailable
from capforge_gateway.predict.answer import document_of
from capforge_gateway.predict.batches import Batches
from capforge_gateway.predict.entities import INPUT, OUTPUTS, detections_of, entities_of, kept
from capforge_gateway.predict.inputs import ImageBytes
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.target import Options
from capforge_gateway.predict.wire import WireError
from capforge_gateway.requests import Facts
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.routes import Capability, Version
from capforge_transforms import Placement, Transforms

_ID_BITS = 128
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""RFC 9562: the two highest bits of this digit are 10."""
_log = structlog.get_logger()


class Detector:
    """Image in, entities out."""

    def __init__(self, board: RouteBoard, pixels: PixelThreads, batches: Batches, timeout_seconds: float) -> None:
        self._board = board
        self._pixels = pixels
        self._batches = batches
        self._timeout_seconds = timeout_seconds

    async def predict(
        self, capability: Capability, version: Version, image: ImageBytes, options: Options, facts: Facts
    ) -> Mapping[str, Any]:
        """Return the document; raises ApiError."""
        prepared = await self._pixels.prepare(image.data, version, transforms_of(capability, version))
        facts.decode_seconds = prepared.seconds
        placement = prepared.placement
        entities = await self.entities(capability, version, prepared.canvas, placement, options, facts)
        facts.entities = len(entities)
        size = (placement.image_width, placement.image_height)
        return document_of(
            new_id(), image.name, capability, version, size, entities, facts.started_at, facts.seconds, now()
        )

    async def entities(
        self,
        capability: Capability,
        version: Version,
        canvas: NDArray[np.uint8],
        placement: Placement,
        options: Options,
        facts: Facts,
    ) -> list[dict[str, Any]]:
        """Return the entities on a canvas [height,width,3] as they go on the wire; raises ApiError."""
        transforms = transforms_of(capability, version)
        sent = time.perf_counter()
        tensors = await self._batches.infer(
            lambda: self._board.addresses(capability, version),
            version.model,
            facts.request_id,
            canvas[None],
            (INPUT, OUTPUTS),
            self._timeout_seconds,
            version.max_batch_size,
        )
        facts.upstream_seconds = time.perf_counter() - sent
        try:
            found = kept(detections_of(tensors), version, options)
        except WireError as error:
            _log.error("model server's answer cannot be read", model=version.model, error=str(error))
            raise model_failed() from error
        return entities_of(found, version, placement, transforms, capability.name, new_id)


def transforms_of(capability: Capability, version: Version) -> Transforms:
    """Return what the version's pixels are made with; raises 503 where this gateway is older than the model."""
    if version.transforms is None:
        raise serving_unavailable(
            f"version {version.version} of `{capability.name}` needs transforms {version.transforms_version}, which"
            " this gateway lacks"
        )
    return version.transforms


def new_id() -> str:
    """Return a UUID of version 4: unique, not secret, so that the process's own generator spares a system call."""
    digits = f"{random.getrandbits(_ID_BITS):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


def now() -> datetime:
    """Return the time for an answer."""
    return datetime.now(UTC)

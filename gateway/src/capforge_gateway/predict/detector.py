"""What a DetectorElement does with one image."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from capforge_gateway.errors import model_failed, serving_unavailable
from capforge_gateway.predict.answer import document_of
from capforge_gateway.predict.entities import INPUT, OUTPUTS, detections_of, entities_of, kept
from capforge_gateway.predict.inputs import ImageBytes
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.target import Options
from capforge_gateway.predict.upstream import Upstream
from capforge_gateway.predict.wire import WireError
from capforge_gateway.requests import Facts
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.routes import Capability, Version

_ID_BITS = 128
_log = structlog.get_logger()


class Detector:
    """Image in, entities out."""

    def __init__(self, board: RouteBoard, pixels: PixelThreads, upstream: Upstream, timeout_seconds: float) -> None:
        self._board = board
        self._pixels = pixels
        self._upstream = upstream
        self._timeout_seconds = timeout_seconds

    async def predict(
        self, capability: Capability, version: Version, image: ImageBytes, options: Options, facts: Facts
    ) -> Mapping[str, Any]:
        """Return the document; raises ApiError."""
        if version.transforms is None:
            raise serving_unavailable(
                f"version {version.version} needs transforms {version.transforms_version}, which this gateway lacks"
            )
        prepared = await self._pixels.prepare(image.data, version, version.transforms)
        facts.decode_seconds = prepared.seconds
        sent = time.perf_counter()
        tensors = await self._upstream.infer(
            lambda: self._addresses(capability, version),
            version.model,
            facts.request_id,
            prepared.canvas[None],
            (INPUT, OUTPUTS),
            self._timeout_seconds,
        )
        facts.upstream_seconds = time.perf_counter() - sent
        try:
            found = kept(detections_of(tensors), version, options)
        except WireError as error:
            _log.error("model server's answer cannot be read", model=version.model, error=str(error))
            raise model_failed() from error
        entities = entities_of(found, version, prepared.placement, version.transforms, capability.name, _new_id)
        facts.entities = len(entities)
        return document_of(
            _new_id(), image.name, capability, version, prepared, entities, facts.started_at, facts.seconds, _now()
        )

    def _addresses(self, capability: Capability, version: Version) -> tuple[str, ...]:
        """Return where the version is loaded now: the routes may have changed since the request began."""
        now = self._board.current.capabilities.get((capability.namespace, capability.name))
        return now.versions.get(version.version, version).addresses if now else version.addresses


def _new_id() -> str:
    """Unique, not secret: the process's own generator spares a system call per entity."""
    return str(uuid.UUID(int=random.getrandbits(_ID_BITS), version=4))


def _now() -> datetime:
    return datetime.now(UTC)

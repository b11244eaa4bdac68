"""`predict` of a BoxClassifierElement or BoxEmbedderElement, after the door: read, decode once, find, ask, answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.run import CapabilityType
from capforge_gateway.documents.endpoint import Answer
from capforge_gateway.errors import predict_timeout, unsupported_media
from capforge_gateway.predict.admission import Admission, Seat
from capforge_gateway.predict.answer import document_of
from capforge_gateway.predict.body import Body, Message, body_limit, header
from capforge_gateway.predict.detector import Detector, new_id, now, transforms_of
from capforge_gateway.predict.door import Door, check_served
from capforge_gateway.predict.fetch import Fetcher
from capforge_gateway.predict.inputs import FORM, JSON, RAW, URLENCODED, ImageAddress, ImageBytes, media_type
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.regions.asking import Asking, bytes_at_once
from capforge_gateway.predict.regions.chain import Step, before
from capforge_gateway.predict.regions.entity import (
    Entity,
    brought_entities,
    check_inside,
    class_of,
    region_of,
    too_many,
)
from capforge_gateway.predict.regions.gallery import Gallery
from capforge_gateway.predict.regions.request import ENTITIES_BYTES, GALLERY_BYTES, Sent, search_of, sent_of
from capforge_gateway.predict.regions.saying import SAYS, add_similar, provenance_of
from capforge_gateway.predict.target import Options, Target, options_of
from capforge_gateway.requests import Facts
from capforge_gateway.routing.routes import Capability

_WITHOUT_CHANGE = Options()


@dataclass(frozen=True)
class Limits:
    """Of one request."""

    max_image_bytes: int
    max_entities: int
    upload_timeout_seconds: float
    predict_timeout_seconds: float


@dataclass(frozen=True)
class Regions:
    """Answers what the hot path hands over."""

    door: Door
    admission: Admission
    pixels: PixelThreads
    fetcher: Fetcher
    detector: Detector
    asking: Asking
    limits: Limits

    async def answer(self, scope: Message, target: Target, capability: Capability, body: Body, facts: Facts) -> Answer:
        """Return 200 with the document; raises ApiError."""
        version = self.door.version(capability, target.asked, facts)
        options = options_of(scope["query_string"])
        check_served(capability, queued=target.queued)
        asked = Step(capability, version)
        with self.admission.seat(target.namespace) as seat:
            sent = await self._sent(scope, target, body, seat, facts)
            brought = None if sent.entities is None else await self._brought(sent.entities)
            steps = before(self.door.board.current, capability) if brought is None else ()
            image = await self._image(sent, seat)
            try:
                document = await self._document(image, brought, (*steps, asked), options, facts, sent.gallery)
            except TimeoutError as error:
                raise predict_timeout(self.limits.predict_timeout_seconds) from error
            return HTTPStatus.OK, {"document": document}

    async def _sent(self, scope: Message, target: Target, body: Body, seat: Seat, facts: Facts) -> Sent:
        content_type = header(scope["headers"], b"content-type")
        media = media_type(content_type)
        if media not in RAW | {FORM, JSON, URLENCODED}:
            raise unsupported_media(media)
        largest = self.limits.max_image_bytes
        beside = GALLERY_BYTES if target.search else ENTITIES_BYTES
        limit = body_limit(media, largest) + (0 if media in RAW else beside)
        data = await body.read(limit, largest, seat, self.limits.upload_timeout_seconds)
        facts.request_bytes = len(data)
        sent = await self.pixels.run(search_of if target.search else sent_of, content_type, data, largest)
        if sent.gallery is not None:
            seat.hold(sent.gallery.vectors.nbytes)
        return sent

    async def _brought(self, entities: Any) -> list[Entity]:
        return await self.pixels.run(brought_entities, entities, self.limits.max_entities, new_id)

    async def _image(self, sent: Sent, seat: Seat) -> ImageBytes:
        if isinstance(sent.image, ImageAddress):
            return ImageBytes(await self.fetcher.fetch(sent.image.url, seat.hold))
        return sent.image

    async def _document(
        self,
        image: ImageBytes,
        brought: list[Entity] | None,
        steps: Sequence[Step],
        options: Options,
        facts: Facts,
        gallery: Gallery | None,
    ) -> dict[str, Any]:
        """Decode once, let each step say what it has to; raises TimeoutError beside ApiError."""
        asked = steps[-1]
        transforms = transforms_of(asked.capability, asked.version)
        beside = max(bytes_at_once(step) for step in steps if step.capability.type in SAYS)
        started = time.perf_counter()
        async with self.pixels.decoded(image.data, transforms, beside) as pixels:
            facts.decode_seconds = time.perf_counter() - started
            size = (pixels.shape[1], pixels.shape[0])
            async with asyncio.timeout(self.limits.predict_timeout_seconds):
                entities = await self._entities(image.data, pixels, brought, steps, options, facts)
        if gallery is not None:
            await self.pixels.run(add_similar, entities, gallery, asked, options.neighbours)
        facts.entities = len(entities)
        document = document_of(
            new_id(),
            image.name,
            asked.capability,
            asked.version,
            size,
            entities,
            facts.started_at,
            facts.seconds,
            now(),
        )
        inference = {**document["inference"], "inputs": [provenance_of(step) for step in steps[:-1]]}
        return {**document, "inference": inference}

    async def _entities(
        self,
        data: bytes,
        pixels: NDArray[np.uint8],
        brought: list[Entity] | None,
        steps: Sequence[Step],
        options: Options,
        facts: Facts,
    ) -> list[Entity]:
        """Return the entities with what all steps say of them."""
        if brought is None:
            entities = await self._found(data, pixels, steps[0], options, facts)
        else:
            entities = brought
            check_inside(entities, pixels.shape[1], pixels.shape[0])
        asked = steps[-1]
        for step in steps:
            if step is asked:
                await self._say(step, pixels, entities, options, facts)
            elif step.capability.type is CapabilityType.BOX_CLASSIFIER:  # an embedder in between adds nothing
                await self._say(step, pixels, entities, _WITHOUT_CHANGE, facts)
        return entities

    async def _found(
        self, data: bytes, pixels: NDArray[np.uint8], step: Step, options: Options, facts: Facts
    ) -> list[Entity]:
        """Let the detector find the entities, with its own thresholds."""
        version = step.version
        canvas_of = transforms_of(step.capability, version).canvas_of_decoded
        canvas, placement = await self.pixels.run(canvas_of, data, pixels, version.width, version.height)
        narrowed = Options(max_entities=options.max_entities)
        entities = await self.detector.entities(step.capability, version, canvas, placement, narrowed, facts)
        if len(entities) > self.limits.max_entities:
            raise too_many(len(entities), self.limits.max_entities)
        return entities

    async def _say(
        self, step: Step, pixels: NDArray[np.uint8], entities: Sequence[Entity], options: Options, facts: Facts
    ) -> None:
        wanted = step.capability.input_filter
        taken = [one for one in entities if not wanted or class_of(one) in (*wanted, None)]
        rows = await self.asking.rows(step, pixels, [region_of(one) for one in taken], facts)
        SAYS[step.capability.type](taken, rows, step, options)

"""`predict` and `predict_async` of a FieldExtractorElement, after the door: rate, flags, upload, answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from capforge_gateway.documents.choices import choices_of
from capforge_gateway.documents.media import ALLOWED
from capforge_gateway.documents.prediction import Prediction
from capforge_gateway.documents.queue import Queue
from capforge_gateway.documents.rates import Rates
from capforge_gateway.documents.upload import RAW, Upload, sent_of
from capforge_gateway.errors import unsupported_media
from capforge_gateway.predict.admission import Admission, Seat
from capforge_gateway.predict.body import Body, Message, body_limit, header
from capforge_gateway.predict.door import Door
from capforge_gateway.predict.fetch import Fetcher
from capforge_gateway.predict.inputs import FORM, JSON, URLENCODED, ImageAddress, media_type
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.target import Target
from capforge_gateway.requests import Facts
from capforge_gateway.routing.routes import Capability

Answer = tuple[HTTPStatus, Mapping[str, Any]]
"""Status, and what the envelope holds by name."""
_WORDS_BYTES = 4 * 1024 * 1024
"""Beside the file: words that the client read."""


@dataclass(frozen=True)
class FieldExtraction:
    """Answers what the hot path hands over."""

    door: Door
    admission: Admission
    rates: Rates
    threads: PixelThreads
    fetcher: Fetcher
    prediction: Prediction
    queue: Queue
    max_bytes: int
    upload_timeout_seconds: float

    async def answer(self, scope: Message, target: Target, capability: Capability, body: Body, facts: Facts) -> Answer:
        """Return 201 with the document, or 202 with the job; raises ApiError."""
        self.rates.spend(facts.namespace, facts.key)
        version = self.door.version_or_none(capability, target.asked, facts)
        with self.admission.seat(facts.namespace) as seat:
            upload = await self._upload(scope, body, seat, facts)
            choices = choices_of(scope["query_string"], upload.form)
            upload.media  # noqa: B018 - raises 415 for what nobody could read
            if target.queued:
                return HTTPStatus.ACCEPTED, {
                    "job": await self.queue.add(capability, target.asked, upload, choices, facts)
                }
            document = await self.prediction.of(capability, version, upload, choices, facts)
            return HTTPStatus.CREATED, {"document": document}

    async def _upload(self, scope: Message, body: Body, seat: Seat, facts: Facts) -> Upload:
        content_type = header(scope["headers"], b"content-type")
        media = media_type(content_type)
        if media not in RAW | {FORM, JSON, URLENCODED}:
            raise unsupported_media(media, ALLOWED)
        limit = body_limit("image/" if media in RAW else media, self.max_bytes) + (0 if media in RAW else _WORDS_BYTES)
        data = await body.read(limit, self.max_bytes, seat, self.upload_timeout_seconds)
        facts.request_bytes = len(data)
        sent = await self.threads.run(sent_of, content_type, data, self.max_bytes)
        if isinstance(sent.source, ImageAddress):
            return sent.upload(await self.fetcher.fetch(sent.source.url, seat.hold, self.max_bytes))
        return sent.upload()

"""The predict call as a plain ASGI callable: who asks, for what, may it, read, predict, answer, account."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import structlog

from capforge_contracts.run import CapabilityType
from capforge_gateway.documents.endpoint import Answer, FieldExtraction
from capforge_gateway.envelope import Headers, failure, failure_headers, json_headers, resources
from capforge_gateway.errors import ApiError, ClientGone, internal, unsupported_media
from capforge_gateway.metrics import Metrics
from capforge_gateway.predict.admission import Admission, Seat
from capforge_gateway.predict.body import Body, Message, Receive, Send, body_limit, header
from capforge_gateway.predict.detector import Detector
from capforge_gateway.predict.door import Door, check_searches, check_served
from capforge_gateway.predict.fetch import Fetcher
from capforge_gateway.predict.inputs import FORM, JSON, RAW, URLENCODED, ImageAddress, ImageBytes, image_of, media_type
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.regions.endpoint import Regions
from capforge_gateway.predict.sending import refuse, send_whole
from capforge_gateway.predict.target import Target, options_of
from capforge_gateway.requests import Facts, address_of, request_id_from
from capforge_gateway.routing.routes import REGION_TYPES

CLIENT_GONE_STATUS = 499
"""In log and metrics only: nobody was there to be answered."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class Limits:
    """Of one request."""

    max_image_bytes: int
    upload_timeout_seconds: float


@dataclass(frozen=True)
class Predict:
    """`POST /v1/products/{namespace}/{capability}/v{version}/predict` and `…/predict_async`."""

    door: Door
    admission: Admission
    pixels: PixelThreads
    fetcher: Fetcher
    detector: Detector
    regions: Regions
    field_extraction: FieldExtraction
    metrics: Metrics
    limits: Limits
    external_url: str

    async def __call__(self, scope: Message, target: Target, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens in it."""
        headers: Headers = scope["headers"]
        facts = Facts(request_id_from(headers))
        body = Body(receive, headers)
        url = address_of(scope, self.external_url)
        try:
            facts.status, found = await self._predict(scope, target, body, facts)
            answer = resources(url, facts.request_id, facts.status, found)
            await send_whole(send, facts.status, json_headers(answer, facts.request_id), answer)
        except ClientGone:
            facts.status, facts.code = CLIENT_GONE_STATUS, "ClientGone"
        except ApiError as error:
            await _refuse(send, body, url, error, facts)
        except Exception:  # noqa: BLE001 - the last line of defence: the caller gets an envelope, the log the trace
            _log.exception("prediction failed", request=facts.request_id)
            await _refuse(send, body, url, internal(), facts)
        self._account(target, facts)

    async def _predict(self, scope: Message, target: Target, body: Body, facts: Facts) -> Answer:
        headers = scope["headers"]
        capability = self.door.capability(target.namespace, target.capability, headers, facts)
        if target.search:
            check_searches(capability)
        if capability.type is CapabilityType.FIELD_EXTRACTOR:
            return await self.field_extraction.answer(scope, target, capability, body, facts)
        if capability.type in REGION_TYPES:
            return await self.regions.answer(scope, target, capability, body, facts)
        version = self.door.version(capability, target.asked, facts)
        options = options_of(scope["query_string"])
        check_served(capability, queued=target.queued)
        with self.admission.seat(target.namespace) as seat:
            image = await self._image(headers, body, seat, facts)
            document = await self.detector.predict(capability, version, image, options, facts)
            return HTTPStatus.OK, {"document": document}

    async def _image(self, headers: Headers, body: Body, seat: Seat, facts: Facts) -> ImageBytes:
        content_type = header(headers, b"content-type")
        media = media_type(content_type)
        if media not in RAW and media not in {FORM, JSON, URLENCODED}:
            raise unsupported_media(media)
        limit = self.limits.max_image_bytes
        data = await body.read(body_limit(media, limit), limit, seat, self.limits.upload_timeout_seconds)
        facts.request_bytes = len(data)
        if media in RAW:
            found = image_of(content_type, data, limit)
        else:
            found = await self.pixels.run(image_of, content_type, data, limit)
        if isinstance(found, ImageAddress):
            return ImageBytes(await self.fetcher.fetch(found.url, seat.hold))
        return found

    def _account(self, target: Target, facts: Facts) -> None:
        self.metrics.observe(facts)
        _log.info(
            "predict",
            request=facts.request_id,
            namespace=target.namespace,
            capability=target.capability,
            version=facts.version or ascii(target.asked),
            key=facts.key,
            status=int(facts.status),
            code=facts.code,
            seconds=round(facts.seconds, 5),
            decode_seconds=_rounded(facts.decode_seconds),
            upstream_seconds=_rounded(facts.upstream_seconds),
            request_bytes=facts.request_bytes,
            entities=facts.entities,
        )


async def _refuse(send: Send, body: Body, url: str, error: ApiError, facts: Facts) -> None:
    facts.status, facts.code = error.status, error.code
    answer = failure(url, facts.request_id, error)
    await refuse(send, body, error.status, failure_headers(answer, facts.request_id, error), answer)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 5)

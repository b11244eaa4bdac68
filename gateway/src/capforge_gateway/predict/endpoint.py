"""The predict call as a plain ASGI callable: who asks, for what, may it, read, predict, answer, account."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog

from capforge_contracts.run import CapabilityType
from capforge_gateway.envelope import Headers, failure, failure_headers, json_headers, success
from capforge_gateway.errors import ApiError, ClientGone, internal, not_served, unauthorized, unsupported_media
from capforge_gateway.keys.keyring import Keyring, presented_key
from capforge_gateway.metrics import Metrics
from capforge_gateway.predict.admission import Admission, Seat
from capforge_gateway.predict.body import Body, Message, Receive, Send, body_limit, header
from capforge_gateway.predict.detector import Detector
from capforge_gateway.predict.fetch import Fetcher
from capforge_gateway.predict.inputs import FORM, JSON, RAW, URLENCODED, ImageAddress, ImageBytes, image_of, media_type
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.target import Target, options_of
from capforge_gateway.requests import Facts, request_id_from
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.resolve import find_capability, find_version

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
    """`POST /v1/products/{namespace}/{capability}/v{version}/predict`."""

    board: RouteBoard
    keyring: Keyring
    admission: Admission
    pixels: PixelThreads
    fetcher: Fetcher
    detector: Detector
    metrics: Metrics
    limits: Limits
    external_url: str

    async def __call__(self, scope: Message, target: Target, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens in it."""
        headers: Headers = scope["headers"]
        facts = Facts(request_id_from(headers))
        body = Body(receive, headers)
        url = self._url(scope)
        try:
            document = await self._predict(scope, target, body, facts)
            facts.status = HTTPStatus.OK
            answer = success(url, HTTPStatus.OK, document)
            await _send(send, HTTPStatus.OK, json_headers(answer, facts.request_id), answer)
        except ClientGone:
            facts.status, facts.code = CLIENT_GONE_STATUS, "ClientGone"
        except ApiError as error:
            await _refuse(send, body, url, error, facts)
        except Exception:  # noqa: BLE001 - the last line of defence: the caller gets an envelope, the log the trace
            _log.exception("prediction failed", request=facts.request_id)
            await _refuse(send, body, url, internal(), facts)
        self._account(target, facts)

    async def _predict(self, scope: Message, target: Target, body: Body, facts: Facts) -> Any:
        headers = scope["headers"]
        key = self.keyring.holder(target.namespace, presented_key(header(headers, b"authorization")))
        if key is None:
            raise unauthorized()
        facts.namespace, facts.key = target.namespace, key
        capability = find_capability(self.board.current, target.namespace, target.capability)
        facts.capability = capability.name
        version = find_version(capability, target.asked)
        facts.version = version.version
        options = options_of(scope["query_string"])
        if capability.type is not CapabilityType.DETECTOR:
            raise not_served(capability.type)
        with self.admission.seat(target.namespace) as seat:
            image = await self._image(headers, body, seat, facts)
            return await self.detector.predict(capability, version, image, options, facts)

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

    def _url(self, scope: Message) -> str:
        """Return the address that was asked, as the caller knows it."""
        path: str = scope["raw_path"].decode("ascii", "replace")
        if self.external_url:
            return self.external_url.rstrip("/") + path
        host = header(scope["headers"], b"host").decode("latin-1")
        return f"{scope['scheme']}://{host}{path}"

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
    answer = failure(url, error)
    headers = failure_headers(answer, facts.request_id, error)
    if body.complete:
        await _send(send, error.status, headers, answer)
        return
    await send(
        {"type": "http.response.start", "status": error.status, "headers": [*headers, (b"connection", b"close")]}
    )
    await send({"type": "http.response.body", "body": answer, "more_body": True})
    await body.linger()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, status: int, headers: Headers, answer: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 5)

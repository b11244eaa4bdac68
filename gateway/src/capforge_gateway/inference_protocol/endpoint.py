"""The protocol as a plain ASGI callable: who asks, for what, may it, answer in the protocol's words, account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import structlog

from capforge_gateway.envelope import Headers, failure_headers, json_headers
from capforge_gateway.errors import ApiError, ClientGone, internal, not_found
from capforge_gateway.inference_protocol.infer import Infer, Inferred
from capforge_gateway.inference_protocol.metadata import SERVER_NAME, model_metadata, readiness, server_metadata
from capforge_gateway.inference_protocol.names import METHODS, NAME_FORM, Asked, Call, asked_by
from capforge_gateway.metrics import Metrics
from capforge_gateway.predict.admission import Admission
from capforge_gateway.predict.body import Body, Message, Receive, Send
from capforge_gateway.predict.door import Door, check_served
from capforge_gateway.predict.endpoint import CLIENT_GONE_STATUS
from capforge_gateway.predict.sending import refuse, send_whole
from capforge_gateway.requests import Facts, request_id_from
from capforge_gateway.routing.routes import Capability, Version

_log = structlog.get_logger()


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    header_length: int | None = None


@dataclass(frozen=True)
class InferenceProtocol:
    """Everything below `/v2`."""

    door: Door
    admission: Admission
    infer: Infer
    metrics: Metrics
    why_not_ready: Callable[[], str]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens in it."""
        headers: Headers = scope["headers"]
        facts = Facts(request_id_from(headers))
        body = Body(receive, headers)
        asked = asked_by(scope["path"])
        try:
            answer = await self._answer(scope, asked, headers, body, facts)
            facts.status = answer.status
            await _send(send, answer, facts.request_id)
        except ClientGone:
            facts.status, facts.code = CLIENT_GONE_STATUS, "ClientGone"
        except ApiError as error:
            await _refuse(send, body, error, facts)
        except Exception:  # noqa: BLE001 - the last line of defence: the caller gets the protocol's error, the log the trace
            _log.exception("inference failed", request=facts.request_id)
            await _refuse(send, body, internal(), facts)
        self._account(asked, scope, facts)

    async def _answer(self, scope: Message, asked: Asked | None, headers: Headers, body: Body, facts: Facts) -> Answer:
        if asked is None:
            raise not_found("there is nothing at this address; a model is at /v2/models/" + NAME_FORM)
        if scope["method"] != METHODS[asked.call]:
            raise _wrong_method(METHODS[asked.call])
        if not asked.model:
            return self._about_server(asked.call)
        capability, version = self._found(asked, headers, facts)
        if asked.call is Call.INFER:
            return _inferred(await self._infer(capability, version, headers, body, facts))
        if asked.call is Call.MODEL_READY:
            ready = bool(version.addresses)
            return _json(readiness(asked.model, version, ready=ready), ready=ready)
        return _json(model_metadata(capability, version))

    def _about_server(self, call: Call) -> Answer:
        if call is Call.SERVER:
            return _json(server_metadata())
        if call is Call.LIVE:
            return _json({"live": True})
        ready = not self.why_not_ready()
        return _json(readiness(SERVER_NAME, None, ready=ready), ready=ready)

    def _found(self, asked: Asked, headers: Headers, facts: Facts) -> tuple[Capability, Version]:
        named = asked.capability
        if named is None:
            raise not_found(f"no model can have this name; a model is named {NAME_FORM}")
        capability, version = self.door.found(*named, asked.version_asked, headers, facts)
        check_served(capability)
        return capability, version

    async def _infer(
        self, capability: Capability, version: Version, headers: Headers, body: Body, facts: Facts
    ) -> Inferred:
        with self.admission.seat(capability.namespace) as seat:
            return await self.infer(capability, version, headers, body, seat, facts)

    def _account(self, asked: Asked | None, scope: Message, facts: Facts) -> None:
        if asked is not None and asked.call in {Call.LIVE, Call.READY}:
            return
        if asked is not None and asked.call is Call.INFER:
            self.metrics.observe(facts)
        _log.info(
            "inference protocol",
            request=facts.request_id,
            call=asked.call if asked else "",
            method=scope["method"],
            namespace=facts.namespace,
            capability=facts.capability,
            version=facts.version,
            key=facts.key,
            status=int(facts.status),
            code=facts.code,
            seconds=round(facts.seconds, 5),
            request_bytes=facts.request_bytes,
        )


def _json(document: Any, *, ready: bool = True) -> Answer:
    return Answer(HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, orjson.dumps(document))


def _inferred(result: Inferred) -> Answer:
    return Answer(HTTPStatus.OK, result.body, result.header_length)


def _wrong_method(allowed: str) -> ApiError:
    return ApiError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", f"allowed: {allowed}")


async def _send(send: Send, answer: Answer, request_id: str) -> None:
    headers = json_headers(answer.body, request_id)
    if answer.header_length is not None:
        headers = [pair for pair in headers if pair[0] != b"content-type"]
        headers.append((b"content-type", b"application/octet-stream"))
        headers.append((b"inference-header-content-length", b"%d" % answer.header_length))
    await send_whole(send, answer.status, headers, answer.body)


async def _refuse(send: Send, body: Body, error: ApiError, facts: Facts) -> None:
    """Answer in the protocol's form."""
    facts.status, facts.code = error.status, error.code
    answer = orjson.dumps({"error": error.message})
    headers = failure_headers(answer, facts.request_id, error)
    if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", error.message.removeprefix("allowed: ").encode("ascii")))
    await refuse(send, body, error.status, headers, answer)

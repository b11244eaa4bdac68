"""What the small calls have in common: the JSON that came, the envelope that goes."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from capforge_gateway.api.access import request_id_of
from capforge_gateway.api.bodies import bounded_body
from capforge_gateway.envelope import json_headers, resources, texts_of
from capforge_gateway.errors import bad_request
from capforge_gateway.predict.jsonsize import has_too_many_parts
from capforge_gateway.requests import address_of

MAX_BODY_BYTES = 1024 * 1024
MAX_BODY_PARTS = 50_000


async def json_of(request: Request, timeout_seconds: float) -> dict[str, Any]:
    """Return the JSON object that a small body is; raises 400, 408, 413."""
    return parsed(await bounded_body(request, MAX_BODY_BYTES, timeout_seconds), MAX_BODY_PARTS)


def parsed(body: bytes, max_parts: int) -> dict[str, Any]:
    """Return the JSON object that a body is; raises 400."""
    if has_too_many_parts(body, len(body), max_parts):
        raise bad_request(f"the JSON has more than {max_parts} values")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise bad_request("the body is no JSON object")
    return found


def answered(
    request: Request, external_url: str, found: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """Return an answer that holds these resources by name."""
    body = resources(address_of(request.scope, external_url), request_id_of(request.scope), status, found)
    return response(request, body, status)


def response(request: Request, body: bytes, status: HTTPStatus) -> Response:
    """Return JSON that is written already."""
    return Response(body, status, texts_of(json_headers(body, request_id_of(request.scope))))
